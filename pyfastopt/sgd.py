"""Gradient descent with and without momentum, with averaging, and by signs alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ._types import Array, OptionValue, Params
from .conventions import Convention
from .optimizer import CommonOptions, Optimizer, Option, apply
from .reference import decay, gradient

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["ASGD", "SGD", "Lion", "Momentum", "Rprop"]
__all__ += ["asgd_", "lion_", "momentum_", "rprop_", "sgd_"]


class SGDOptions(CommonOptions, total=False):
    """The options of :class:`SGD` and :class:`Momentum`."""

    momentum: float
    dampening: float
    nesterov: bool
    lr_inside: bool


class SGD(Optimizer):
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
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 1e-3 by default. And:
    momentum : float, default 0
        Factor of the buffer, >= 0. It cannot change to or from 0 later: without it there is no
        buffer.
    dampening : float, default 0
        Share of the gradient that does not enter the buffer.
    nesterov : bool, default False
        Look one step ahead; needs momentum > 0 and dampening = 0.
    lr_inside : bool, default False
        Keep the rate inside the buffer (Keras, MXNet, textbooks), so that a change of the rate
        does not act on past gradients; needs dampening = 0.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``momentum_buffer``, with momentum. Sutskever, Martens, Dahl and Hinton, "On the
    importance of initialization and momentum in deep learning", ICML 2013, in PyTorch's form;
    `lr_inside`: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964,
    in the form of Keras (``keras.optimizers.SGD``).
    """

    __slots__ = ()
    _rule = "sgd"

    momentum = Option[float]()
    dampening = Option[float]()
    nesterov = Option[bool]()
    lr_inside = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[SGDOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
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


class Momentum(SGD):
    """Polyak's momentum in the velocity form of Keras, MXNet and the textbooks.

    :class:`SGD` with ``lr=0.01, momentum=0.9, lr_inside=True`` by default::

        v  = momentum*v - lr*g
        p += momentum*v - lr*g if nesterov else v

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`SGD`.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.
    """

    __slots__ = ()
    _preset: ClassVar[Mapping[str, OptionValue]] = {
        "lr": 1e-2,
        "momentum": 0.9,
        "lr_inside": True,
    }


def sgd_(
    p: Array,
    g: Array,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[SGDOptions],
) -> None:
    """Take one step of :class:`SGD` on the caller's own arrays.

    Parameters
    ----------
    p, g, momentum_buffer : array
        Parameter, gradient and, with momentum, the buffer, which the first step overwrites (with
        `lr_inside` it has to be zero before): of one shape and dtype, float32 or float64, in any
        layout. All but `g` are updated in place.
    step : int
        Number of this step, counted from 1.
    lr, num_threads, **options
        See :class:`SGD`.

    Raises
    ------
    TypeError, ValueError
        For arrays or options that do not fit. Nothing has been modified then.
    """
    apply(SGD, p, g, {"momentum_buffer": momentum_buffer}, step, lr, num_threads, options)


def momentum_(
    p: Array,
    g: Array,
    momentum_buffer: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[SGDOptions],
) -> None:
    """Take one step of :class:`Momentum` on the caller's own arrays; otherwise as :func:`sgd_`."""
    apply(Momentum, p, g, {"momentum_buffer": momentum_buffer}, step, lr, num_threads, options)


class ASGDOptions(CommonOptions, total=False):
    """The options of :class:`ASGD`."""

    lambd: float
    alpha: float
    t0: float


class ASGD(Optimizer):
    """Averaged stochastic gradient descent, as in ``torch.optim.ASGD``.

    ::

        eta = lr / (1 + lambd*lr*(t - 1))**alpha
        p   = (1 - lambd*eta)*p - eta*g
        ax += (p - ax) / max(1, t - 1 - t0)             # a copy of p until then

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 0.01 by default. And:
    lambd : float, default 1e-4
        Decay of the parameter and of the rate, >= 0.
    alpha : float, default 0.75
        Power of the rate's decay, >= 0.
    t0 : float, default 1e6
        The step after which averaging begins, >= 0.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``ax``, the average. Polyak and Juditsky, "Acceleration of stochastic approximation by
    averaging", 1992; the rate is Bottou's, "Stochastic gradient descent tricks", 2012. A change of
    `lr` acts at once; in ``torch.optim.ASGD`` it acts one step later.
    """

    __slots__ = ()
    _rule = "asgd"

    lambd = Option[float]()
    alpha = Option[float]()
    t0 = Option[float]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[ASGDOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        ax, t = state["ax"], state["step"]
        eta = o.lr / (1 + o.lambd * o.lr * (t - 1)) ** o.alpha
        mu = 1 / max(1.0, t - 1 - o.t0)
        keep = 1 - o.lr * o.weight_decay if o.decoupled_weight_decay else 1.0
        g = gradient(p, g, o)
        p[...] = f(keep * (1 - o.lambd * eta)) * p - f(eta) * g
        ax[...] = p if mu == 1 else ax + f(mu) * (p - ax)


def asgd_(
    p: Array,
    g: Array,
    ax: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[ASGDOptions],
) -> None:
    """Take one step of :class:`ASGD` on the caller's own arrays.

    `ax` is zero before the first step; otherwise as :func:`adam_`.
    """
    apply(ASGD, p, g, {"ax": ax}, step, lr, num_threads, options)


class RpropOptions(CommonOptions, total=False):
    """The options of :class:`Rprop`."""

    etas: tuple[float, float]
    step_sizes: tuple[float, float]


class Rprop(Optimizer):
    """Resilient backpropagation: steps whose size depends on the gradient's signs alone.

    ::

        size *= etas[1] if g*prev > 0 else etas[0] if g*prev < 0 else 1, within step_sizes
        prev  = 0 if g*prev < 0 else g
        p    -= sign(prev)*size

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`. `lr` is the size of the first step, 0.01 by default; a later change
        acts on decoupled weight decay alone, as it does in torch. And:
    etas : (float, float), default (0.5, 1.2)
        Factors by which a step shrinks, below 1, and grows, above 1.
    step_sizes : (float, float), default (1e-6, 50)
        The smallest and the largest size of a step.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``prev``, the gradient before, and ``step_size``. Riedmiller and Braun, "A direct
    adaptive method for faster backpropagation learning: the RPROP algorithm", 1993, in the form of
    ``torch.optim.Rprop``. For full batches: it takes no account of the size of a gradient.
    """

    __slots__ = ()
    _rule = "rprop"

    etas = Option[tuple[float, float]]()
    step_sizes = Option[tuple[float, float]]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[RpropOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        prev, size = state["prev"], state["step_size"]
        (down, up), (smallest, largest) = o.etas, o.step_sizes
        g = gradient(p, g, o)
        decay(p, o)
        agreement = g * prev
        factor = np.where(agreement > 0, f(up), np.where(agreement < 0, f(down), f(1)))
        size[...] = np.clip(size * factor, f(smallest), f(largest))
        prev[...] = np.where(agreement < 0, f(0), g)
        p -= np.sign(prev) * size


def rprop_(
    p: Array,
    g: Array,
    prev: Array,
    step_size: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[RpropOptions],
) -> None:
    """Take one step of :class:`Rprop` on the caller's own arrays.

    `prev` is zero and `step_size` is `lr` before the first step, which is all that `lr` is for;
    otherwise as :func:`adam_`.
    """
    apply(Rprop, p, g, {"prev": prev, "step_size": step_size}, step, lr, num_threads, options)


class LionOptions(CommonOptions, total=False):
    """The options of :class:`Lion`."""

    betas: tuple[float, float]


class Lion(Optimizer):
    """Lion: steps of one size, in the direction of the sign of a momentum.

    ::

        p -= lr*sign(b1*m + (1 - b1)*g)
        m  = b2*m + (1 - b2)*g

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 1e-4 by default, and weight decay is decoupled. And:
    betas : (float, float), default (0.9, 0.99)
        Share of the momentum in the direction, and its decay; each in [0, 1).

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``exp_avg``. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023,
    algorithm 2.
    """

    __slots__ = ()
    _rule = "lion"

    betas = Option[tuple[float, float]]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[LionOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        m = state["exp_avg"]
        b1, b2 = o.betas
        g = gradient(p, g, o)
        decay(p, o)
        p -= f(o.lr) * np.sign(f(b1) * m + f(1 - b1) * g)
        m[...] = f(b2) * m + f(1 - b2) * g


def lion_(
    p: Array,
    g: Array,
    exp_avg: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[LionOptions],
) -> None:
    """Take one step of :class:`Lion` on the caller's own arrays.

    `exp_avg` is zero before the first step; otherwise as :func:`adam_`.
    """
    apply(Lion, p, g, {"exp_avg": exp_avg}, step, lr, num_threads, options)
