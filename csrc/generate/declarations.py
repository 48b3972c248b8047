"""What the classes in pyfastopt/optimizers declare, read from their text.

The package is not imported: it cannot be before it is built.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from description import Rule


@dataclass(frozen=True)
class Field:
    name: str
    annotation: str
    default: Any


@dataclass(frozen=True)
class Declaration:
    """A class, with what its own body says."""

    module: str
    name: str
    base: str
    rule: str
    torch: str | None
    summary: str
    fields: Mapping[str, Field]
    conventions: Mapping[str, Mapping[str, Any]]

    @property
    def function(self) -> str:
        """Return the name of its raw function."""
        return f"{self.name.lower()}_"


def read(folder: Path) -> list[Declaration]:
    """Return the declarations of the files in a folder, by the names of the files."""
    return [
        declaration
        for path in sorted(folder.glob("*.py"))
        if path.stem != "__init__"
        for declaration in _of_module(path.stem, path.read_text(encoding="utf-8"))
    ]


def in_order(declarations: Sequence[Declaration], rules: Sequence[Rule]) -> list[Declaration]:
    """Return the declarations in the order of the library's rules, which the package follows."""
    order = [rule.name for rule in rules]
    return sorted(declarations, key=lambda declaration: order.index(declaration.rule))


def _of_module(module: str, source: str) -> Iterator[Declaration]:
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        keywords = {keyword.arg: _value(keyword.value) for keyword in node.keywords}
        (base,) = node.bases
        yield Declaration(
            module=module,
            name=node.name,
            base=ast.unparse(base),
            rule=keywords["rule"],
            torch=keywords.get("torch"),
            summary=(ast.get_docstring(node) or "").split("\n")[0],
            fields={field.name: field for field in _fields(node)},
            conventions=_conventions(node),
        )


def _fields(node: ast.ClassDef) -> Iterator[Field]:
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value:
            value = line.value
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
                (value,) = (k.value for k in value.keywords if k.arg == "default")
            yield Field(line.target.id, ast.unparse(line.annotation), _value(value))


def _conventions(node: ast.ClassDef) -> dict[str, dict[str, Any]]:
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "conventions":
            found: dict[str, dict[str, Any]] = _value(line.value)
            return found
    return {}


def _value(node: ast.expr) -> Any:
    """Return the value of a literal, in which ``float("inf")`` may occur."""
    return eval(ast.unparse(node), {"__builtins__": {}, "float": float})
