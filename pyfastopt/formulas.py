"""The vocabulary of the optimizers' formulas, in NumPy.

A formula is read, and the compiled loops are compared with it: it rounds where they do, and works
in any floating-point type.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing import TypeAlias

Floats: TypeAlias = NDArray[Any]
#: A parameter's ``"step"``, from 1, and its state arrays by name.
State: TypeAlias = dict[str, Any]
#: The options of an optimizer, as attributes.
Options: TypeAlias = SimpleNamespace


def power(base: float, exponent: int) -> float:
    """Raise `base` to a whole `exponent` >= 0 by repeated squaring, the same on every platform."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


def gradient(p: Floats, g: Floats, o: Options, l2: float | None = None) -> Floats:
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


def decay(p: Floats, o: Options) -> None:
    """Shrink the parameter in place, if weight decay is decoupled."""
    if o.decoupled_weight_decay:
        p *= p.dtype.type(1 - o.lr * o.weight_decay)


def moments(state: State, g: Floats, o: Options) -> tuple[Floats, Floats]:
    """Update the running means of the gradient and of its square, and return them."""
    f = g.dtype.type
    m, v = state["exp_avg"], state["exp_avg_sq"]
    b1, b2 = o.betas
    m[...] = f(b1) * m + f(1 - b1) * g
    v[...] = f(b2) * v + f(1 - b2) * g * g
    return m, v


def root(v: Floats, o: Options, correction: float, *, eps_hat: bool = False) -> Floats:
    """Return ``sqrt(v / correction + eps_root) + eps``; without the correction for `eps_hat`."""
    f = v.dtype.type
    scale = 1.0 if eps_hat else 1 / math.sqrt(correction)
    result: Floats = np.sqrt(v + f(o.eps_root * correction)) * f(scale) + f(o.eps)
    return result


def dot(x: Floats, y: Floats) -> Any:
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


def norm(x: Floats) -> Any:
    """Return the Euclidean norm, of the sum that :func:`dot` gives."""
    square = dot(x, x)
    return math.sqrt(square) if isinstance(square, float) else np.sqrt(square)
