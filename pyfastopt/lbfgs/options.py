"""What L-BFGS is given, which has no rule in the library that would check it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from operator import index
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import _core
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


def _refusal(name: str, value: Any, wanted: str) -> str:
    return f"{name} = {_core.short_repr(value)} must be {wanted}"


def real(value: Any) -> float:
    """Return a real number as a float; TypeError for anything else, ValueError beyond floats."""
    if isinstance(value, (bool, np.bool_, str, bytes, bytearray, complex, np.complexfloating)):
        raise TypeError("not a real number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("beyond the range of floats") from None


def number(name: str, value: Any, wanted: str = "a finite number") -> float:
    """Return the number, or say what it has to be."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise TypeError(_refusal(name, value, wanted))
    try:
        number = real(value)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(_refusal(name, value, wanted))
    return number


def tolerance(name: str, value: Any) -> float:
    """Return the number, which may be infinite, or say what it has to be."""
    is_infinite = isinstance(value, float) and value == math.inf
    return math.inf if is_infinite else number(name, value, "a number > -inf")


def non_negative(name: str, value: Any) -> float:
    """Return the number, or say what it has to be."""
    wanted = "a finite number >= 0"
    if (rate := number(name, value, wanted)) < 0:
        raise ValueError(_refusal(name, value, wanted))
    return rate


def count(name: str, value: Any, least: int = 0, most: int = sys.maxsize) -> int:
    """Return the number, or say what it has to be."""
    wanted = f"an integer >= {least}"
    try:
        number = None if isinstance(value, bool) else index(value)
    except Exception:
        number = None
    if number is None:
        raise TypeError(_refusal(name, value, wanted))
    if number < least:
        raise ValueError(_refusal(name, value, wanted))
    if number > most:
        raise ValueError(_refusal(name, value, f"{wanted} and <= {most}"))
    return number


def line_search_name(name: str, value: Any) -> LineSearch:
    """Return the name, or say what it has to be."""
    if value is not None and not (isinstance(value, str) and value == "strong_wolfe"):
        raise ValueError(_refusal(name, value, "None or 'strong_wolfe'"))
    return None if value is None else "strong_wolfe"


def as_array(name: str, value: Any) -> Any:
    """Return an entry of a state as an array, or say what is wrong with it."""
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: {error}") from error
