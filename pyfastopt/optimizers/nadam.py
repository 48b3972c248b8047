"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

import math

from .._types import Pair
from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient, moments, power, root
from ..optimizer import Optimizer


class NAdam(Optimizer, rule="nadam", torch="NAdam"):
    """Adam with Nesterov's momentum, and a schedule for it.

    ::

        mu(t) = b1*(1 - 0.5*0.96**(t*momentum_decay));  M(t) = mu(1)*mu(2)*...*mu(t)
        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        u = (1 - mu(t))/(1 - M(t)) * g + mu(t + 1)/(1 - M(t + 1)) * m
        p -= lr * u / (sqrt(v/(1 - b2**t) + eps_root) + eps)

    Parameters
    ----------
    betas
        Decay of the running means b1 and b2, each in [0, 1).
    eps
        Added to the root, >= 0.
    eps_root
        Added under the root, as optax can; >= 0.
    momentum_decay
        How fast the momentum rises from b1/2 to b1, >= 0; inf for a constant b1, as in optax.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``. `M` is computed from `t`, as if the options had always been
    what they are. Dozat, "Incorporating Nesterov momentum into Adam", 2016. Options and defaults as
    in ``torch.optim.NAdam``.
    """

    lr: float = field(default=2e-3, kw_only=False)
    betas: Pair = (0.9, 0.999)
    eps: float = 1e-8
    eps_root: float = 0.0
    momentum_decay: float = 4e-3

    derived_state = {
        "mu_product": lambda o, t: momentum_product(o["betas"][0], o["momentum_decay"], t)
    }
    conventions = {
        "keras": {"lr": 1e-3, "eps": 1e-7, "momentum_decay": 1.0, "decoupled_weight_decay": True},
        "optax": {"momentum_decay": float("inf")},
        "mxnet": {"lr": 1e-3},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        t, b1, psi = state["step"], o.betas[0], o.momentum_decay
        mu, following = (b1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1))
        product = momentum_product(b1, psi, t)
        g = gradient(p, g, o)
        decay(p, o)
        m, v = moments(state, g, o)
        gradient_rate = f(o.lr * (1 - mu) / (1 - product))
        mean_rate = f(o.lr * following / (1 - product * following))
        p -= (gradient_rate * g + mean_rate * m) / root(v, o, 1 - power(o.betas[1], t))


def momentum_product(b1: float, momentum_decay: float, t: int) -> float:
    """Return the product of the momenta of steps 1 to `t`, as csrc/rules/nadam.h does."""
    constant = power(b1, t)
    if constant < 1e-20:
        return 0.0
    log_q = momentum_decay * -0.040821994520255166
    step, whole = -math.expm1(log_q), -math.expm1(t * log_q)
    total, half, a, b = 0.0, 0.5, step, whole
    for k in range(1, 61):
        total += half / k * (1 - a) * (t if step == 0 else b / a)
        half *= 0.5
        a += (1 - a) * step
        b += (1 - b) * whole
    return constant * math.exp(-total)
