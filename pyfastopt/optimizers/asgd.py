"""ASGD: averaged stochastic gradient descent."""

from __future__ import annotations

from ..declaration import field
from ..formulas import Floats, Options, State, gradient
from ..optimizer import Optimizer


class ASGD(Optimizer, rule="asgd", torch="ASGD"):
    """Averaged stochastic gradient descent, as in ``torch.optim.ASGD``.

    ::

        eta = lr / (1 + lambd*lr*(t - 1))**alpha
        p   = (1 - lambd*eta)*p - eta*g
        ax += (p - ax) / max(1, t - 1 - t0)             # a copy of p until then

    Parameters
    ----------
    lambd
        Decay of the parameter and of the rate, >= 0.
    alpha
        Power of the rate's decay, >= 0.
    t0
        The step after which averaging begins, >= 0.

    Notes
    -----
    State: ``ax``, the average. Polyak and Juditsky, "Acceleration of stochastic approximation by
    averaging", 1992; the rate is Bottou's, "Stochastic gradient descent tricks", 2012. A change of
    `lr` acts at once; in ``torch.optim.ASGD`` it acts one step later.
    """

    lr: float = field(default=1e-2, kw_only=False)
    lambd: float = 1e-4
    alpha: float = 0.75
    t0: float = 1e6

    derived_state = {
        "eta": lambda o, t: o["lr"] / (1 + o["lambd"] * o["lr"] * t) ** o["alpha"],
        "mu": lambda o, t: 1 / max(1.0, t - o["t0"]),
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        ax, t = state["ax"], state["step"]
        eta = o.lr / (1 + o.lambd * o.lr * (t - 1)) ** o.alpha
        mu = 1 / max(1.0, t - 1 - o.t0)
        keep = 1 - o.lr * o.weight_decay if o.decoupled_weight_decay else 1.0
        g = gradient(p, g, o)
        p[...] = f(keep * (1 - o.lambd * eta)) * p - f(eta) * g
        ax[...] = p if mu == 1 else ax + f(mu) * (p - ax)
