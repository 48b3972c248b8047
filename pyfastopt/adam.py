"""Adam and its relatives: running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ._types import Array, OptionValue, Params
from .optimizer import CommonOptions, Optimizer, Option, apply
from .reference import gradient, power

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Adam", "AdamW", "adam_", "adamw_"]


class AdamOptions(CommonOptions, total=False):
    """The options of :class:`Adam` and :class:`AdamW`."""

    betas: tuple[float, float]
    eps: float
    amsgrad: bool
    decoupled_weight_decay: bool


class Adam(Optimizer):
    """Adam, with bias correction as in ``torch.optim.Adam``.

    ::

        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        p -= lr/(1 - b1**t) * m / (sqrt(v)/sqrt(1 - b2**t) + eps)

    With `amsgrad` the root is that of the largest `v` so far.

    Parameters
    ----------
    params, lr, num_threads, **options
        See :class:`Optimizer`, and:
    betas : (float, float), default (0.9, 0.999)
        Decay of the running means b1 and b2, each in [0, 1).
    eps : float, default 1e-8
        Added to the root, >= 0.
    amsgrad : bool, default False
        Divide by the root of the running maximum. Fixed at construction.
    decoupled_weight_decay : bool, default False
        Shrink `p` by the factor ``1 - lr*weight_decay`` before the update, and leave the gradient
        as it is.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``, ``max_exp_avg_sq`` (amsgrad). Kingma and Ba, "Adam: a
    method for stochastic optimization", ICLR 2015; amsgrad: Reddi, Kale and Kumar, "On the
    convergence of Adam and beyond", ICLR 2018.
    """

    __slots__ = ()
    _rule = "adam"

    betas = Option[tuple[float, float]]()
    eps = Option[float]()
    amsgrad = Option[bool]()
    decoupled_weight_decay = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        num_threads: int | None = None,
        **options: Unpack[AdamOptions],
    ) -> None:
        super().__init__(params, num_threads, {"lr": lr, **options})

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        m, v, t = state["exp_avg"], state["exp_avg_sq"], state["step"]
        b1, b2 = o.betas
        rate = o.lr / (1 - power(b1, t))
        scale = 1 / math.sqrt(1 - power(b2, t))
        g = gradient(p, g, o, 0 if o.decoupled_weight_decay else o.weight_decay)
        if o.decoupled_weight_decay:
            p *= f(1 - o.lr * o.weight_decay)
        m[...] = f(b1) * m + f(1 - b1) * g
        v[...] = f(b2) * v + f(1 - b2) * g * g
        if o.amsgrad:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        p -= f(rate) * m / (np.sqrt(v) * f(scale) + f(o.eps))


class AdamW(Adam):
    """Adam with decoupled weight decay, 0.01 by default.

    ``p *= 1 - lr*weight_decay`` before the update of :class:`Adam`, whose other parameters and
    state it has.

    Parameters
    ----------
    params, lr, num_threads, **options
        See :class:`Adam`; `weight_decay` is 0.01 by default and acts on the parameters.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, as in
    ``torch.optim.AdamW``.
    """

    __slots__ = ()
    _preset: ClassVar[Mapping[str, OptionValue]] = {
        "weight_decay": 1e-2,
        "decoupled_weight_decay": True,
    }


def adam_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    lr: float = 1e-3,
    num_threads: int | None = None,
    **options: Unpack[AdamOptions],
) -> None:
    """Take one step of :class:`Adam` on the caller's own arrays.

    Parameters
    ----------
    p, g, exp_avg, exp_avg_sq, max_exp_avg_sq : array
        Parameter, gradient and state (zeros before the first step; the last with ``amsgrad=True``
        only): of one shape and dtype, float32 or float64, in any layout. All but `g` are updated
        in place.
    step : int
        Number of this step, counted from 1.
    lr, num_threads, **options
        See :class:`Adam`.

    Raises
    ------
    TypeError, ValueError
        For arrays or options that do not fit. Nothing has been modified then.
    """
    slots = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq, "max_exp_avg_sq": max_exp_avg_sq}
    apply(Adam, p, g, slots, step, num_threads, {"lr": lr, **options})


def adamw_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    lr: float = 1e-3,
    num_threads: int | None = None,
    **options: Unpack[AdamOptions],
) -> None:
    """Take one step of :class:`AdamW` on the caller's own arrays; otherwise as :func:`adam_`."""
    slots = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq, "max_exp_avg_sq": max_exp_avg_sq}
    apply(AdamW, p, g, slots, step, num_threads, {"lr": lr, **options})
