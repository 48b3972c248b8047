"""Adam and its relatives: running means of the gradient and of its square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ._types import Array, OptionValue, Params
from .conventions import Convention
from .optimizer import CommonOptions, Optimizer, Option, apply
from .reference import decay, gradient, moments, power, root

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]
__all__ += ["adam_", "adamax_", "adamw_", "nadam_", "radam_"]


class AdamOptions(CommonOptions, total=False):
    """The options of :class:`Adam` and :class:`AdamW`."""

    betas: tuple[float, float]
    eps: float
    eps_root: float
    eps_hat: bool
    amsgrad: bool
    amsgrad_corrected: bool
    decay_corrected: bool


class Adam(Optimizer):
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
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 1e-3 by default. And:
    betas : (float, float), default (0.9, 0.999)
        Decay of the running means b1 and b2, each in [0, 1).
    eps : float, default 1e-8
        Added to the root, >= 0.
    eps_root : float, default 0
        Added under the root, as optax can; >= 0.
    eps_hat : bool, default False
        `eps` stands beside the root without bias correction, as in Keras, MXNet and the paper's
        second form.
    amsgrad : bool, default False
        Divide by the root of the running maximum. Fixed at construction.
    amsgrad_corrected : bool, default False
        That maximum is of `v` with bias correction, as in optax. Not together with `eps_hat`.
    decay_corrected : bool, default False
        Decoupled weight decay has the rate ``lr*sqrt(1 - b2**t)/(1 - b1**t)`` instead of `lr`, as
        in MXNet.

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
    eps_root = Option[float]()
    eps_hat = Option[bool]()
    amsgrad = Option[bool]()
    amsgrad_corrected = Option[bool]()
    decay_corrected = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[AdamOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
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


class AdamW(Adam):
    """Adam with decoupled weight decay, 0.01 by default.

    ``p *= 1 - lr*weight_decay`` before the update of :class:`Adam`, whose other parameters and
    state it has.

    Parameters
    ----------
    params, lr, convention, num_threads, **options
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
    lr: float | None = None,
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
    apply(Adam, p, g, slots, step, lr, num_threads, options)


def adamw_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[AdamOptions],
) -> None:
    """Take one step of :class:`AdamW` on the caller's own arrays; otherwise as :func:`adam_`."""
    slots = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq, "max_exp_avg_sq": max_exp_avg_sq}
    apply(AdamW, p, g, slots, step, lr, num_threads, options)


class AdamaxOptions(CommonOptions, total=False):
    """The options of :class:`Adamax`."""

    betas: tuple[float, float]
    eps: float
    eps_inside: bool


class Adamax(Optimizer):
    """Adam with the largest gradient in the place of the root mean square.

    ::

        m = b1*m + (1 - b1)*g
        u = max(b2*u, abs(g) + eps)
        p -= lr/(1 - b1**t) * m/u

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 2e-3 by default. And:
    betas : (float, float), default (0.9, 0.999)
        Decay of the running mean b1 and of the maximum b2, each in [0, 1).
    eps : float, default 1e-8
        Keeps the quotient finite, >= 0.
    eps_inside : bool, default True
        False: ``u = max(b2*u, abs(g))``, and the quotient is ``m/(u + eps)``, as in Keras.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``exp_avg``, ``exp_inf``. Kingma and Ba, "Adam: a method for stochastic optimization",
    ICLR 2015, section 7. Options and defaults as in ``torch.optim.Adamax``.
    """

    __slots__ = ()
    _rule = "adamax"

    betas = Option[tuple[float, float]]()
    eps = Option[float]()
    eps_inside = Option[bool]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[AdamaxOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        m, u = state["exp_avg"], state["exp_inf"]
        (b1, b2), eps = o.betas, f(o.eps)
        g = gradient(p, g, o)
        decay(p, o)
        m[...] = f(b1) * m + f(1 - b1) * g
        np.maximum(f(b2) * u, np.abs(g) + eps if o.eps_inside else np.abs(g), out=u)
        rate = f(o.lr / (1 - power(b1, state["step"])))
        p -= rate * m / (u if o.eps_inside else u + eps)


def adamax_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_inf: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[AdamaxOptions],
) -> None:
    """Take one step of :class:`Adamax` on the caller's own arrays; otherwise as :func:`adam_`."""
    slots = {"exp_avg": exp_avg, "exp_inf": exp_inf}
    apply(Adamax, p, g, slots, step, lr, num_threads, options)


class NAdamOptions(CommonOptions, total=False):
    """The options of :class:`NAdam`."""

    betas: tuple[float, float]
    eps: float
    eps_root: float
    momentum_decay: float


