"""RAdam: Adam with a rectified rate."""

from __future__ import annotations

import math

from .._types import Pair
from ..formulas import Floats, Options, State, decay, gradient, moments, power, root
from ..optimizer import Optimizer


class RAdam(Optimizer, rule="radam", torch="RAdam"):
    """Adam that waits with its adaptive rate until that is reliable.

    ::

        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        L = 2/(1 - b2) - 1;  l = L - 2*t*b2**t/(1 - b2**t)
        r = sqrt((l - 4)*(l - 2)*L / ((L - 4)*(L - 2)*l))
        d = (sqrt(v + eps_root*(1 - b2**t)) + eps) / sqrt(1 - b2**t)
        p -= lr/(1 - b1**t) * (r*m/d if l > threshold else m)

    Parameters
    ----------
    betas
        Decay of the running means b1 and b2, each in [0, 1).
    eps
        Added to the root, >= 0.
    eps_root
        Added under the corrected root, as optax can; >= 0.
    eps_hat
        `eps` stands beside the root without bias correction; False: beside the corrected one, as
        in optax.
    threshold
        Length of the running mean from which on the rate adapts, >= 4.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``. Liu et al., "On the variance of the adaptive learning rate
    and beyond", ICLR 2020. Options and defaults as in ``torch.optim.RAdam``.
    """

    betas: Pair = (0.9, 0.999)
    eps: float = 1e-8
    eps_root: float = 0.0
    eps_hat: bool = True
    threshold: float = 5.0

    conventions = {"optax": {"eps_hat": False}}

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        t, (b1, b2) = state["step"], o.betas
        correction = 1 - power(b2, t)
        rate = o.lr / (1 - power(b1, t))
        longest = 2 / (1 - b2) - 1
        length = longest - 2 * t * power(b2, t) / correction
        g = gradient(p, g, o)
        decay(p, o)
        m, v = moments(state, g, o)
        if length > o.threshold:
            rate *= math.sqrt(
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            )
            if o.eps_hat:
                rate *= math.sqrt(correction)
            p -= f(rate) * m / root(v, o, correction, eps_hat=o.eps_hat)
        else:
            p -= f(rate) * m
