"""LARS: momentum scaled to each layer."""

from __future__ import annotations

import math

from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient, norm
from ..optimizer import Optimizer


class LARS(Optimizer, rule="lars"):
    """Momentum whose rate follows each parameter's norm, for large batches.

    ::

        ratio = trust_coefficient * norm(p) / (norm(g) + weight_decay*norm(p) + eps)
        u   = lr * ratio * (g + weight_decay*p)
        buf = momentum*buf + u
        p  -= u + momentum*buf if nesterov else buf

    The ratio is 1 where either norm is 0, infinite or NaN. `g` is the gradient before weight decay.

    Parameters
    ----------
    momentum
        Factor of the buffer, >= 0.
    nesterov
        Look one step ahead; needs momentum > 0.
    lr_inside
        False: the rate stands outside the buffer, ``p -= lr*buf``.
    trust_coefficient
        Factor of the ratio, > 0.
    eps
        Keeps the quotient finite, >= 0.
    decay_in_norm
        Divide by ``norm(g + weight_decay*p) + eps``, as optax does.
    layerwise
        False: the ratio is 1, as is customary in a group of biases and scales.

    Notes
    -----
    State: ``momentum_buffer``. Norms are of the whole array, summed in float64. You, Gitman and
    Ginsburg, "Large batch training of convolutional networks", 2017.
    """

    lr: float = field(default=0.1, kw_only=False)
    momentum: float = 0.9
    nesterov: bool = False
    lr_inside: bool = True
    trust_coefficient: float = 1e-3
    eps: float = 1e-8
    decay_in_norm: bool = False
    layerwise: bool = True

    conventions = {"optax": {"eps": 0.0, "decay_in_norm": True}, "mxnet": {"momentum": 0.0}}

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        buf = state["momentum_buffer"]
        l2 = 0.0 if o.decoupled_weight_decay else o.weight_decay
        g = gradient(p, g, o, 0.0)
        decay(p, o)
        decayed = g + f(l2) * p if l2 != 0 else g
        weight, update = norm(p), norm(decayed if o.decay_in_norm else g)
        ratio = 1.0
        if o.layerwise and 0 < weight < math.inf and 0 < update < math.inf:
            beside = 0.0 if o.decay_in_norm else l2
            ratio = o.trust_coefficient * weight / (update + beside * weight + o.eps)
        u = f(ratio) * decayed
        if o.lr_inside:
            u = f(o.lr) * u
        buf[...] = f(o.momentum) * buf + u
        u = u + f(o.momentum) * buf if o.nesterov else buf
        p -= u if o.lr_inside else f(o.lr) * u
