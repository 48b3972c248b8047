"""Gradient descent with and without momentum."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ._types import Array, Params
from .optimizer import CommonOptions, Optimizer, Option, apply
from .reference import gradient

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["SGD", "Momentum", "momentum_", "sgd_"]


class SGDOptions(CommonOptions, total=False):
    """The options of :class:`SGD`."""

    momentum: float
    dampening: float
    nesterov: bool


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum as in ``torch.optim.SGD``.

    ::

        buf = momentum*buf + (1 - dampening)*g          # in the first step: buf = g
        p  -= lr * (g + momentum*buf if nesterov else buf)

    Without momentum, ``p -= lr*g``. The learning rate stands outside the buffer; in
    :class:`Momentum` it stands inside.

    Parameters
    ----------
    params, lr, num_threads, **options
        See :class:`Optimizer`, and:
    momentum : float, default 0
        Factor of the buffer, >= 0. It cannot change to or from 0 later: without it there is no
        buffer.
    dampening : float, default 0
        Share of the gradient that does not enter the buffer.
    nesterov : bool, default False
        Look one step ahead; needs momentum > 0 and dampening = 0.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``momentum_buffer``, with momentum. Sutskever, Martens, Dahl and Hinton, "On the
    importance of initialization and momentum in deep learning", ICML 2013, in PyTorch's form.
    """

    __slots__ = ()
    _rule = "sgd"

    momentum = Option[float]()
    dampening = Option[float]()
    nesterov = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        num_threads: int | None = None,
        **options: Unpack[SGDOptions],
    ) -> None:
        super().__init__(params, num_threads, {"lr": lr, **options})

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        g = gradient(p, g, o, o.weight_decay)
        if o.momentum != 0:
            buf = state["momentum_buffer"]
            if state["step"] == 1:
                buf[...] = g
            else:
                buf[...] = f(o.momentum) * buf + f(1 - o.dampening) * g
            g = g + f(o.momentum) * buf if o.nesterov else buf
        p -= f(o.lr) * g


def sgd_(
    p: Array,
    g: Array,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    lr: float = 1e-3,
    num_threads: int | None = None,
    **options: Unpack[SGDOptions],
) -> None:
    """Take one step of :class:`SGD` on the caller's own arrays.

    Parameters
    ----------
    p, g, momentum_buffer : array
        Parameter, gradient and, with momentum, the buffer, which the first step overwrites: of
        one shape and dtype, float32 or float64, in any layout. All but `g` are updated in place.
    step : int
        Number of this step, counted from 1.
    lr, num_threads, **options
        See :class:`SGD`.

    Raises
    ------
    TypeError, ValueError
        For arrays or options that do not fit. Nothing has been modified then.
    """
    apply(SGD, p, g, {"momentum_buffer": momentum_buffer}, step, num_threads, {"lr": lr, **options})


class MomentumOptions(CommonOptions, total=False):
    """The options of :class:`Momentum`."""

    momentum: float
    nesterov: bool


class Momentum(Optimizer):
    """Polyak's momentum in the velocity form of Keras, MXNet and the textbooks.

    ::

        v  = momentum*v - lr*g
        p += momentum*v - lr*g if nesterov else v

    Parameters
    ----------
    params, lr, num_threads, **options
        See :class:`Optimizer`; `lr` is 0.01 by default. And:
    momentum : float, default 0.9
        Factor of the velocity, >= 0.
    nesterov : bool, default False
        Nesterov's accelerated gradient (NAG); needs momentum > 0.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``velocity``. Polyak, "Some methods of speeding up the convergence of iteration
    methods", 1964, in the form of Keras (``keras.optimizers.SGD``).
    """

    __slots__ = ()
    _rule = "momentum"

    momentum = Option[float]()
    nesterov = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        *,
        num_threads: int | None = None,
        **options: Unpack[MomentumOptions],
    ) -> None:
        super().__init__(params, num_threads, {"lr": lr, **options})

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        v = state["velocity"]
        g = gradient(p, g, o, o.weight_decay)
        v[...] = f(o.momentum) * v - f(o.lr) * g
        p += f(o.momentum) * v - f(o.lr) * g if o.nesterov else v


def momentum_(
    p: Array,
    g: Array,
    velocity: Array,
    *,
    step: int,
    lr: float = 1e-2,
    num_threads: int | None = None,
    **options: Unpack[MomentumOptions],
) -> None:
    """Take one step of :class:`Momentum` on the caller's own arrays.

    Parameters
    ----------
    p, g, velocity : array
        Parameter, gradient and velocity (zeros before the first step): of one shape and dtype,
        float32 or float64, in any layout. All but `g` are updated in place.
    step : int
        Number of this step, counted from 1.
    lr, num_threads, **options
        See :class:`Momentum`.

    Raises
    ------
    TypeError, ValueError
        For arrays or options that do not fit. Nothing has been modified then.
    """
    apply(Momentum, p, g, {"velocity": velocity}, step, num_threads, {"lr": lr, **options})
