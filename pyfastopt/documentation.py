"""Docstrings of declared classes: their sections, and the entries of their parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import NamedTuple

_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+)(?: : (.+))?\n((?: {4}.+(?:\n|$))+)", re.MULTILINE)


class Entry(NamedTuple):
    """The description of a parameter: its type, where that is written out, and its sentences."""

    kind: str
    text: str


def split_sections(doc: str) -> dict[str, str]:
    """Return the text of a docstring by the titles of its sections; what precedes them under ''."""
    first, *others = (part.strip("\n") for part in _SECTION.split(cleandoc(doc)))
    return {"": first, **dict(zip(others[::2], others[1::2], strict=True))}


def read_entries(section: str) -> Iterator[tuple[str, Entry]]:
    """Yield the name and the description of each parameter in a section."""
    for name, kind, text in _ENTRY.findall(section):
        yield name, Entry(kind, text.rstrip())


def document(cls: type, introduction: str, parameters: Iterable[str]) -> str:
    """Return a docstring with the other sections of a class, and of the classes that it is of."""
    others: dict[str, list[str]] = {"Raises": [], "Notes": [], "Examples": []}
    for base in cls.__mro__:
        for title, texts in others.items():
            if text := getattr(base, "_sections", {}).get(title):
                texts.append(text)
    sections = {"Parameters": "\n".join(parameters)}
    sections |= {title: "\n\n".join(texts) for title, texts in others.items() if texts}
    rendered = [f"{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items()]
    return "\n\n".join([introduction, *rendered])