class NAdam(Optimizer):
    """Adam with Nesterov's momentum, and a schedule for it.

    ::

        mu(t) = b1*(1 - 0.5*0.96**(t*momentum_decay));  M(t) = mu(1)*mu(2)*...*mu(t)
        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        u = (1 - mu(t))/(1 - M(t)) * g + mu(t + 1)/(1 - M(t + 1)) * m
        p -= lr * u / (sqrt(v/(1 - b2**t) + eps_root) + eps)

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 2e-3 by default. And:
    betas : (float, float), default (0.9, 0.999)
        Decay of the running means b1 and b2, each in [0, 1).
    eps : float, default 1e-8
        Added to the root, >= 0.
    eps_root : float, default 0
        Added under the root, as optax can; >= 0.
    momentum_decay : float, default 4e-3
        How fast the momentum rises from b1/2 to b1, >= 0; inf for a constant b1, as in optax.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``. `M` is computed from `t`, as if the options had always been
    what they are. Dozat, "Incorporating Nesterov momentum into Adam", 2016. Options and defaults as
    in ``torch.optim.NAdam``.
    """

    __slots__ = ()
    _rule = "nadam"

    betas = Option[tuple[float, float]]()
    eps = Option[float]()
    eps_root = Option[float]()
    momentum_decay = Option[float]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[NAdamOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        t, b1, psi = state["step"], o.betas[0], o.momentum_decay
        mu, following = (b1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1))
        product = momentum_product(b1, psi, t)
        g = gradient(p, g, o)
        decay(p, o)
        m, v = moments(state, g, o)
        gradient_rate = f(o.lr * (1 - mu) / (1 - product))
        mean_rate = f(o.lr * following / (1 - product * following))
        p -= (gradient_rate * g + mean_rate * m) / root(v, o, 1 - power(o.betas[1], t))


def momentum_product(b1: float, momentum_decay: float, t: int) -> float:
    """Return the product of NAdam's momenta of steps 1 to `t`, as csrc/rules/nadam.h does."""
    constant = power(b1, t)
    if constant < 1e-20:
        return 0.0
    log_q = momentum_decay * -0.040821994520255166
    step, whole = -math.expm1(log_q), -math.expm1(t * log_q)
    total, half, a, b = 0.0, 0.5, step, whole
    for k in range(1, 61):
        total += half / k * (1 - a) * (t if step == 0 else b / a)
        half *= 0.5
        a += (1 - a) * step
        b += (1 - b) * whole
    return constant * math.exp(-total)


def nadam_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[NAdamOptions],
) -> None:
    """Take one step of :class:`NAdam` on the caller's own arrays; otherwise as :func:`adam_`."""
    slots = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
    apply(NAdam, p, g, slots, step, lr, num_threads, options)


class RAdamOptions(CommonOptions, total=False):
    """The options of :class:`RAdam`."""

    betas: tuple[float, float]
    eps: float
    eps_root: float
    eps_hat: bool
    threshold: float


class RAdam(Optimizer):
    """Adam that waits with its adaptive rate until that is reliable.

    ::

        m = b1*m + (1 - b1)*g
        v = b2*v + (1 - b2)*g**2
        L = 2/(1 - b2) - 1;  l = L - 2*t*b2**t/(1 - b2**t)
        r = sqrt((l - 4)*(l - 2)*L / ((L - 4)*(L - 2)*l))
        d = (sqrt(v + eps_root*(1 - b2**t)) + eps) / sqrt(1 - b2**t)
        p -= lr/(1 - b1**t) * (r*m/d if l > threshold else m)

    Parameters
    ----------
    params, lr, convention, num_threads, **options
        See :class:`Optimizer`; `lr` is 1e-3 by default. And:
    betas : (float, float), default (0.9, 0.999)
        Decay of the running means b1 and b2, each in [0, 1).
    eps : float, default 1e-8
        Added to the root, >= 0.
    eps_root : float, default 0
        Added under the corrected root, as optax can; >= 0.
    eps_hat : bool, default True
        `eps` stands beside the root without bias correction; False: beside the corrected one, as
        in optax.
    threshold : float, default 5
        Length of the running mean from which on the rate adapts, >= 4.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    State: ``exp_avg``, ``exp_avg_sq``. Liu et al., "On the variance of the adaptive learning rate
    and beyond", ICLR 2020. Options and defaults as in ``torch.optim.RAdam``.
    """

    __slots__ = ()
    _rule = "radam"

    betas = Option[tuple[float, float]]()
    eps = Option[float]()
    eps_root = Option[float]()
    eps_hat = Option[bool]()
    threshold = Option[float]()

    def __init__(
        self,
        params: Params,
        lr: float | None = None,
        *,
        convention: Convention = "torch",
        num_threads: int | None = None,
        **options: Unpack[RAdamOptions],
    ) -> None:
        super().__init__(params, lr, convention, num_threads, options)

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
        f = p.dtype.type
        t, (b1, b2) = state["step"], o.betas
        correction = 1 - power(b2, t)
        rate = o.lr / (1 - power(b1, t))
        longest = 2 / (1 - b2) - 1
        length = longest - 2 * t * power(b2, t) / correction
        g = gradient(p, g, o)
        decay(p, o)
        m, v = moments(state, g, o)
        if length > o.threshold:
            rate *= math.sqrt(
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            )
            if o.eps_hat:
                rate *= math.sqrt(correction)
            p -= f(rate) * m / root(v, o, correction, eps_hat=o.eps_hat)
        else:
            p -= f(rate) * m


def radam_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float | None = None,
    num_threads: int | None = None,
    **options: Unpack[RAdamOptions],
) -> None:
    """Take one step of :class:`RAdam` on the caller's own arrays; otherwise as :func:`adam_`."""
    slots = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
    apply(RAdam, p, g, slots, step, lr, num_threads, options)
