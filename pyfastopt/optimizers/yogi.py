"""Yogi: Adam whose second moment changes slowly, in either direction."""

from __future__ import annotations

import numpy as np

from .._types import Pair
from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient, power, root
from ..optimizer import Optimizer


class Yogi(Optimizer, rule="yogi"):
    """Adam whose second moment changes slowly, in either direction.

    ::

        m = b1*m + (1 - b1)*g
        v = v - (1 - b2)*sign(v - g**2)*g**2
        p -= lr/(1 - b1**t) * m / (sqrt(v/(1 - b2**t) + eps_root) + eps)

    Parameters
    ----------
    betas
        Decay of the running mean b1, and how fast the second moment follows b2, each in [0, 1).
    eps
        Added to the root, >= 0.
    eps_root
        Added under the root, as optax can; >= 0.
    bias_correction
        False: no division by ``1 - b**t``, as in the paper and in Flower's ``FedYogi``.
    initial_accumulator_value
        What `m` and `v` begin with, >= 0. Cannot change between steps.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``, both filled with `initial_accumulator_value` at first.
    Zaheer, Reddi, Sachan, Kale and Kumar, "Adaptive methods for nonconvex optimization", NeurIPS
    2018. Options and defaults as in ``optax.yogi``, whose rate has no default; torch lacks it.
    """

    lr: float = field(default=1e-2, kw_only=False)
    betas: Pair = (0.9, 0.999)
    eps: float = 1e-3
    eps_root: float = 0.0
    bias_correction: bool = True
    initial_accumulator_value: float = 1e-6

    conventions = {"optax": {}}

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        m, v = state["exp_avg"], state["exp_avg_sq"]
        b1, b2 = o.betas
        first, second = (1 - power(b, state["step"]) if o.bias_correction else 1.0 for b in o.betas)
        g = gradient(p, g, o)
        decay(p, o)
        m[...] = f(b1) * m + f(1 - b1) * g
        square = g * g
        v -= f(1 - b2) * np.sign(v - square) * square
        p -= f(o.lr / first) * m / root(v, o, second)
