"""Docstrings: written for the fields of a class itself, and completed with all the others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from inspect import Parameter, cleandoc
from typing import Any

_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+)(?: : (.+))?\n((?: {4}.+(?:\n|$))+)", re.MULTILINE)


def split_sections(doc: str) -> dict[str, str]:
    """Return the text of a docstring by the titles of its sections; what precedes them under ''."""
    first, *others = (part.strip("\n") for part in _SECTION.split(cleandoc(doc)))
    return {"": first, **dict(zip(others[::2], others[1::2], strict=True))}


def parameter_docs(cls: Any) -> dict[str, str]:
    """Return the description of each field: its name, type and default, and its sentences."""
    found: dict[str, tuple[str, str]] = {}
    for base in reversed(cls.__mro__):
        for name, kind, text in _ENTRY.findall(getattr(base, "sections", {}).get("Parameters", "")):
            found[name] = kind, text.rstrip()
    docs = {}
    for name, field in cls.fields.items():
        kind, text = found[name]
        default = field.default
        kind = kind or {tuple: "(float, float)"}.get(type(default), type(default).__name__)
        if default is None:
            kind += ", optional"
        elif isinstance(default, str):
            kind += f', default "{default}"'
        elif default is not Parameter.empty:
            kind += f", default {default!r}"
        docs[name] = f"{name} : {kind}\n{text}"
    return docs


def document(cls: Any, introduction: str, parameters: Iterable[str]) -> str:
    """Return a docstring with the other sections of a class, and of the classes that it is of."""
    others: dict[str, list[str]] = {"Raises": [], "Notes": [], "Examples": []}
    for base in cls.__mro__:
        for title, texts in others.items():
            if text := getattr(base, "sections", {}).get(title):
                texts.append(text)
    sections = {"Parameters": "\n".join(parameters)}
    sections |= {title: "\n\n".join(texts) for title, texts in others.items() if texts}
    rendered = [f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items()]
    return "\n\n".join([introduction, *rendered])
