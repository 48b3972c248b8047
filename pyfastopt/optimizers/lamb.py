"""LAMB: Adam scaled to each layer."""

from __future__ import annotations

import math

from .._types import Pair
from ..formulas import Floats, Options, State, decay, gradient, moments, norm, power, root
from ..optimizer import Optimizer


class LAMB(Optimizer, rule="lamb"):
    """Adam whose update is scaled to each parameter's norm, for large batches.

    ::

        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        u = m/(1 - b1**t) / (sqrt(v/(1 - b2**t) + eps_root) + eps) + weight_decay*p
        p -= lr * norm(p)/norm(u) * u

    The ratio is 1 where either norm, `norm(p)` as clipped, is 0, infinite or NaN.

    Parameters
    ----------
    weight_decay
        Its term is part of the update `u`, or, decoupled, shrinks `p` before; >= 0.
    betas
        Decay of the running means b1 and b2, each in [0, 1).
    eps
        Added to the root, >= 0.
    eps_root
        Added under the root, as optax can; >= 0.
    bias_correction
        Divide the running means by ``1 - b**t``.
    norm_limits
        What `norm(p)` is clipped to; each >= 0, and the first finite.
    layerwise
        False: the ratio is 1, as is customary in a group of biases and scales.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``. Norms are of the whole array, summed in float64. You et al.,
    "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020. The
    defaults are those of NVIDIA's ``apex.optimizers.FusedLAMB``.
    """

    weight_decay: float = 1e-2
    betas: Pair = (0.9, 0.999)
    eps: float = 1e-6
    eps_root: float = 0.0
    bias_correction: bool = True
    norm_limits: Pair = (0.0, float("inf"))
    layerwise: bool = True

    conventions = {
        "keras": {"eps": 1e-7, "weight_decay": 0.0, "decoupled_weight_decay": True},
        "optax": {"weight_decay": 0.0},
        "mxnet": {"weight_decay": 0.0},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        corrections = (1 - power(b, state["step"]) if o.bias_correction else 1.0 for b in o.betas)
        first, second = corrections
        l2 = 0.0 if o.decoupled_weight_decay else o.weight_decay
        g = gradient(p, g, o, 0.0)
        decay(p, o)
        m, v = moments(state, g, o)
        u = f(1 / first) * m / root(v, o, second)
        if l2 != 0:
            u = u + f(l2) * p
        weight, update = norm(p), norm(u)
        weight = min(max(weight, o.norm_limits[0]), o.norm_limits[1])
        rate = o.lr
        if o.layerwise and 0 < weight < math.inf and 0 < update < math.inf:
            rate = o.lr * (weight / update)
        p -= f(rate) * u
