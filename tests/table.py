"""What tests and benchmarks know of each optimizer: a row each.

A row has the class, its function on raw arrays, the frameworks' names of the optimizer, the
variants to test (options, under a framework's convention), and the formula as somebody who knows
NumPy well would write it, without temporaries.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import pyfastopt as fo
from pyfastopt.formulas import power
from pyfastopt.optimizer import differences

#: The library was built with sanitizers, whose runtime is preloaded. They are slow and look at
#: memory, so that what differs in numbers only is not repeated for them.
SANITIZED = "asan" in os.environ.get("LD_PRELOAD", "")

#: The common options away from their defaults.
COMMON = {"weight_decay": 0.1, "maximize": True, "grad_scale": 0.5, "clip_value": 0.7}
DECOUPLED = {**COMMON, "decoupled_weight_decay": True}


class Variant(NamedTuple):
    #: The framework that must agree; None where none can. MXNet cannot be installed to be asked.
    framework: str | None
    options: dict[str, Any]

    @property
    def convention(self) -> str:
        return self.framework or "torch"


@dataclass(frozen=True)
class Row:
    optimizer: type[fo.Optimizer]
    raw: Callable[..., None]
    #: What each framework calls it.
    names: dict[str, str]
    variants: list[Variant]
    #: expert(options, t) makes update(p, g, state, a, b), with a and b for scratch.
    expert: Callable[[SimpleNamespace, int], Callable[..., None]] | None = None
    #: Options of the benchmarks, and torch's own for the same, where it has the optimizer so.
    bench: dict[str, Any] = field(default_factory=dict)
    torch: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        return self.optimizer.__name__

    def explicit(self, variant: Variant) -> dict[str, Any]:
        """The variant's options, those that its convention sets too."""
        return {**differences(variant.convention, self.optimizer), **variant.options}


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
        v = state["momentum_buffer"]
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


