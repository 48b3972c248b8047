"""Rates adapted to each element by the size of its gradients, without momentum of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._types import Array, Params
from .optimizer import CommonOptions, Optimizer, Option, apply
from .reference import gradient

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Adagrad", "RMSProp", "adagrad_", "rmsprop_"]


class RMSPropOptions(CommonOptions, total=False):
    """The options of :class:`RMSProp`."""

    alpha: float
    eps: float
    momentum: float
    centered: bool
    eps_inside: bool


class RMSProp(Optimizer):
    """RMSProp: the gradient divided by a running root mean square of itself.

    ::

        v = alpha*v + (1 - alpha)*g**2
        m = alpha*m + (1 - alpha)*g                     # centered only
        d = max(v - m**2, 0) if centered else v
        u = g / sqrt(d + eps) if eps_inside else g / (sqrt(d) + eps)
        b = momentum*b + u; u = b                       # with momentum only
        p -= lr*u

    Parameters
    ----------
    params, lr, num_threads, **options
        See :class:`Optimizer`; `lr` is 0.01 by default. And:
    alpha : float, default 0.99
        Decay of the running means, in [0, 1).
    eps : float, default 1e-8
        Keeps the quotient finite, >= 0.
    momentum : float, default 0
        Factor of the buffer, >= 0. It cannot change to or from 0 later.
    centered : bool, default False
        Divide by the standard deviation instead. Fixed at construction.
    eps_inside : bool, default False
        Add `eps` under the root, as TensorFlow and optax do, and not to it, as PyTorch does.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``square_avg``, ``grad_avg`` (centered), ``momentum_buffer`` (with momentum). Tieleman
    and Hinton, "Lecture 6.5", 2012; centered: Graves, "Generating sequences with recurrent neural
    networks", 2013. Options and defaults as in ``torch.optim.RMSprop``, which lets a centered
    variance that rounds below zero become NaN.
    """

    __slots__ = ()
    _rule = "rmsprop"

    alpha = Option[float]()
    eps = Option[float]()
    momentum = Option[float]()
    centered = Option[bool]()
    eps_inside = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        *,
        num_threads: int | None = None,
        **options: Unpack[RMSPropOptions],
    ) -> None:
        super().__init__(params, num_threads, {"lr": lr, **options})

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        v = state["square_avg"]
        a, c, eps = f(o.alpha), f(1 - o.alpha), f(o.eps)
        g = gradient(p, g, o, o.weight_decay)
        v[...] = a * v + c * g * g
        d = v
        if o.centered:
            m = state["grad_avg"]
            m[...] = a * m + c * g
            d = np.maximum(v - m * m, f(0))
        u = g / (np.sqrt(d + eps) if o.eps_inside else np.sqrt(d) + eps)
        if o.momentum != 0:
            buf = state["momentum_buffer"]
            buf[...] = f(o.momentum) * buf + u
            u = buf
        p -= f(o.lr) * u


def rmsprop_(
    p: Array,
    g: Array,
    square_avg: Array,
    grad_avg: Array | None = None,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    lr: float = 1e-2,
    num_threads: int | None = None,
    **options: Unpack[RMSPropOptions],
) -> None:
    """Take one step of :class:`RMSProp` on the caller's own arrays.

    Parameters
    ----------
    p, g, square_avg, grad_avg, momentum_buffer : array
        Parameter, gradient and state (zeros before the first step; `grad_avg` if centered,
        `momentum_buffer` with momentum): of one shape and dtype, float32 or float64, in any
        layout. All but `g` are updated in place.
    step : int
        Number of this step, counted from 1.
    lr, num_threads, **options
        See :class:`RMSProp`.

    Raises
    ------
    TypeError, ValueError
        For arrays or options that do not fit. Nothing has been modified then.
    """
    slots = {"square_avg": square_avg, "grad_avg": grad_avg, "momentum_buffer": momentum_buffer}
    apply(RMSProp, p, g, slots, step, num_threads, {"lr": lr, **options})


class AdagradOptions(CommonOptions, total=False):
    """The options of :class:`Adagrad`."""

    lr_decay: float
    initial_accumulator_value: float
    eps: float
    eps_inside: bool


class Adagrad(Optimizer):
    """Adagrad: the gradient divided by the root of the sum of all its squares.

    ::

        s += g**2
        p -= lr/(1 + (t - 1)*lr_decay) * g / (sqrt(s) + eps)      # eps_inside: sqrt(s + eps)

    Parameters
    ----------
    params, lr, num_threads, **options
        See :class:`Optimizer`; `lr` is 0.01 by default. And:
    lr_decay : float, default 0
        How fast the rate falls with the steps, >= 0.
    initial_accumulator_value : float, default 0
        What `s` begins with, >= 0. Fixed at construction.
    eps : float, default 1e-10
        Keeps the quotient finite, >= 0.
    eps_inside : bool, default False
        Add `eps` under the root, as Keras does, and not to it, as PyTorch does.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``sum``. Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 2011. Options and defaults as in ``torch.optim.Adagrad``.
    """

    __slots__ = ()
    _rule = "adagrad"

    lr_decay = Option[float]()
    initial_accumulator_value = Option[float]()
    eps = Option[float]()
    eps_inside = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        *,
        num_threads: int | None = None,
        **options: Unpack[AdagradOptions],
    ) -> None:
        super().__init__(params, num_threads, {"lr": lr, **options})

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        s, eps = state["sum"], f(o.eps)
        rate = f(o.lr / (1 + (state["step"] - 1) * o.lr_decay))
        g = gradient(p, g, o, o.weight_decay)
        s += g * g
        p -= rate * g / (np.sqrt(s + eps) if o.eps_inside else np.sqrt(s) + eps)


def adagrad_(
    p: Array,
    g: Array,
    sum: Array,
    *,
    step: int,
    lr: float = 1e-2,
    num_threads: int | None = None,
    **options: Unpack[AdagradOptions],
) -> None:
    """Take one step of :class:`Adagrad` on the caller's own arrays.

    Parameters
    ----------
    p, g, sum : array
        Parameter, gradient and sum of squares (before the first step filled with what it is to
        begin with): of one shape and dtype, float32 or float64, in any layout. All but `g` are
        updated in place.
    step : int
        Number of this step, counted from 1.
    lr, num_threads, **options
        See :class:`Adagrad`.

    Raises
    ------
    TypeError, ValueError
        For arrays or options that do not fit. Nothing has been modified then.
    """
    apply(Adagrad, p, g, {"sum": sum}, step, num_threads, {"lr": lr, **options})
