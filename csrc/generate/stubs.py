"""What type checkers see of those parts of pyfastopt that are made at run time.

Each function returns the text of a file in pyfastopt/_stubs. The description of the library has
``"rules"``, a list of dictionaries with ``"name"``, ``"options"`` (each with ``"name"``, ``"kind"``
and ``"default"``), ``"slots"`` and ``"optional_slots"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from declarations import Declaration, in_order

GENERATED = "# Written by csrc/generate from the rules and the declared optimizers; do not edit."
TYPES = {"number": "float", "pair": "Pair", "flag": "bool"}


def optimizers_stub(description: Mapping[str, Any], declarations: Sequence[Declaration]) -> str:
    """Return optimizers.pyi: the classes, each from its module."""
    classes = in_order(list(declarations), list(_rules(description)))
    lines = "\n".join(
        f"from ..optimizers.{c.module} import {c.name} as {c.name}"
        for c in sorted(classes, key=lambda c: (c.module, _import_order(c.name)))
    )
    return f"{GENERATED}\n{lines}\n\n{_all(c.name for c in classes)}"


def functional_stub(description: Mapping[str, Any], declarations: Sequence[Declaration]) -> str:
    """Return functional.pyi: the raw functions."""
    rules = _rules(description)
    classes = in_order(list(declarations), list(rules))
    text = f"{GENERATED}\nfrom .._types import Array, Pair\n\n{_all(c.function for c in classes)}\n"
    for c in classes:
        rule = rules[c.rule]
        arrays = ["p", "g", *rule["slots"]]
        arguments = [
            f"{a}: Array | None = None" if a in rule["optional_slots"] else f"{a}: Array"
            for a in arrays
        ]
        arguments += ["*", "step: int", "num_threads: int | None = None"]
        arguments += _options(rule, c, declarations)
        text += f"def {c.function}(\n{_lines(arguments, 4)}) -> None:\n"
        text += f'    """Take one step of {c.name} on the caller\'s own arrays.\n\n'
        text += f'    {c.summary}\n    """\n\n'
    return text.rstrip() + "\n"


def torch_stub(description: Mapping[str, Any], declarations: Sequence[Declaration]) -> str:
    """Return torch.pyi: the classes of pyfastopt.torch."""
    rules = _rules(description)
    classes = in_order(list(declarations), list(rules))
    text = f"""{GENERATED}
from collections.abc import Callable
from typing import Any

from torch import optim
from torch.optim.optimizer import ParamsT

from .._types import Pair

{_all(["LBFGS", *(c.torch or c.name for c in classes)])}
class _Fused(optim.Optimizer):
    num_threads: int | None
    def step(self, closure: Callable[[], Any] | None = None) -> Any: ...

class LBFGS(optim.LBFGS):
    num_threads: int | None
    def step(self, closure: Callable[[], Any]) -> Any: ...  # type: ignore[override]
"""
    previous_is_short = False
    for c in classes:
        if c.torch is not None:
            text += "" if previous_is_short else "\n"
            text += f"class {c.torch}(_Fused, optim.{c.torch}): ...\n"
        else:
            options = _options(rules[c.rule], c, declarations)
            rate = next(option for option in options if option.startswith("lr:"))
            arguments = ["self", "params: ParamsT", rate, "*", *(o for o in options if o != rate)]
            text += f"\nclass {c.name}(_Fused):\n    def __init__(\n{_lines(arguments, 8)}"
            text += "    ) -> None: ...\n"
        previous_is_short = c.torch is not None
    return text


def _rules(description: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {rule["name"]: rule for rule in description["rules"]}


def _options(
    rule: Mapping[str, Any], of: Declaration, declarations: Sequence[Declaration]
) -> list[str]:
    """Return the options as keyword arguments with the class's own defaults."""
    by_name = {declaration.name: declaration for declaration in declarations}
    declared: dict[str, Any] = {}
    base: Declaration | None = of
    while base is not None:
        declared = {name: field.default for name, field in base.fields.items()} | declared
        base = by_name.get(base.base)
    return [
        f"{option['name']}: {TYPES[option['kind']]} = "
        + _literal(option["kind"], declared.get(option["name"], option["default"]))
        for option in rule["options"]
    ]


def _literal(kind: str, value: Any) -> str:
    if kind == "flag":
        return repr(bool(value))
    if kind == "pair":
        return f"({', '.join(_literal('number', part) for part in value)})"
    number = float(value)
    return f'float("{number}")' if abs(number) == float("inf") else repr(number)


def _import_order(name: str) -> tuple[bool, str]:
    """Sort names as linters do: constants, which are in capitals, before classes."""
    return not name.isupper(), name


def _all(names: Iterable[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return f"__all__: list[str] = [\n{_lines(quoted, 4)}]\n"


def _lines(parts: Sequence[str], indent: int) -> str:
    return "".join(f"{' ' * indent}{part},\n" for part in parts)
