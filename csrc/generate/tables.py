"""The tables of README.md and docs/, which stand between two marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from declarations import Declaration, in_order
from description import Rule

FRAMEWORKS = {"keras": "Keras", "optax": "optax", "mxnet": "MXNet"}


def optimizers(rules: Sequence[Rule], declarations: Sequence[Declaration]) -> str:
    """Return the table of all optimizers with their state arrays."""
    by_name = {rule.name: rule for rule in rules}
    rows = []
    for declared in in_order(declarations, rules):
        rule = by_name[declared.rule]
        slots = (f"`{slot}`" + (" ¹" if slot in rule.optional else "") for slot in rule.slots)
        rows.append([f"`{declared.name}`", sentence(declared), ", ".join(slots)])
    return table(["optimizer", "what it is", "state arrays"], rows)


def conventions(rules: Sequence[Rule], declarations: Sequence[Declaration]) -> str:
    """Return the table of what each framework sets otherwise than the class."""
    rows = []
    for declared in in_order(declarations, rules):
        sets = (declared.conventions.get(framework) for framework in FRAMEWORKS)
        own = {name: field.default for name, field in declared.fields.items()}
        rows.append([f"`{declared.name}`", options(own), *map(options, sets)])
    return table(["optimizer", "its own options", *FRAMEWORKS.values()], rows)


def sentence(declared: Declaration) -> str:
    """Return the first line of the docstring as Markdown."""
    text = re.sub(r":\w+:(`\w+`)", r"\1", declared.summary).replace("``", "`")
    text = text.rstrip(".").removeprefix(f"{declared.name}: ")
    return text[0].upper() + text[1:]


def options(values: Mapping[str, Any] | None) -> str:
    if values is None:
        return ""
    return ", ".join(f"`{name}={value!r}`" for name, value in values.items()) or "the same"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def replaced(text: str, name: str, content: str) -> str:
    """Return the text with new content between the marks of a table."""
    begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
    if not re.search(f"{begin}.*?{end}", text, re.DOTALL):
        raise ValueError(f"the text lacks the marks {begin.strip()} and {end}")
    return re.sub(f"({begin}).*?({end})", lambda m: m[1] + content + m[2], text, flags=re.DOTALL)
