"""What the tests know of each optimizer: a row each.

A row has the class, the frameworks' names of the optimizer, and the variants to test: options,
under a framework's convention. What a class does not make public of itself is asked for here, and
nowhere else in the tests.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyfastopt as fo
from pyfastopt import _core
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
    #: What each framework calls it.
    names: dict[str, str]
    variants: list[Variant]

    @property
    def name(self) -> str:
        return self.optimizer.__name__

    @property
    def rule(self) -> str:
        return rule_name(self.optimizer)

    @property
    def raw(self) -> Callable[..., None]:
        """Its function on raw arrays."""
        return getattr(fo, f"{self.name.lower()}_")

    def explicit(self, variant: Variant) -> dict[str, Any]:
        """The variant's options, those that its convention sets too."""
        return {**differences(variant.convention, self.optimizer), **variant.options}

    def describe(self, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
        """All options, and the state arrays with what they begin with."""
        return _core.describe(self.rule, {**self.optimizer.defaults, **options})

    @property
    def kernels(self) -> list[Variant]:
        """Of the variants that touch the same arrays, which one kernel steps, the last."""
        return list({(*self.describe(self.explicit(v))[1],): v for v in self.variants}.values())


def rule_name(optimizer: fo.Optimizer | type[fo.Optimizer]) -> str:
    """The name in C of the rule by which an optimizer steps."""
    return optimizer.rule


TABLE = [
    Row(
        fo.SGD,
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
    ),
    Row(
        fo.Momentum,
        {},
        [
            Variant(None, {}),
            Variant(None, {"momentum": 0.7, "nesterov": True, **COMMON}),
        ],
    ),
    Row(
        fo.RMSProp,
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
    ),
    Row(
        fo.Adagrad,
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
    ),
    Row(
        fo.Adadelta,
        {"torch": "Adadelta", "keras": "Adadelta", "optax": "adadelta"},
        [
            Variant("torch", {}),
            Variant("torch", {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
            Variant("keras", {"weight_decay": 0.1, "lr": 0.3}),
            Variant("optax", {"rho": 0.7, "weight_decay": 0.1}),
            Variant("mxnet", {}),
            Variant(None, DECOUPLED),
        ],
    ),
    Row(
        fo.Adam,
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
    ),
    Row(
        fo.AdamW,
        {"torch": "AdamW", "keras": "AdamW", "optax": "adamw"},
        [
            Variant("torch", {}),
            Variant("torch", {"amsgrad": True, "weight_decay": 0.3}),
            Variant("keras", {}),
            Variant("optax", {"eps_root": 1e-3}),
            Variant("mxnet", {"weight_decay": 0.1}),
            Variant(None, COMMON),
        ],
    ),
    Row(
        fo.Adamax,
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
    ),
    Row(
        fo.NAdam,
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
    ),
    Row(
        fo.RAdam,
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
    ),
    Row(
        fo.Rprop,
        {"torch": "Rprop"},
        [
            Variant("torch", {}),
            Variant("torch", {"etas": (0.3, 1.5), "step_sizes": (5e-3, 0.02), "maximize": True}),
            Variant(None, COMMON),
            Variant(None, DECOUPLED),
        ],
    ),
    Row(
        fo.ASGD,
        {"torch": "ASGD"},
        [
            Variant("torch", {}),
            Variant("torch", {"t0": 10.0, "lambd": 0.1, "alpha": 0.5, "weight_decay": 0.1}),
            Variant("torch", {"t0": 0.0, "lambd": 0.0, "maximize": True}),
            Variant(None, {"t0": 1.0, **COMMON}),
            Variant(None, {"lambd": 0.1, **DECOUPLED}),
        ],
    ),
    Row(
        fo.Lion,
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
        {"keras": "Ftrl"},
        [
            Variant("keras", {"lr": 0.1}),
            Variant("keras", {"lr": 0.1, "l1": 0.5, "l2": 0.3, "beta": 0.2, "weight_decay": 0.1}),
            Variant("keras", {"lr": 0.1, "l2_shrinkage": 0.2}),
            Variant("mxnet", {"l1": 0.5, "l2": 0.1}),
            Variant(None, {"l1": 1.0, **COMMON}),
            Variant(None, {"initial_accumulator_value": 0.5, "l2_shrinkage": 0.2, **DECOUPLED}),
        ],
    ),
    Row(
        fo.LARS,
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
    Row(
        fo.Yogi,
        {"optax": "yogi"},
        [
            Variant("optax", {}),
            Variant("optax", {"betas": (0.7, 0.8), "eps": 1e-2}),
            Variant(None, {"bias_correction": False, "initial_accumulator_value": 0.1, **COMMON}),
            Variant(None, {"eps_root": 1e-2, **DECOUPLED}),
        ],
    ),
]


def variant_name(row: Row, variant: Variant) -> str:
    """A name for pytest's list."""
    parts = [row.name, *([variant.framework] if variant.framework else [])]
    return "-".join(parts + [f"{key}={value}" for key, value in variant.options.items()])
