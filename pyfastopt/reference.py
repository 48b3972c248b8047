"""The optimizers in pure NumPy: the formulas to read, and to compare the compiled loops with."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core

if TYPE_CHECKING:
    from .optimizer import Optimizer


def power(base: float, exponent: int) -> float:
    """Raise `base` to a whole `exponent` >= 0 by repeated squaring, the same on every platform."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


def gradient(
    p: NDArray[Any], g: NDArray[Any], o: SimpleNamespace, weight_decay: float
) -> NDArray[Any]:
    """Apply the steps common to all rules: scale, clip, maximize and L2, in this order."""
    f = p.dtype.type
    if o.grad_scale != 1:
        g = f(o.grad_scale) * g
    if o.clip_value != float("inf"):
        g = np.clip(g, f(-o.clip_value), f(o.clip_value))
    if o.maximize:
        g = -g
    if weight_decay != 0:
        g = g + f(weight_decay) * p
    return g


class Reference:
    """An optimizer with the formula of `optimizer`, carried out by NumPy.

    Parameters
    ----------
    optimizer : type
        A subclass of :class:`pyfastopt.Optimizer`, such as :class:`pyfastopt.Adam`.
    params : sequence of arrays
        The parameters, updated in place; any floating-point dtype, ``np.longdouble`` too.
    **options
        The options of `optimizer`.

    Attributes
    ----------
    state : list of dict
        For each parameter ``"step"`` and the state arrays by name.
    """

    def __init__(
        self, optimizer: type[Optimizer], params: Sequence[NDArray[Any]], **options: Any
    ) -> None:
        values, slots, initial = _core.describe(optimizer._rule, {**optimizer._preset, **options})
        self.options = SimpleNamespace(**values)
        self.params = list(params)
        self.state: list[dict[str, Any]] = [
            {"step": 0, **{slot: np.full_like(p, initial) for slot in slots}} for p in self.params
        ]
        self._formula = optimizer._formula

    def step(self, grads: Sequence[NDArray[Any] | None]) -> None:
        """Update every parameter whose gradient is not None."""
        for p, g, state in zip(self.params, grads, self.state, strict=True):
            if g is not None:
                state["step"] += 1
                self._formula(p, g, state, self.options)
