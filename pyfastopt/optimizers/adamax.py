"""Adamax: Adam with the largest gradient in the place of the root mean square."""

from __future__ import annotations

import numpy as np

from .._types import Pair
from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient, power
from ..optimizer import Optimizer


class Adamax(Optimizer, rule="adamax", torch="Adamax"):
    """Adam with the largest gradient in the place of the root mean square.

    ::

        m = b1*m + (1 - b1)*g
        u = max(b2*u, abs(g) + eps)
        p -= lr/(1 - b1**t) * m/u

    Parameters
    ----------
    betas
        Decay of the running mean b1 and of the maximum b2, each in [0, 1).
    eps
        Keeps the quotient finite, >= 0.
    eps_inside
        False: ``u = max(b2*u, abs(g))``, and the quotient is ``m/(u + eps)``, as in Keras.

    Notes
    -----
    State: ``exp_avg``, ``exp_inf``. Kingma and Ba, "Adam: a method for stochastic optimization",
    ICLR 2015, section 7. Options and defaults as in ``torch.optim.Adamax``.
    """

    lr: float = field(default=2e-3, kw_only=False)
    betas: Pair = (0.9, 0.999)
    eps: float = 1e-8
    eps_inside: bool = True

    conventions = {
        "keras": {"lr": 1e-3, "eps": 1e-7, "eps_inside": False, "decoupled_weight_decay": True},
        "optax": {},
        "mxnet": {"eps": 0.0},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        m, u = state["exp_avg"], state["exp_inf"]
        (b1, b2), eps = o.betas, f(o.eps)
        g = gradient(p, g, o)
        decay(p, o)
        m[...] = f(b1) * m + f(1 - b1) * g
        np.maximum(f(b2) * u, np.abs(g) + eps if o.eps_inside else np.abs(g), out=u)
        rate = f(o.lr / (1 - power(b1, state["step"])))
        p -= rate * m / (u if o.eps_inside else u + eps)
