"""Rates adapted to each element by the size of its gradients, without momentum of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._types import Array, Params
from .conventions import Convention
from .optimizer import CommonOptions, Optimizer, Option, apply
from .reference import decay, gradient, power

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["FTRL", "Adadelta", "Adagrad", "RMSProp"]
__all__ += ["adadelta_", "adagrad_", "ftrl_", "rmsprop_"]


class RMSPropOptions(CommonOptions, total=False):
    """The options of :class:`RMSProp`."""

    alpha: float
    eps: float
    momentum: float
    nesterov: bool
    centered: bool
    eps_inside: bool
    lr_inside: bool
    bias_correction: bool
    initial_accumulator_value: float


class RMSProp(Optimizer):
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
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 0.01 by default. And:
    alpha : float, default 0.99
        Decay of the running means, in [0, 1).
    eps : float, default 1e-8
        Keeps the quotient finite, >= 0.
    momentum : float, default 0
        Factor of the buffer, >= 0. It cannot change to or from 0 later.
    nesterov : bool, default False
        Look one step ahead, as optax can; needs momentum > 0.
    centered : bool, default False
        Divide by the standard deviation instead. Fixed at construction.
    eps_inside : bool, default False
        Add `eps` under the root, as Keras and optax do, and not to it, as PyTorch does.
    lr_inside : bool, default False
        Keep the rate inside the momentum's buffer, as Keras, optax and MXNet do.
    bias_correction : bool, default False
        Divide the running means by ``1 - alpha**t``, as optax can.
    initial_accumulator_value : float, default 0
        What `v` begins with, >= 0. Fixed at construction.

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
    nesterov = Option[bool]()
    centered = Option[bool]()
    eps_inside = Option[bool]()
    lr_inside = Option[bool]()
    bias_correction = Option[bool]()
    initial_accumulator_value = Option[float]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[RMSPropOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
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


def rmsprop_(
    p: Array,
    g: Array,
    square_avg: Array,
    grad_avg: Array | None = None,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    lr: float | None = None,
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
    apply(RMSProp, p, g, slots, step, lr, num_threads, options)


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
    params, lr, convention, num_threads, **options
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
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[AdagradOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        s, eps = state["sum"], f(o.eps)
        rate = f(o.lr / (1 + (state["step"] - 1) * o.lr_decay))
        g = gradient(p, g, o)
        decay(p, o)
        s += g * g
        p -= rate * g / (np.sqrt(s + eps) if o.eps_inside else np.sqrt(s) + eps)


def adagrad_(
    p: Array,
    g: Array,
    sum: Array,
    *,
    step: int,
    lr: float | None = None,
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
    apply(Adagrad, p, g, {"sum": sum}, step, lr, num_threads, options)


class AdadeltaOptions(CommonOptions, total=False):
    """The options of :class:`Adadelta`."""

    rho: float
    eps: float


class Adadelta(Optimizer):
    """Adadelta: steps of the size of the steps before, without a rate to choose.

    ::

        v  = rho*v + (1 - rho)*g**2
        u  = sqrt(d + eps)/sqrt(v + eps) * g
        d  = rho*d + (1 - rho)*u**2
        p -= lr*u

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 1 by default. And:
    rho : float, default 0.9
        Decay of the running means, in [0, 1).
    eps : float, default 1e-6
        Starts the first steps, and keeps the quotient finite; >= 0.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``square_avg``, ``acc_delta``. Zeiler, "ADADELTA: an adaptive learning rate method",
    2012. Options and defaults as in ``torch.optim.Adadelta``.
    """

    __slots__ = ()
    _rule = "adadelta"

    rho = Option[float]()
    eps = Option[float]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[AdadeltaOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        v, d = state["square_avg"], state["acc_delta"]
        rho, c, eps = f(o.rho), f(1 - o.rho), f(o.eps)
        g = gradient(p, g, o)
        decay(p, o)
        v[...] = rho * v + c * g * g
        u = np.sqrt(d + eps) / np.sqrt(v + eps) * g
        d[...] = rho * d + c * u * u
        p -= f(o.lr) * u


def adadelta_(
    p: Array,
    g: Array,
    square_avg: Array,
    acc_delta: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[AdadeltaOptions],
) -> None:
    """Take one step of :class:`Adadelta` on the caller's own arrays.

    The state is zero before the first step; otherwise as :func:`adam_`.
    """
    slots = {"square_avg": square_avg, "acc_delta": acc_delta}
    apply(Adadelta, p, g, slots, step, lr, num_threads, options)


class FTRLOptions(CommonOptions, total=False):
    """The options of :class:`FTRL`."""

    beta: float
    l1: float
    l2: float
    l2_halved: bool
    l2_shrinkage: float
    initial_accumulator_value: float


class FTRL(Optimizer):
    """FTRL-proximal: a linear model's optimizer, whose l1 penalty makes weights exactly zero.

    ::

        z += g + 2*l2_shrinkage*p - (sqrt(n + g**2) - sqrt(n))/lr * p
        n += g**2
        p  = (clip(z, -l1, l1) - z) / ((beta + sqrt(n))/lr + l2)

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr`, the paper's alpha, is 0.1 by default, and > 0. And:
    beta : float, default 1
        Lowers the rate of the first steps, >= 0.
    l1 : float, default 0
        The penalty ``l1*|p|``; a weight whose `|z|` stays below it is 0. >= 0.
    l2 : float, default 0
        The penalty ``l2/2 * p**2``, >= 0.
    l2_halved : bool, default True
        False: the penalty is ``l2 * p**2``, as in Keras.
    l2_shrinkage : float, default 0
        The penalty ``l2_shrinkage * p**2`` on the weights as they were, without part in `n`, as in
        Keras; >= 0.
    initial_accumulator_value : float, default 0
        What `n` begins with, >= 0. Fixed at construction. It, `beta` or `l2` must be > 0.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``sum`` (n) and ``linear`` (z). McMahan et al., "Ad click prediction: a view from the
    trenches", KDD 2013, algorithm 1. The first step replaces what `p` began with: begin with zeros.
    MXNet's ``wd`` is `l2` here. Keras' ``learning_rate_power`` is -0.5, its default.
    """

    __slots__ = ()
    _rule = "ftrl"

    beta = Option[float]()
    l1 = Option[float]()
    l2 = Option[float]()
    l2_halved = Option[bool]()
    l2_shrinkage = Option[float]()
    initial_accumulator_value = Option[float]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[FTRLOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        n, z = state["sum"], state["linear"]
        inverse_lr, l1 = f(1 / o.lr), f(o.l1)
        g = gradient(p, g, o)
        decay(p, o)
        before = np.sqrt(n)
        n += g * g
        after = np.sqrt(n)
        pull = g + f(2 * o.l2_shrinkage) * p if o.l2_shrinkage != 0 else g
        z += pull - (after - before) * inverse_lr * p
        l2 = o.l2 if o.l2_halved else 2 * o.l2
        p[...] = (np.clip(z, -l1, l1) - z) / (after * inverse_lr + f(o.beta / o.lr + l2))


def ftrl_(
    p: Array,
    g: Array,
    sum: Array,
    linear: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[FTRLOptions],
) -> None:
    """Take one step of :class:`FTRL` on the caller's own arrays.

    Before the first step `sum` is filled with what it is to begin with, and `linear` is zero;
    otherwise as :func:`adam_`.
    """
    apply(FTRL, p, g, {"sum": sum, "linear": linear}, step, lr, num_threads, options)