#: With every variant: (framework, options).
TABLE = [
    Row(
        fo.SGD,
        fo.sgd_,
        {"torch": "SGD", "keras": "SGD", "optax": "sgd"},
        [
            Variant("torch", {}),
            Variant(None, COMMON),
            Variant("torch", {"momentum": 0.9}),
            Variant("torch", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
            Variant("torch", {"momentum": 0.8, "dampening": 0.3, "maximize": True}),
            Variant(None, {"momentum": 0.8, "dampening": -0.3, **DECOUPLED}),
            Variant("keras", {}),
            Variant("keras", {"momentum": 0.9, "weight_decay": 0.1, "clip_value": 0.7}),
            Variant("keras", {"momentum": 0.9, "nesterov": True}),
            Variant("optax", {"momentum": 0.9}),
            Variant("optax", {"momentum": 0.9, "nesterov": True}),
            Variant("mxnet", {"momentum": 0.9, **COMMON}),
        ],
        expert_sgd,
        {"momentum": 0.9},
        {"momentum": 0.9, "fused": True},
    ),
    Row(
        fo.Momentum,
        fo.momentum_,
        {},
        [
            Variant(None, {}),
            Variant(None, {"momentum": 0.7, "nesterov": True, **COMMON}),
        ],
        expert_momentum,
    ),
    Row(
        fo.RMSProp,
        fo.rmsprop_,
        {"torch": "RMSprop", "keras": "RMSprop", "optax": "rmsprop"},
        [
            Variant("torch", {}),
            Variant("torch", {"momentum": 0.9}),
            Variant("torch", {"centered": True, "weight_decay": 0.1}),
            Variant("torch", {"centered": True, "momentum": 0.9, "alpha": 0.8}),
            Variant("keras", {"weight_decay": 0.1}),
            Variant("keras", {"momentum": 0.9, "centered": True, "eps": 1e-3}),
            Variant("optax", {"initial_accumulator_value": 0.3}),
            Variant("optax", {"centered": True, "momentum": 0.9, "nesterov": True, "eps": 1e-3}),
            Variant("optax", {"bias_correction": True, "momentum": 0.5}),
            Variant("mxnet", {"centered": True, "momentum": 0.9, "eps_inside": True}),
            Variant(None, {"centered": True, "momentum": 0.9, "eps_inside": True, **DECOUPLED}),
        ],
        expert_rmsprop,
        torch={},
    ),
    Row(
        fo.Adagrad,
        fo.adagrad_,
        {"torch": "Adagrad", "keras": "Adagrad", "optax": "adagrad"},
        [
            Variant("torch", {}),
            Variant("torch", {"lr_decay": 0.1, "initial_accumulator_value": 0.5}),
            Variant("torch", {"weight_decay": 0.1, "eps": 1e-3, "maximize": True}),
            Variant("keras", {"weight_decay": 0.1, "eps": 1e-3}),
            Variant("optax", {"initial_accumulator_value": 0.2}),
            Variant("mxnet", {"weight_decay": 0.1}),
            Variant(None, {"eps_inside": True, "lr_decay": 0.1, **DECOUPLED}),
        ],
        expert_adagrad,
        torch={"fused": True},
    ),
    Row(
        fo.Adadelta,
        fo.adadelta_,
        {"torch": "Adadelta", "keras": "Adadelta", "optax": "adadelta"},
        [
            Variant("torch", {}),
            Variant("torch", {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
            Variant("keras", {"weight_decay": 0.1, "lr": 0.3}),
            Variant("optax", {"rho": 0.7, "weight_decay": 0.1}),
            Variant("mxnet", {}),
            Variant(None, DECOUPLED),
        ],
        torch={},
    ),
    Row(
        fo.Adam,
        fo.adam_,
        {"torch": "Adam", "keras": "Adam", "optax": "adam"},
        [
            Variant("torch", {}),
            Variant("torch", {"weight_decay": 0.1, "maximize": True}),
            Variant("torch", {"amsgrad": True, "betas": (0.5, 0.6)}),
            Variant("torch", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
            Variant("torch", {"betas": (0.0, 0.0), "eps": 1e-3}),
            Variant("keras", {"weight_decay": 0.1, "eps": 1e-2}),
            Variant("keras", {"amsgrad": True, "betas": (0.5, 0.6), "eps": 1e-2}),
            Variant("optax", {"eps_root": 1e-2, "betas": (0.8, 0.9)}),
            Variant("optax", {"amsgrad": True, "betas": (0.5, 0.6), "eps_root": 1e-2}),
            Variant("mxnet", {"weight_decay": 0.1}),
            Variant(None, {"amsgrad": True, **COMMON}),
        ],
        expert_adam,
        torch={"fused": True},
    ),
    Row(
        fo.AdamW,
        fo.adamw_,
        {"torch": "AdamW", "keras": "AdamW", "optax": "adamw"},
        [
            Variant("torch", {}),
            Variant("torch", {"amsgrad": True, "weight_decay": 0.3}),
            Variant("keras", {}),
            Variant("optax", {"eps_root": 1e-3}),
            Variant("mxnet", {"weight_decay": 0.1}),
            Variant(None, COMMON),
        ],
        expert_adam,
        torch={"fused": True},
    ),
    Row(
        fo.Adamax,
        fo.adamax_,
        {"torch": "Adamax", "keras": "Adamax", "optax": "adamax"},
        [
            Variant("torch", {}),
            Variant(
                "torch", {"weight_decay": 0.1, "eps": 1e-2, "betas": (0.7, 0.8), "maximize": True}
            ),
            Variant("keras", {"eps": 1e-2, "weight_decay": 0.1}),
            Variant("optax", {"eps": 1e-2}),
            Variant("mxnet", {}),
            Variant(None, {"eps_inside": False, **DECOUPLED}),
        ],
        torch={},
    ),
    Row(
        fo.NAdam,
        fo.nadam_,
        {"torch": "NAdam", "keras": "Nadam", "optax": "nadam"},
        [
            Variant("torch", {}),
            Variant("torch", {"momentum_decay": 0.3, "betas": (0.7, 0.8), "maximize": True}),
            Variant("torch", {"momentum_decay": 0.0, "weight_decay": 0.1, "eps": 1e-3}),
            Variant("torch", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
            Variant("keras", {"weight_decay": 0.1, "betas": (0.7, 0.8)}),
            Variant("optax", {"eps_root": 1e-2, "betas": (0.7, 0.8)}),
            Variant("mxnet", {"weight_decay": 0.1}),
            Variant(None, DECOUPLED),
        ],
        torch={},
    ),
    Row(
        fo.RAdam,
        fo.radam_,
        {"torch": "RAdam", "optax": "radam"},
        [
            Variant("torch", {}),
            Variant(
                "torch", {"betas": (0.8, 0.9), "eps": 1e-2, "weight_decay": 0.1, "maximize": True}
            ),
            Variant("torch", {"betas": (0.8, 0.5)}),
            Variant("torch", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
            Variant("optax", {"eps": 1e-2, "eps_root": 1e-2, "threshold": 9.0}),
            Variant(None, DECOUPLED),
        ],
        torch={},
    ),
    Row(
        fo.Rprop,
        fo.rprop_,
        {"torch": "Rprop"},
        [
            Variant("torch", {}),
            Variant("torch", {"etas": (0.3, 1.5), "step_sizes": (5e-3, 0.02), "maximize": True}),
            Variant(None, COMMON),
            Variant(None, DECOUPLED),
        ],
        torch={},
    ),
    Row(
        fo.ASGD,
        fo.asgd_,
        {"torch": "ASGD"},
        [
            Variant("torch", {}),
            Variant("torch", {"t0": 10.0, "lambd": 0.1, "alpha": 0.5, "weight_decay": 0.1}),
            Variant("torch", {"t0": 0.0, "lambd": 0.0, "maximize": True}),
            Variant(None, {"t0": 1.0, **COMMON}),
            Variant(None, {"lambd": 0.1, **DECOUPLED}),
        ],
        torch={},
    ),
    Row(
        fo.Lion,
        fo.lion_,
        {"keras": "Lion", "optax": "lion"},
        [
            Variant("keras", {"weight_decay": 0.1}),
            Variant("optax", {"betas": (0.7, 0.8)}),
            Variant(None, {}),
            Variant(None, {**COMMON, "decoupled_weight_decay": False}),
        ],
    ),
    Row(
        fo.FTRL,
        fo.ftrl_,
        {"keras": "Ftrl"},
        [
            Variant("keras", {"lr": 0.1}),
            Variant("keras", {"lr": 0.1, "l1": 0.5, "l2": 0.3, "beta": 0.2, "weight_decay": 0.1}),
            Variant("keras", {"lr": 0.1, "l2_shrinkage": 0.2}),
            Variant("mxnet", {"l1": 0.5, "l2": 0.1}),
            Variant(None, {"l1": 1.0, **COMMON}),
            Variant(None, {"initial_accumulator_value": 0.5, "l2_shrinkage": 0.2, **DECOUPLED}),
        ],
        bench={"l1": 0.1},
    ),
    Row(
        fo.LARS,
        fo.lars_,
        {"optax": "lars"},
        [
            Variant("optax", {}),
            Variant("optax", {"weight_decay": 0.1, "trust_coefficient": 0.5, "nesterov": True}),
            Variant("optax", {"momentum": 0.0, "eps": 0.1, "weight_decay": 0.1}),
            Variant("mxnet", {"weight_decay": 0.1}),
            Variant(None, {"lr_inside": False, "trust_coefficient": 1.0, **COMMON}),
            Variant(None, {"layerwise": False, **DECOUPLED}),
        ],
    ),
    Row(
        fo.LAMB,
        fo.lamb_,
        {"keras": "Lamb", "optax": "lamb"},
        [
            Variant("keras", {"weight_decay": 0.1}),
            Variant("keras", {"betas": (0.7, 0.8), "eps": 1e-2}),
            Variant("optax", {"weight_decay": 0.1, "eps_root": 1e-2}),
            Variant("optax", {"betas": (0.7, 0.8), "eps": 1e-2}),
            Variant("mxnet", {"norm_limits": (0.5, 2.0), "bias_correction": False}),
            Variant(None, {}),
            Variant(None, COMMON),
            Variant(None, {"layerwise": False, **DECOUPLED}),
        ],
    ),
]


def variant_name(row: Row, variant: Variant) -> str:
    """A name for pytest's list."""
    parts = [row.name, *([variant.framework] if variant.framework else [])]
    return "-".join(parts + [f"{key}={value}" for key, value in variant.options.items()])
