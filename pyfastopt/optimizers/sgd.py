"""Gradient descent, with and without momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient
from ..optimizer import Optimizer


class SGD(Optimizer, rule="sgd", torch="SGD"):
    """Stochastic gradient descent, with momentum as in ``torch.optim.SGD``.

    ::

        buf = momentum*buf + (1 - dampening)*g          # in the first step: buf = g
        p  -= lr * (g + momentum*buf if nesterov else buf)

    or, with `lr_inside`::

        buf = momentum*buf - lr*g
        p  += momentum*buf - lr*g if nesterov else buf

    Without momentum, ``p -= lr*g``.

    Parameters
    ----------
    momentum
        Factor of the buffer, >= 0. It cannot change to or from 0 later: without it there is no
        buffer.
    dampening
        Share of the gradient that does not enter the buffer.
    nesterov
        Look one step ahead; needs dampening = 0, and does nothing without momentum: but with
        Keras' convention, the constructor refuses that.
    lr_inside
        Keep the rate inside the buffer (Keras, MXNet, textbooks), so that a change of the rate
        does not act on past gradients; needs dampening = 0.

    Notes
    -----
    State: ``momentum_buffer``, with momentum; the first step overwrites it, but with `lr_inside`
    goes on from its zeros. Sutskever, Martens, Dahl and Hinton, "On the importance of
    initialization and momentum in deep learning", ICML 2013, in PyTorch's form; `lr_inside`:
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, in the form of
    Keras (``keras.optimizers.SGD``).
    """

    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False
    lr_inside: bool = False

    conventions = {
        "keras": {"lr": 1e-2, "lr_inside": True, "decoupled_weight_decay": True},
        "optax": {},
        "mxnet": {"lr": 0.1, "lr_inside": True},
    }

    @staticmethod
    def check_new(options: Mapping[str, Any], convention: str) -> None:
        """Raise ValueError for what is more likely an oversight, as torch does."""
        Optimizer.check_new(options, convention)
        if options["nesterov"] and options["momentum"] == 0 and convention != "keras":
            raise ValueError("nesterov = True needs momentum > 0; set momentum, or leave it out")

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        g = gradient(p, g, o)
        decay(p, o)
        if o.momentum == 0:
            p -= f(o.lr) * g
            return
        buf = state["momentum_buffer"]
        if o.lr_inside:
            buf[...] = f(o.momentum) * buf - f(o.lr) * g
            p += f(o.momentum) * buf - f(o.lr) * g if o.nesterov else buf
            return
        if state["step"] == 1:
            buf[...] = g
        else:
            buf[...] = f(o.momentum) * buf + f(1 - o.dampening) * g
        p -= f(o.lr) * (g + f(o.momentum) * buf if o.nesterov else buf)


class Momentum(SGD, rule="sgd"):
    """Polyak's momentum in the velocity form of Keras, MXNet and the textbooks.

    This is :class:`SGD` with other defaults, by which::

        v  = momentum*v - lr*g
        p += momentum*v - lr*g if nesterov else v
    """

    lr: float = field(default=1e-2, kw_only=False)
    momentum: float = 0.9
    lr_inside: bool = True
