"""Lion: evolved sign momentum."""

from __future__ import annotations

import numpy as np

from .._types import Pair
from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient
from ..optimizer import Optimizer


class Lion(Optimizer, rule="lion"):
    """Lion: steps of one size, in the direction of the sign of a momentum.

    ::

        p -= lr*sign(b1*m + (1 - b1)*g)
        m  = b2*m + (1 - b2)*g

    Parameters
    ----------
    betas
        Share of the momentum in the direction, and its decay; each in [0, 1).

    Notes
    -----
    State: ``exp_avg``. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023,
    algorithm 2.
    """

    lr: float = field(default=1e-4, kw_only=False)
    decoupled_weight_decay: bool = True
    betas: Pair = (0.9, 0.99)

    conventions = {"keras": {"lr": 1e-3}, "optax": {"weight_decay": 1e-3}}

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        m = state["exp_avg"]
        b1, b2 = o.betas
        g = gradient(p, g, o)
        decay(p, o)
        p -= f(o.lr) * np.sign(f(b1) * m + f(1 - b1) * g)
        m[...] = f(b2) * m + f(1 - b2) * g
