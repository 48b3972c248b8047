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
    from .lbfgs import LBFGS
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


def dot(x: NDArray[Any], y: NDArray[Any]) -> Any:
    """Return the dot product in float64, summed in the order of the compiled loops.

    That is in C order, in sixteen lanes over 256 elements, then the lanes in halves, then sixteen
    of those sums, then all of these.
    """
    wide = np.result_type(x.dtype, np.float64)
    products = (x.astype(wide) * y.astype(wide)).ravel()
    lanes = np.zeros((-(-products.size // 4096), 16, 16, 16), wide)
    lanes.ravel()[: products.size] = products
    sums = np.add.accumulate(lanes, axis=2)[:, :, -1]
    for half in (8, 4, 2, 1):
        sums = sums[..., :half] + sums[..., half:]
    blocks = np.add.accumulate(sums[..., 0], axis=1)[:, -1]
    total = np.add.accumulate(blocks)[-1] if products.size else wide.type(0)
    return float(total) if wide == np.float64 else total


def norm(x: NDArray[Any]) -> Any:
    """Return the Euclidean norm, of the sum that :func:`dot` gives."""
    square = dot(x, x)
    return math.sqrt(square) if isinstance(square, float) else np.sqrt(square)


class Vectors:
    """The vector functions of :class:`pyfastopt.LBFGS`."""

    @staticmethod
    def combine(
        out: NDArray[Any],
        a: float,
        x: NDArray[Any],
        y: NDArray[Any] | None,
        z: NDArray[Any] | None,
        num_threads: int,
    ) -> Any:
        """Set ``out = y + a*x``, or ``a*x``, and return its dot product with `z`, or 0."""
        product = x.dtype.type(a) * x
        out[...] = product if y is None else y + product
        return 0.0 if z is None else dot(out, z)

    @staticmethod
    def secant(
        g: NDArray[Any],
        before: NDArray[Any],
        t: float,
        d: NDArray[Any],
        y: NDArray[Any],
        s: NDArray[Any],
        num_threads: int,
    ) -> tuple[Any, Any]:
        """Set ``y = g - before; s = t*d; before = g``, and return ``y·s`` and ``y·y``."""
        y[...] = g - before
        s[...] = d.dtype.type(t) * d
        before[...] = g
        return dot(y, s), dot(y, y)

    @staticmethod
    def magnitudes(x: NDArray[Any], num_threads: int) -> tuple[float, Any]:
        """Return the largest magnitude, and the sum of all."""
        sizes = np.abs(x)
        return float(sizes.max(initial=0)), dot(sizes, np.ones_like(sizes))


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


def reference_lbfgs() -> type[LBFGS]:
    """Return :class:`pyfastopt.LBFGS` with NumPy's vector operations."""
    from .lbfgs import LBFGS

    return type("ReferenceLBFGS", (LBFGS,), {"__slots__": (), "_vectors": Vectors})
