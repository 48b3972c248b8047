"""Rates scaled for each parameter by the ratio of its norm to that of its update."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ._types import Array, Params
from .conventions import Convention
from .optimizer import CommonOptions, Optimizer, Option, apply
from .reference import decay, gradient, moments, norm, power, root

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["LAMB", "LARS", "lamb_", "lars_"]


class LARSOptions(CommonOptions, total=False):
    """The options of :class:`LARS`."""

    momentum: float
    nesterov: bool
    lr_inside: bool
    trust_coefficient: float
    eps: float
    decay_in_norm: bool
    layerwise: bool


class LARS(Optimizer):
    """Momentum whose rate follows each parameter's norm, for large batches.

    ::

        ratio = trust_coefficient * norm(p) / (norm(g) + weight_decay*norm(p) + eps)
        u   = lr * ratio * (g + weight_decay*p)
        buf = momentum*buf + u
        p  -= u + momentum*buf if nesterov else buf

    The ratio is 1 where either norm is 0 or NaN. `g` is the gradient before weight decay.

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 0.1 by default. And:
    momentum : float, default 0.9
        Factor of the buffer, >= 0.
    nesterov : bool, default False
        Look one step ahead; needs momentum > 0.
    lr_inside : bool, default True
        False: the rate stands outside the buffer, ``p -= lr*buf``.
    trust_coefficient : float, default 1e-3
        Factor of the ratio, > 0.
    eps : float, default 1e-8
        Keeps the quotient finite, >= 0.
    decay_in_norm : bool, default False
        Divide by ``norm(g + weight_decay*p) + eps``, as optax does.
    layerwise : bool, default True
        False: the ratio is 1, as is customary in a group of biases and scales.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``momentum_buffer``. Norms are of the whole array, summed in float64. You, Gitman and
    Ginsburg, "Large batch training of convolutional networks", 2017. torch has none.
    """

    __slots__ = ()
    _rule = "lars"

    momentum = Option[float]()
    nesterov = Option[bool]()
    lr_inside = Option[bool]()
    trust_coefficient = Option[float]()
    eps = Option[float]()
    decay_in_norm = Option[bool]()
    layerwise = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[LARSOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        buf = state["momentum_buffer"]
        l2 = 0.0 if o.decoupled_weight_decay else o.weight_decay
        g = gradient(p, g, o, 0.0)
        decay(p, o)
        decayed = g + f(l2) * p if l2 != 0 else g
        weight, update = norm(p), norm(decayed if o.decay_in_norm else g)
        ratio = 1.0
        if o.layerwise and weight > 0 and update > 0:
            beside = 0.0 if o.decay_in_norm else l2
            ratio = o.trust_coefficient * weight / (update + beside * weight + o.eps)
        u = f(ratio) * decayed
        if o.lr_inside:
            u = f(o.lr) * u
        buf[...] = f(o.momentum) * buf + u
        u = u + f(o.momentum) * buf if o.nesterov else buf
        p -= u if o.lr_inside else f(o.lr) * u


def lars_(
    p: Array,
    g: Array,
    momentum_buffer: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[LARSOptions],
) -> None:
    """Take one step of :class:`LARS` on the caller's own arrays.

    `momentum_buffer` is zero before the first step; otherwise as :func:`adam_`.
    """
    apply(LARS, p, g, {"momentum_buffer": momentum_buffer}, step, lr, num_threads, options)


class LAMBOptions(CommonOptions, total=False):
    """The options of :class:`LAMB`."""

    betas: tuple[float, float]
    eps: float
    eps_root: float
    bias_correction: bool
    norm_limits: tuple[float, float]
    layerwise: bool


class LAMB(Optimizer):
    """Adam whose update is scaled to each parameter's norm, for large batches.

    ::

        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        u = m/(1 - b1**t) / (sqrt(v/(1 - b2**t) + eps_root) + eps) + weight_decay*p
        p -= lr * norm(p)/norm(u) * u

    The ratio is 1 where either norm, `norm(p)` as clipped, is 0 or NaN.

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 1e-3 and `weight_decay` 0.01 by default. Weight decay is
        part of the update `u`, or, decoupled, shrinks `p` before. And:
    betas : (float, float), default (0.9, 0.999)
        Decay of the running means b1 and b2, each in [0, 1).
    eps : float, default 1e-6
        Added to the root, >= 0.
    eps_root : float, default 0
        Added under the root, as optax can; >= 0.
    bias_correction : bool, default True
        Divide the running means by ``1 - b**t``.
    norm_limits : (float, float), default (0, inf)
        What `norm(p)` is clipped to; each >= 0, and the first finite.
    layerwise : bool, default True
        False: the ratio is 1, as is customary in a group of biases and scales.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``. Norms are of the whole array, summed in float64. You et al.,
    "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020. torch has
    none; the defaults are those of NVIDIA's ``apex.optimizers.FusedLAMB``.
    """

    __slots__ = ()
    _rule = "lamb"

    betas = Option[tuple[float, float]]()
    eps = Option[float]()
    eps_root = Option[float]()
    bias_correction = Option[bool]()
    norm_limits = Option[tuple[float, float]]()
    layerwise = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[LAMBOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
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
        if o.layerwise and weight > 0 and update > 0:
            rate = o.lr * (weight / update)
        p -= f(rate) * u


def lamb_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[LAMBOptions],
) -> None:
    """Take one step of :class:`LAMB` on the caller's own arrays; otherwise as :func:`adam_`."""
    slots = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
    apply(LAMB, p, g, slots, step, lr, num_threads, options)
