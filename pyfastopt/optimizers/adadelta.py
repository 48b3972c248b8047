"""Adadelta: steps of the size of the steps before."""

from __future__ import annotations

import numpy as np

from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient
from ..optimizer import Optimizer


class Adadelta(Optimizer, rule="adadelta", torch="Adadelta"):
    """Adadelta: steps of the size of the steps before, without a rate to choose.

    ::

        v  = rho*v + (1 - rho)*g**2
        u  = sqrt(d + eps)/sqrt(v + eps) * g
        d  = rho*d + (1 - rho)*u**2
        p -= lr*u

    Parameters
    ----------
    rho
        Decay of the running means, in [0, 1).
    eps
        Starts the first steps, and keeps the quotient finite; >= 0.

    Notes
    -----
    State: ``square_avg``, ``acc_delta``. Zeiler, "ADADELTA: an adaptive learning rate method",
    2012. Options and defaults as in ``torch.optim.Adadelta``.
    """

    lr: float = field(default=1.0, kw_only=False)
    rho: float = 0.9
    eps: float = 1e-6

    conventions = {
        "keras": {"lr": 1e-3, "rho": 0.95, "eps": 1e-7, "decoupled_weight_decay": True},
        "optax": {},
        "mxnet": {},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        v, d = state["square_avg"], state["acc_delta"]
        rho, c, eps = f(o.rho), f(1 - o.rho), f(o.eps)
        g = gradient(p, g, o)
        decay(p, o)
        v[...] = rho * v + c * g * g
        u = np.sqrt(d + eps) / np.sqrt(v + eps) * g
        d[...] = rho * d + c * u * u
        p -= f(o.lr) * u
