"""RMSProp: the gradient divided by a running root mean square of itself."""

from __future__ import annotations

import numpy as np

from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient, power
from ..optimizer import Optimizer


class RMSProp(Optimizer, rule="rmsprop", torch="RMSprop"):
    """RMSProp: the gradient divided by a running root mean square of itself.

    ::

        v = alpha*v + (1 - alpha)*g**2
        m = alpha*m + (1 - alpha)*g                     # centered only
        d = max(v - m**2, 0) if centered else v
        u = g / sqrt(d + eps) if eps_inside else g / (sqrt(d) + eps)
        b = momentum*b + u                              # with momentum only
        u = u + momentum*b if nesterov else b           # with momentum only
        p -= lr*u

    With `lr_inside`, `u` is multiplied with the rate before it enters `b`.

    Parameters
    ----------
    alpha
        Decay of the running means, in [0, 1).
    eps
        Keeps the quotient finite, >= 0.
    momentum
        Factor of the buffer, >= 0. It cannot change to or from 0 later.
    nesterov
        Look one step ahead, as optax can; needs momentum > 0.
    centered
        Divide by the standard deviation instead. Cannot change between steps.
    eps_inside
        Add `eps` under the root, as Keras and optax do, and not to it, as PyTorch does.
    lr_inside
        Keep the rate inside the momentum's buffer, as Keras, optax and MXNet do.
    bias_correction
        Divide the running means by ``1 - alpha**t``, as optax can.
    initial_accumulator_value
        What `v` begins with, >= 0. Cannot change between steps.

    Notes
    -----
    State: ``square_avg``, which begins with `initial_accumulator_value`, ``grad_avg`` (centered),
    ``momentum_buffer`` (with momentum). Tieleman and Hinton, "Lecture 6.5", 2012; centered: Graves,
    "Generating sequences with recurrent neural networks", 2013. Options and defaults as in
    ``torch.optim.RMSprop``, which lets a centered variance that rounds below zero become NaN.
    """

    lr: float = field(default=1e-2, kw_only=False)
    alpha: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0
    nesterov: bool = False
    centered: bool = False
    eps_inside: bool = False
    lr_inside: bool = False
    bias_correction: bool = False
    initial_accumulator_value: float = 0.0

    conventions = {
        "keras": {
            "lr": 1e-3,
            "alpha": 0.9,
            "eps": 1e-7,
            "eps_inside": True,
            "lr_inside": True,
            "decoupled_weight_decay": True,
        },
        "optax": {"alpha": 0.9, "eps_inside": True, "lr_inside": True},
        "mxnet": {"lr": 1e-3, "alpha": 0.9, "lr_inside": True},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        v = state["square_avg"]
        a, c, eps = f(o.alpha), f(1 - o.alpha), f(o.eps)
        correction = f(1 / (1 - power(o.alpha, state["step"])) if o.bias_correction else 1.0)
        g = gradient(p, g, o)
        decay(p, o)
        v[...] = a * v + c * g * g
        d = correction * v
        if o.centered:
            m = state["grad_avg"]
            m[...] = a * m + c * g
            mean = correction * m
            d = np.maximum(d - mean * mean, f(0))
        u = g / (np.sqrt(d + eps) if o.eps_inside else np.sqrt(d) + eps)
        if o.momentum == 0:
            p -= f(o.lr) * u
            return
        if o.lr_inside:
            u = f(o.lr) * u
        buf = state["momentum_buffer"]
        buf[...] = f(o.momentum) * buf + u
        u = u + f(o.momentum) * buf if o.nesterov else buf
        p -= u if o.lr_inside else f(o.lr) * u
