"""Adagrad: the gradient divided by the root of the sum of all its squares."""

from __future__ import annotations

import numpy as np

from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient
from ..optimizer import Optimizer


class Adagrad(Optimizer, rule="adagrad", torch="Adagrad"):
    """Adagrad: the gradient divided by the root of the sum of all its squares.

    ::

        s += g**2
        p -= lr/(1 + (t - 1)*lr_decay) * g / (sqrt(s) + eps)      # eps_inside: sqrt(s + eps)

    Parameters
    ----------
    lr_decay
        How fast the rate falls with the steps, >= 0.
    initial_accumulator_value
        What `s` begins with, >= 0. Cannot change between steps.
    eps
        Keeps the quotient finite, >= 0.
    eps_inside
        Add `eps` under the root, as Keras does, and not to it, as PyTorch does.

    Notes
    -----
    State: ``sum``, which begins with `initial_accumulator_value`. Duchi, Hazan and Singer,
    "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 2011.
    Options and defaults as in ``torch.optim.Adagrad``.
    """

    lr: float = field(default=1e-2, kw_only=False)
    lr_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10
    eps_inside: bool = False

    conventions = {
        "keras": {
            "lr": 1e-3,
            "eps": 1e-7,
            "eps_inside": True,
            "initial_accumulator_value": 0.1,
            "decoupled_weight_decay": True,
        },
        "optax": {"eps": 1e-7, "eps_inside": True, "initial_accumulator_value": 0.1},
        "mxnet": {"eps": 1e-6},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        s, eps = state["sum"], f(o.eps)
        rate = f(o.lr / (1 + (state["step"] - 1) * o.lr_decay))
        g = gradient(p, g, o)
        decay(p, o)
        s += g * g
        p -= rate * g / (np.sqrt(s + eps) if o.eps_inside else np.sqrt(s) + eps)
