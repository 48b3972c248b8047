"""Adam: running means of the gradient and of its square."""

from __future__ import annotations

import math

import numpy as np

from .._types import Pair
from ..formulas import Floats, Options, State, decay, gradient, moments, power, root
from ..optimizer import Optimizer


class Adam(Optimizer, rule="adam", torch="Adam"):
    """Adam, with bias correction as in ``torch.optim.Adam``.

    ::

        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        p -= lr/(1 - b1**t) * m / (sqrt(v/(1 - b2**t) + eps_root) + eps)

    or, with `eps_hat`::

        p -= lr*sqrt(1 - b2**t)/(1 - b1**t) * m / (sqrt(v) + eps)

    With `amsgrad` the root is that of the largest `v` so far.

    Parameters
    ----------
    betas
        Decay of the running means b1 and b2, each in [0, 1).
    eps
        Added to the root, >= 0.
    eps_root
        Added under the root, as optax can; >= 0.
    eps_hat
        `eps` stands beside the root without bias correction, as in Keras, MXNet and the paper's
        second form.
    amsgrad
        Divide by the root of the running maximum. Cannot change between steps.
    amsgrad_corrected
        That maximum is of `v` with bias correction, as in optax. Not together with `eps_hat`.
    decay_corrected
        Decoupled weight decay has the rate ``lr*sqrt(1 - b2**t)/(1 - b1**t)`` instead of `lr`, as
        in MXNet.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``, ``max_exp_avg_sq`` (amsgrad). Kingma and Ba, "Adam: a
    method for stochastic optimization", ICLR 2015; amsgrad: Reddi, Kale and Kumar, "On the
    convergence of Adam and beyond", ICLR 2018.
    """

    betas: Pair = (0.9, 0.999)
    eps: float = 1e-8
    eps_root: float = 0.0
    eps_hat: bool = False
    amsgrad: bool = False
    amsgrad_corrected: bool = False
    decay_corrected: bool = False

    conventions = {
        "keras": {"eps": 1e-7, "eps_hat": True, "decoupled_weight_decay": True},
        "optax": {"amsgrad_corrected": True},
        "mxnet": {"eps_hat": True},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        t = state["step"]
        correction = 1 - power(o.betas[1], t)
        rate = o.lr / (1 - power(o.betas[0], t))
        g = gradient(p, g, o)
        if o.decoupled_weight_decay and o.decay_corrected:
            p *= f(1 - rate * math.sqrt(correction) * o.weight_decay)
        else:
            decay(p, o)
        m, v = moments(state, g, o)
        if o.amsgrad:
            if o.amsgrad_corrected:
                v = f(1 / correction) * v
                correction = 1.0
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        if o.eps_hat:
            rate *= math.sqrt(correction)
        p -= f(rate) * m / root(v, o, correction, eps_hat=o.eps_hat)


class AdamW(Adam, rule="adam", torch="AdamW"):
    """Adam with decoupled weight decay: :class:`Adam` with other defaults.

    ``p *= 1 - lr*weight_decay`` before Adam's update.

    Notes
    -----
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, as in
    ``torch.optim.AdamW``.
    """

    weight_decay: float = 1e-2
    decoupled_weight_decay: bool = True

    conventions = {
        "keras": {"weight_decay": 4e-3, "eps": 1e-7, "eps_hat": True},
        "optax": {"weight_decay": 1e-4, "amsgrad_corrected": True},
        "mxnet": {"weight_decay": 0.0, "eps": 1e-6, "eps_hat": True, "decay_corrected": True},
    }
