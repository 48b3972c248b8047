"""The options of L-BFGS, which has no rule in the library that would check them."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import index
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..declaration import Option

if TYPE_CHECKING:
    from typing import TypeAlias

LineSearch: TypeAlias = Literal["strong_wolfe"] | None


class Setting(Option):
    """The attribute of an option that one function checks."""

    def __init__(self, check: Callable[[str, Any], Any], *, fixed: bool = False) -> None:
        self.check = check
        self.fixed = fixed

    def read(self, optimizer: Any) -> Any:
        """Return the value."""
        return optimizer._options[self.name]

    def write(self, optimizer: Any, value: Any) -> None:
        """Check the value, and take it over."""
        if self.fixed:
            raise AttributeError(f"{self.name} is fixed at construction; construct a new optimizer")
        optimizer._options[self.name] = self.check(self.name, value)


def number(name: str, value: Any, wanted: str = "a finite number") -> float:
    """Return the number, or say what it has to be."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise TypeError(f"{name} = {value!r} must be {wanted}")
    if not -math.inf < value < math.inf:
        raise ValueError(f"{name} = {value!r} must be {wanted}")
    return float(value)


def tolerance(name: str, value: Any) -> float:
    """Return the number, which may be infinite, or say what it has to be."""
    return math.inf if value == math.inf else number(name, value, "a number > -inf")


def non_negative(name: str, value: Any) -> float:
    """Return the number, or say what it has to be."""
    wanted = "a finite number >= 0"
    if number(name, value, wanted) < 0:
        raise ValueError(f"{name} = {value!r} must be {wanted}")
    return float(value)


def count(name: str, value: Any, least: int = 0) -> int:
    """Return the number, or say what it has to be."""
    wanted = f"{name} = {value!r} must be an integer >= {least}"
    try:
        number = None if isinstance(value, bool) else index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(wanted)
    if number < least:
        raise ValueError(wanted)
    return number


def line_search_name(name: str, value: Any) -> LineSearch:
    """Return the name, or say what it has to be."""
    if value is not None and not (isinstance(value, str) and value == "strong_wolfe"):
        raise ValueError(f"{name} = {value!r} must be None or 'strong_wolfe'")
    return None if value is None else "strong_wolfe"
