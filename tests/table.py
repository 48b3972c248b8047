"""What the tests know of each optimizer: a row each.

A row has the class, the frameworks' names of the optimizer, and the cases to test: options,
under a framework's convention. What a class does not make public of itself is asked for here, and
nowhere else in the tests.
"""

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyfastopt as fo
from pyfastopt import _core
from pyfastopt.optimizer import differences

#: The library was built with sanitizers, whose runtime is preloaded. They are slow and look at
#: memory, so that what differs in numbers only is not repeated for them.
SANITIZED = "asan" in os.environ.get("LD_PRELOAD", "")

#: The library, for ctypes.
LIBRARY = next(Path(fo.get_library_dir()).glob("libfastopt.*"))

#: The common options away from their defaults.
COMMON = {"weight_decay": 0.1, "maximize": True, "grad_scale": 0.5, "clip_value": 0.7}
DECOUPLED = {**COMMON, "decoupled_weight_decay": True}


class Case(NamedTuple):
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
    cases: list[Case]

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

    def explicit(self, case: Case) -> dict[str, Any]:
        """The case's options, those that its convention sets too."""
        return {**differences(case.convention, self.optimizer), **case.options}

    def describe(self, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
        """All options, and the state arrays with what they begin with."""
        return _core.describe(self.rule, {**self.optimizer.defaults, **options})

    @property
    def variants(self) -> list[Case]:
        """For each variant of the rule, the last of its cases."""
        return list({self.variant(case): case for case in self.cases}.values())

    def variant(self, case: Case) -> int:
        """Where the library describes the variant that serves the case."""
        options = fo.option_struct(self.rule, **self.describe(self.explicit(case))[0])
        found = ctypes.c_void_p()
        library = ctypes.CDLL(str(LIBRARY))
        assert library.fastopt_options_variant(options.ctypes, ctypes.byref(found), None) == 0
        return found.value


def rule_name(optimizer: fo.Optimizer | type[fo.Optimizer]) -> str:
    """The name in C of the rule by which an optimizer steps."""
    return optimizer.rule


TABLE = [
    Row(
        fo.SGD,
        {"torch": "SGD", "keras": "SGD", "optax": "sgd"},
        [
            Case("torch", {}),
            Case(None, COMMON),
            Case("torch", {"momentum": 0.9}),
            Case("torch", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
            Case("torch", {"momentum": 0.8, "dampening": 0.3, "maximize": True}),
            Case(None, {"momentum": 0.8, "dampening": -0.3, **DECOUPLED}),
            Case("keras", {}),
            Case("keras", {"momentum": 0.9, "weight_decay": 0.1, "clip_value": 0.7}),
            Case("keras", {"momentum": 0.9, "nesterov": True}),
            Case("optax", {"momentum": 0.9}),
            Case("optax", {"momentum": 0.9, "nesterov": True}),
            Case("mxnet", {"momentum": 0.9, **COMMON}),
        ],
    ),
    Row(
        fo.Momentum,
        {},
        [
            Case(None, {}),
            Case(None, {"momentum": 0.7, "nesterov": True, **COMMON}),
        ],
    ),
    Row(
        fo.RMSProp,
        {"torch": "RMSprop", "keras": "RMSprop", "optax": "rmsprop"},
        [
            Case("torch", {}),
            Case("torch", {"momentum": 0.9}),
            Case("torch", {"centered": True, "weight_decay": 0.1}),
            Case("torch", {"centered": True, "momentum": 0.9, "alpha": 0.8}),
            Case("keras", {"weight_decay": 0.1}),
            Case("keras", {"momentum": 0.9, "centered": True, "eps": 1e-3}),
            Case("optax", {"initial_accumulator_value": 0.3}),
            Case("optax", {"centered": True, "momentum": 0.9, "nesterov": True, "eps": 1e-3}),
            Case("optax", {"bias_correction": True, "momentum": 0.5}),
            Case("mxnet", {"centered": True, "momentum": 0.9, "eps_inside": True}),
            Case(None, {"centered": True, "momentum": 0.9, "eps_inside": True, **DECOUPLED}),
        ],
    ),
    Row(
        fo.Adagrad,
        {"torch": "Adagrad", "keras": "Adagrad", "optax": "adagrad"},
        [
            Case("torch", {}),
            Case("torch", {"lr_decay": 0.1, "initial_accumulator_value": 0.5}),
            Case("torch", {"weight_decay": 0.1, "eps": 1e-3, "maximize": True}),
            Case("keras", {"weight_decay": 0.1, "eps": 1e-3}),
            Case("optax", {"initial_accumulator_value": 0.2}),
            Case("mxnet", {"weight_decay": 0.1}),
            Case(None, {"eps_inside": True, "lr_decay": 0.1, **DECOUPLED}),
        ],
    ),
    Row(
        fo.Adadelta,
        {"torch": "Adadelta", "keras": "Adadelta", "optax": "adadelta"},
        [
            Case("torch", {}),
            Case("torch", {"rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
            Case("keras", {"weight_decay": 0.1, "lr": 0.3}),
            Case("optax", {"rho": 0.7, "weight_decay": 0.1}),
            Case("mxnet", {}),
            Case(None, DECOUPLED),
        ],
    ),
    Row(
        fo.Adam,
        {"torch": "Adam", "keras": "Adam", "optax": "adam"},
        [
            Case("torch", {}),
            Case("torch", {"weight_decay": 0.1, "maximize": True}),
            Case("torch", {"amsgrad": True, "betas": (0.5, 0.6)}),
            Case("torch", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
            Case("torch", {"betas": (0.0, 0.0), "eps": 1e-3}),
            Case("keras", {"weight_decay": 0.1, "eps": 1e-2}),
            Case("keras", {"amsgrad": True, "betas": (0.5, 0.6), "eps": 1e-2}),
            Case("optax", {"eps_root": 1e-2, "betas": (0.8, 0.9)}),
            Case("optax", {"amsgrad": True, "betas": (0.5, 0.6), "eps_root": 1e-2}),
            Case("mxnet", {"weight_decay": 0.1}),
            Case(None, {"amsgrad": True, **COMMON}),
        ],
    ),
    Row(
        fo.AdamW,
        {"torch": "AdamW", "keras": "AdamW", "optax": "adamw"},
        [
            Case("torch", {}),
            Case("torch", {"amsgrad": True, "weight_decay": 0.3}),
            Case("keras", {}),
            Case("optax", {"eps_root": 1e-3}),
            Case("mxnet", {"weight_decay": 0.1}),
            Case(None, COMMON),
        ],
    ),
    Row(
        fo.Adamax,
        {"torch": "Adamax", "keras": "Adamax", "optax": "adamax"},
        [
            Case("torch", {}),
            Case(
                "torch", {"weight_decay": 0.1, "eps": 1e-2, "betas": (0.7, 0.8), "maximize": True}
            ),
            Case("keras", {"eps": 1e-2, "weight_decay": 0.1}),
            Case("optax", {"eps": 1e-2}),
            Case("mxnet", {}),
            Case(None, {"eps_inside": False, **DECOUPLED}),
        ],
    ),
    Row(
        fo.NAdam,
        {"torch": "NAdam", "keras": "Nadam", "optax": "nadam"},
        [
            Case("torch", {}),
            Case("torch", {"momentum_decay": 0.3, "betas": (0.7, 0.8), "maximize": True}),
            Case("torch", {"momentum_decay": 0.0, "weight_decay": 0.1, "eps": 1e-3}),
            Case("torch", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
            Case("keras", {"weight_decay": 0.1, "betas": (0.7, 0.8)}),
            Case("optax", {"eps_root": 1e-2, "betas": (0.7, 0.8)}),
            Case("mxnet", {"weight_decay": 0.1}),
            Case(None, DECOUPLED),
        ],
    ),
    Row(
        fo.RAdam,
        {"torch": "RAdam", "optax": "radam"},
        [
            Case("torch", {}),
            Case(
                "torch", {"betas": (0.8, 0.9), "eps": 1e-2, "weight_decay": 0.1, "maximize": True}
            ),
            Case("torch", {"betas": (0.8, 0.5)}),
            Case("torch", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
            Case("optax", {"eps": 1e-2, "eps_root": 1e-2, "threshold": 9.0}),
            Case(None, DECOUPLED),
        ],
    ),
    Row(
        fo.Rprop,
        {"torch": "Rprop"},
        [
            Case("torch", {}),
            Case("torch", {"etas": (0.3, 1.5), "step_sizes": (5e-3, 0.02), "maximize": True}),
            Case(None, COMMON),
            Case(None, DECOUPLED),
        ],
    ),
    Row(
        fo.ASGD,
        {"torch": "ASGD"},
        [
            Case("torch", {}),
            Case("torch", {"t0": 10.0, "lambd": 0.1, "alpha": 0.5, "weight_decay": 0.1}),
            Case("torch", {"t0": 0.0, "lambd": 0.0, "maximize": True}),
            Case(None, {"t0": 1.0, **COMMON}),
            Case(None, {"lambd": 0.1, **DECOUPLED}),
        ],
    ),
    Row(
        fo.Lion,
        {"keras": "Lion", "optax": "lion"},
        [
            Case("keras", {"weight_decay": 0.1}),
            Case("optax", {"betas": (0.7, 0.8)}),
            Case(None, {}),
            Case(None, {**COMMON, "decoupled_weight_decay": False}),
        ],
    ),
    Row(
        fo.FTRL,
        {"keras": "Ftrl"},
        [
            Case("keras", {"lr": 0.1}),
            Case("keras", {"lr": 0.1, "l1": 0.5, "l2": 0.3, "beta": 0.2, "weight_decay": 0.1}),
            Case("keras", {"lr": 0.1, "l2_shrinkage": 0.2}),
            Case("keras", {"lr": 0.1, "learning_rate_power": 0.0, "l1": 0.5}),
            Case("keras", {"lr": 0.1, "learning_rate_power": -1.0}),
            Case("mxnet", {"l1": 0.5, "l2": 0.1}),
            Case(None, {"l1": 1.0, **COMMON}),
            Case(None, {"initial_accumulator_value": 0.5, "l2_shrinkage": 0.2, **DECOUPLED}),
        ],
    ),
    Row(
        fo.LARS,
        {"optax": "lars"},
        [
            Case("optax", {}),
            Case("optax", {"weight_decay": 0.1, "trust_coefficient": 0.5, "nesterov": True}),
            Case("optax", {"momentum": 0.0, "eps": 0.1, "weight_decay": 0.1}),
            Case("mxnet", {"weight_decay": 0.1}),
            Case(None, {"lr_inside": False, "trust_coefficient": 1.0, **COMMON}),
            Case(None, {"layerwise": False, **DECOUPLED}),
        ],
    ),
    Row(
        fo.LAMB,
        {"keras": "Lamb", "optax": "lamb"},
        [
            Case("keras", {"weight_decay": 0.1}),
            Case("keras", {"betas": (0.7, 0.8), "eps": 1e-2}),
            Case("optax", {"weight_decay": 0.1, "eps_root": 1e-2}),
            Case("optax", {"betas": (0.7, 0.8), "eps": 1e-2}),
            Case("mxnet", {"norm_limits": (0.5, 2.0), "bias_correction": False}),
            Case(None, {}),
            Case(None, COMMON),
            Case(None, {"layerwise": False, **DECOUPLED}),
        ],
    ),
    Row(
        fo.Yogi,
        {"optax": "yogi"},
        [
            Case("optax", {}),
            Case("optax", {"betas": (0.7, 0.8), "eps": 1e-2}),
            Case(None, {"bias_correction": False, "initial_accumulator_value": 0.1, **COMMON}),
            Case(None, {"eps_root": 1e-2, **DECOUPLED}),
        ],
    ),
]


def case_name(row: Row, case: Case) -> str:
    """A name for pytest's list."""
    parts = [row.name, *([case.framework] if case.framework else [])]
    return "-".join(parts + [f"{key}={value}" for key, value in case.options.items()])
