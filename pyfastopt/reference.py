"""The optimizers in pure NumPy: the formulas to read, and to compare the compiled loops with."""

from __future__ import annotations

import math
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
    p: NDArray[Any], g: NDArray[Any], o: SimpleNamespace, l2: float | None = None
) -> NDArray[Any]:
    """Apply the steps common to all rules: scale, clip, maximize and L2, in this order."""
    if l2 is None:
        l2 = 0.0 if o.decoupled_weight_decay else o.weight_decay
    f = p.dtype.type
    if o.grad_scale != 1:
        g = f(o.grad_scale) * g
    if o.clip_value != float("inf"):
        g = np.clip(g, f(-o.clip_value), f(o.clip_value))
    if o.maximize:
        g = -g
    if l2 != 0:
        g = g + f(l2) * p
    return g


def decay(p: NDArray[Any], o: SimpleNamespace) -> None:
    """Shrink the parameter in place, if weight decay is decoupled."""
    if o.decoupled_weight_decay:
        p *= p.dtype.type(1 - o.lr * o.weight_decay)


def moments(
    state: dict[str, Any], g: NDArray[Any], o: SimpleNamespace
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Update the running means of the gradient and of its square, and return them."""
    f = g.dtype.type
    m, v = state["exp_avg"], state["exp_avg_sq"]
    b1, b2 = o.betas
    m[...] = f(b1) * m + f(1 - b1) * g
    v[...] = f(b2) * v + f(1 - b2) * g * g
    return m, v


def root(
    v: NDArray[Any], o: SimpleNamespace, correction: float, *, eps_hat: bool = False
) -> NDArray[Any]:
    """Return ``sqrt(v / correction + eps_root) + eps``; without the correction for `eps_hat`."""
    f = v.dtype.type
    scale = 1.0 if eps_hat else 1 / math.sqrt(correction)
    result: NDArray[Any] = np.sqrt(v + f(o.eps_root * correction)) * f(scale) + f(o.eps)
    return result


def norm(x: NDArray[Any]) -> Any:
    """Return the Euclidean norm, summed in the order of the compiled loops.

    That is in C order, in sixteen lanes over 256 elements, then the lanes in halves, then sixteen
    of those sums, then all of these.
    """
    wide = x.astype(np.result_type(x.dtype, np.float64)).ravel()
    if wide.size == 0:
        return 0.0
    lanes = np.zeros((-(-wide.size // 4096), 16, 16, 16), wide.dtype)
    lanes.ravel()[: wide.size] = wide * wide
    sums = np.add.accumulate(lanes, axis=2)[:, :, -1]
    for half in (8, 4, 2, 1):
        sums = sums[..., :half] + sums[..., half:]
    blocks = np.add.accumulate(sums[..., 0], axis=1)[:, -1]
    total = np.sqrt(np.add.accumulate(blocks)[-1])
    return float(total) if total.dtype == np.float64 else total


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
        values, slots = _core.describe(optimizer._rule, {**optimizer._preset, **options})
        self.options = SimpleNamespace(**values)
        self.params = list(params)
        self.state: list[dict[str, Any]] = [
            {"step": 0, **{slot: np.full_like(p, value) for slot, value in slots.items()}}
            for p in self.params
        ]
        self._formula = optimizer._formula

    def step(self, grads: Sequence[NDArray[Any] | None]) -> None:
        """Update every parameter whose gradient is not None."""
        for p, g, state in zip(self.params, grads, self.state, strict=True):
            if g is not None:
                state["step"] += 1
                self._formula(p, g, state, self.options)
