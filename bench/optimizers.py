"""The optimizers that are timed: all of pyfastopt's, and what is known of some besides.

Nothing has to be said of an optimizer for it to be timed, with its defaults, beside its formula in
NumPy. An entry adds other options, torch's name of it, and the formula as somebody who knows NumPy
well would write it, without temporaries. What a class does not make public of itself is asked for
here, and nowhere else in the benchmarks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

import pyfastopt as fo
from pyfastopt import _core
from pyfastopt.formulas import power


@dataclass(frozen=True)
class Entry:
    options: dict[str, Any] = field(default_factory=dict)
    #: Where torch has the optimizer with these options: its name there, and torch's own options.
    torch: tuple[str, dict[str, Any]] | None = None
    #: expert(options, t) makes update(p, g, state, a, b), with a and b for scratch.
    expert: Callable[[SimpleNamespace, int], Callable[..., None]] | None = None


def sgd(o: SimpleNamespace, t: int) -> Callable[..., None]:
    def update(p, g, state, a, b):
        buf = state["momentum_buffer"]
        if t == 1:
            np.copyto(buf, g)
        else:
            np.multiply(buf, o.momentum, buf)
            np.add(buf, g, buf)
        np.multiply(buf, o.lr, a)
        np.subtract(p, a, p)

    return update


def momentum(o: SimpleNamespace, t: int) -> Callable[..., None]:
    def update(p, g, state, a, b):
        v = state["momentum_buffer"]
        np.multiply(v, o.momentum, v)
        np.multiply(g, o.lr, a)
        np.subtract(v, a, v)
        np.add(p, v, p)

    return update


def rmsprop(o: SimpleNamespace, t: int) -> Callable[..., None]:
    def update(p, g, state, a, b):
        v = state["square_avg"]
        np.multiply(v, o.alpha, v)
        np.multiply(g, 1 - o.alpha, a)
        np.multiply(a, g, a)
        np.add(v, a, v)
        np.sqrt(v, a)
        np.add(a, o.eps, a)
        np.divide(g, a, a)
        np.multiply(a, o.lr, a)
        np.subtract(p, a, p)

    return update


def adam(o: SimpleNamespace, t: int) -> Callable[..., None]:
    b1, b2 = o.betas
    rate = o.lr / (1 - power(b1, t))
    scale = 1 / sqrt(1 - power(b2, t))
    keep = 1 - o.lr * o.weight_decay if o.decoupled_weight_decay else 1

    def update(p, g, state, a, b):
        m, v = state["exp_avg"], state["exp_avg_sq"]
        if keep != 1:
            np.multiply(p, keep, p)
        np.multiply(m, b1, m)
        np.multiply(g, 1 - b1, a)
        np.add(m, a, m)
        np.multiply(v, b2, v)
        np.multiply(g, 1 - b2, a)
        np.multiply(a, g, a)
        np.add(v, a, v)
        np.sqrt(v, a)
        np.multiply(a, scale, a)
        np.add(a, o.eps, a)
        np.multiply(m, rate, b)
        np.divide(b, a, b)
        np.subtract(p, b, p)

    return update


def adagrad(o: SimpleNamespace, t: int) -> Callable[..., None]:
    rate = o.lr / (1 + (t - 1) * o.lr_decay)

    def update(p, g, state, a, b):
        s = state["sum"]
        np.multiply(g, g, a)
        np.add(s, a, s)
        np.sqrt(s, a)
        np.add(a, o.eps, a)
        np.multiply(g, rate, b)
        np.divide(b, a, b)
        np.subtract(p, b, p)

    return update


ENTRIES = {
    fo.SGD: Entry({"momentum": 0.9}, ("SGD", {"momentum": 0.9, "fused": True}), sgd),
    fo.Momentum: Entry(expert=momentum),
    fo.RMSProp: Entry(torch=("RMSprop", {}), expert=rmsprop),
    fo.Adagrad: Entry(torch=("Adagrad", {"fused": True}), expert=adagrad),
    fo.Adadelta: Entry(torch=("Adadelta", {})),
    fo.Adam: Entry(torch=("Adam", {"fused": True}), expert=adam),
    fo.AdamW: Entry(torch=("AdamW", {"fused": True}), expert=adam),
    fo.Adamax: Entry(torch=("Adamax", {})),
    fo.NAdam: Entry(torch=("NAdam", {})),
    fo.RAdam: Entry(torch=("RAdam", {})),
    fo.Rprop: Entry(torch=("Rprop", {})),
    fo.ASGD: Entry(torch=("ASGD", {})),
    fo.FTRL: Entry({"l1": 0.1}),
}

PUBLIC = [getattr(fo, name) for name in fo.__all__]
ALL = [c for c in PUBLIC if isinstance(c, type) and issubclass(c, fo.Optimizer)]
#: Those with an entry come first in a report.
OPTIMIZERS = [*ENTRIES, *(c for c in ALL if c not in ENTRIES and c is not fo.Optimizer)]


def describe(
    optimizer: type[fo.Optimizer], options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, float]]:
    """All options, and the state arrays with what they begin with."""
    return _core.describe(optimizer.rule, {**optimizer.defaults, **options})
