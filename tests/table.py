"""What tests and benchmarks know of each optimizer: a row each.

A row has the class, its function on raw arrays, the variants to test (options), the settings of a
framework's optimizer that must agree with each variant, and the formula as somebody who knows NumPy
well would write it, without temporaries.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import oracles

import pyfastopt as fo
from pyfastopt.reference import power

#: The common options away from their defaults.
COMMON = {"weight_decay": 0.1, "maximize": True, "grad_scale": 0.5, "clip_value": 0.7}


@dataclass(frozen=True)
class Row:
    optimizer: type[fo.Optimizer]
    raw: Callable[..., None]
    #: Options, and the framework's optimizer that must agree, where there is one.
    variants: list[tuple[dict[str, Any], oracles.Oracle | None]]
    #: expert(options, t) makes update(p, g, state, a, b), with a and b for scratch.
    expert: Callable[[SimpleNamespace, int], Callable[..., None]]
    #: Options of the benchmarks, and torch's optimizer with its own options for the same.
    bench: dict[str, Any] = field(default_factory=dict)
    torch: tuple[str, dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        return self.optimizer.__name__


def expert_sgd(o: SimpleNamespace, t: int) -> Callable[..., None]:
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


def expert_momentum(o: SimpleNamespace, t: int) -> Callable[..., None]:
    def update(p, g, state, a, b):
        v = state["velocity"]
        np.multiply(v, o.momentum, v)
        np.multiply(g, o.lr, a)
        np.subtract(v, a, v)
        np.add(p, v, p)

    return update


def expert_rmsprop(o: SimpleNamespace, t: int) -> Callable[..., None]:
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


def expert_adam(o: SimpleNamespace, t: int) -> Callable[..., None]:
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


def expert_adagrad(o: SimpleNamespace, t: int) -> Callable[..., None]:
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


TABLE = [
    Row(
        fo.SGD,
        fo.sgd_,
        [
            ({}, oracles.torch("SGD")),
            (COMMON, None),
            ({"momentum": 0.9}, oracles.torch("SGD")),
            ({"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, oracles.torch("SGD")),
            ({"momentum": 0.8, "dampening": 0.3, "maximize": True}, oracles.torch("SGD")),
            ({"momentum": 0.8, "dampening": -0.3, **COMMON}, None),
        ],
        expert_sgd,
        {"momentum": 0.9},
        ("SGD", {"momentum": 0.9}),
    ),
    Row(
        fo.Momentum,
        fo.momentum_,
        [
            ({}, oracles.keras("SGD", momentum=0.9)),
            ({"nesterov": True}, oracles.keras("SGD", momentum=0.9, nesterov=True)),
            ({"momentum": 0.0}, oracles.keras("SGD")),
            ({"momentum": 0.7, "nesterov": True, **COMMON}, None),
        ],
        expert_momentum,
    ),
    Row(
        fo.RMSProp,
        fo.rmsprop_,
        [
            ({}, oracles.torch("RMSprop")),
            ({"momentum": 0.9}, oracles.torch("RMSprop")),
            ({"centered": True, "weight_decay": 0.1}, oracles.torch("RMSprop")),
            ({"centered": True, "momentum": 0.9, "alpha": 0.8}, oracles.torch("RMSprop")),
            (
                {"eps_inside": True, "alpha": 0.9, "eps": 1e-3},
                oracles.optax("rmsprop", decay=0.9, eps=1e-3),
            ),
            (
                {"eps_inside": True, "alpha": 0.9, "eps": 1e-3, "centered": True, "momentum": 0.9},
                oracles.optax("rmsprop", decay=0.9, eps=1e-3, centered=True, momentum=0.9),
            ),
            ({"centered": True, "momentum": 0.9, "eps_inside": True, **COMMON}, None),
        ],
        expert_rmsprop,
        torch=("RMSprop", {}),
    ),
    Row(
        fo.Adam,
        fo.adam_,
        [
            ({}, oracles.torch("Adam")),
            ({"weight_decay": 0.1, "maximize": True}, oracles.torch("Adam")),
            ({"amsgrad": True, "betas": (0.5, 0.6)}, oracles.torch("Adam")),
            ({"decoupled_weight_decay": True, "weight_decay": 0.1}, oracles.torch("Adam")),
            ({"betas": (0.0, 0.0), "eps": 1e-3}, oracles.torch("Adam")),
            ({"amsgrad": True, **COMMON}, None),
        ],
        expert_adam,
        torch=("Adam", {"fused": True}),
    ),
    Row(
        fo.AdamW,
        fo.adamw_,
        [
            ({}, oracles.torch("AdamW")),
            ({"amsgrad": True, "weight_decay": 0.3}, oracles.torch("AdamW")),
            (COMMON, None),
        ],
        expert_adam,
        torch=("AdamW", {"fused": True}),
    ),
    Row(
        fo.Adagrad,
        fo.adagrad_,
        [
            ({}, oracles.torch("Adagrad")),
            ({"lr_decay": 0.1, "initial_accumulator_value": 0.5}, oracles.torch("Adagrad")),
            ({"weight_decay": 0.1, "eps": 1e-3, "maximize": True}, oracles.torch("Adagrad")),
            (
                {"eps_inside": True, "eps": 1e-3, "initial_accumulator_value": 0.1},
                oracles.keras("Adagrad", epsilon=1e-3, initial_accumulator_value=0.1),
            ),
            ({"eps_inside": True, "lr_decay": 0.1, **COMMON}, None),
        ],
        expert_adagrad,
        torch=("Adagrad", {"fused": True}),
    ),
]


def variant_name(row: Row, options: dict[str, Any]) -> str:
    """A name for pytest's list."""
    return row.name + "".join(f"-{key}={value}" for key, value in options.items())
