"""What the frameworks do differently: for each, the options that make an optimizer its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import _core
from ._types import OptionValue

if TYPE_CHECKING:
    from typing import TypeAlias

    from .optimizer import Optimizer

__all__ = ["Convention", "preset"]

#: A framework whose formulas and defaults an optimizer takes over.
Convention: TypeAlias = "Literal['torch', 'keras', 'optax', 'mxnet']"

# Where a framework differs from the class's own defaults, which are torch's where torch has the
# optimizer. An optimizer that a framework has not is missing here.
_CONVENTIONS: dict[str, dict[str, dict[str, OptionValue]]] = {
    "keras": {
        "SGD": {"lr": 1e-2, "lr_inside": True, "decoupled_weight_decay": True},
        "RMSProp": {
            "lr": 1e-3,
            "alpha": 0.9,
            "eps": 1e-7,
            "eps_inside": True,
            "lr_inside": True,
            "decoupled_weight_decay": True,
        },
        "Adagrad": {
            "lr": 1e-3,
            "eps": 1e-7,
            "eps_inside": True,
            "initial_accumulator_value": 0.1,
            "decoupled_weight_decay": True,
        },
        "Adadelta": {"lr": 1e-3, "rho": 0.95, "eps": 1e-7, "decoupled_weight_decay": True},
        "Adam": {"eps": 1e-7, "eps_hat": True, "decoupled_weight_decay": True},
        "AdamW": {"weight_decay": 4e-3, "eps": 1e-7, "eps_hat": True},
        "Adamax": {
            "lr": 1e-3,
            "eps": 1e-7,
            "eps_inside": False,
            "decoupled_weight_decay": True,
        },
        "NAdam": {
            "lr": 1e-3,
            "eps": 1e-7,
            "momentum_decay": 1.0,
            "decoupled_weight_decay": True,
        },
        "Lion": {"lr": 1e-3},
        "FTRL": {
            "lr": 1e-3,
            "beta": 0.0,
            "l2_halved": False,
            "initial_accumulator_value": 0.1,
            "decoupled_weight_decay": True,
        },
        "LAMB": {"eps": 1e-7, "weight_decay": 0.0, "decoupled_weight_decay": True},
    },
    "optax": {
        "SGD": {},
        "RMSProp": {"alpha": 0.9, "eps_inside": True, "lr_inside": True},
        "Adagrad": {"eps": 1e-7, "eps_inside": True, "initial_accumulator_value": 0.1},
        "Adadelta": {},
        "Adam": {"amsgrad_corrected": True},
        "AdamW": {"weight_decay": 1e-4, "amsgrad_corrected": True},
        "Adamax": {},
        "NAdam": {"momentum_decay": float("inf")},
        "RAdam": {"eps_hat": False},
        "Lion": {"weight_decay": 1e-3},
        "LARS": {"eps": 0.0, "decay_in_norm": True},
        "LAMB": {"weight_decay": 0.0},
    },
    "mxnet": {
        "SGD": {"lr": 0.1, "lr_inside": True},
        "RMSProp": {"lr": 1e-3, "alpha": 0.9, "lr_inside": True},
        "Adagrad": {"eps": 1e-6},
        "Adadelta": {},
        "Adam": {"eps_hat": True},
        "AdamW": {"weight_decay": 0.0, "eps": 1e-6, "eps_hat": True, "decay_corrected": True},
        "Adamax": {"eps": 0.0},
        "NAdam": {"lr": 1e-3},
        "FTRL": {"l1": 0.01},
        "LARS": {"momentum": 0.0},
        "LAMB": {"weight_decay": 0.0},
    },
}


def preset(convention: Convention, optimizer: type[Optimizer]) -> dict[str, Any]:
    """Return the options of an optimizer, with the defaults and the formula of a framework.

    They are what ``optimizer(params, convention=convention)`` starts from, for use with the raw
    functions and with :func:`option_struct`.

    Parameters
    ----------
    convention : {"torch", "keras", "optax", "mxnet"}
        The framework. ``"torch"`` stands for the defaults of the class, which are torch's where
        torch has the optimizer. optax has no default rate; the class's stands in for it.
    optimizer : type
        A class such as :class:`Adam`.

    Returns
    -------
    dict
        Every option by name.

    Raises
    ------
    TypeError
        For what is no class of an optimizer with such options (:class:`LBFGS` has its own).
    ValueError
        For another name, and where the framework has no such optimizer.

    Notes
    -----
    The conventions are those of torch 2.13, Keras 3.15, optax 0.2.8 and MXNet 2; the formulas are
    in docs/conventions.md.
    """
    if not isinstance(optimizer, type) or not hasattr(optimizer, "_rule"):
        raise TypeError(
            f"optimizer = {optimizer!r:.80} has no conventions; pass a class such as pyfastopt.Adam"
        )
    values, _ = _core.describe(
        optimizer._rule, {**optimizer._preset, **differences(convention, optimizer)}
    )
    return values


def differences(convention: str, optimizer: type[Optimizer]) -> dict[str, OptionValue]:
    """Return what the framework sets otherwise than the class."""
    if convention == "torch":
        return {}
    known = _CONVENTIONS.get(convention) if isinstance(convention, str) else None
    if known is None:
        names = ", ".join(map(repr, ["torch", *_CONVENTIONS]))
        raise ValueError(f"convention = {convention!r} must be one of {names}")
    for base in optimizer.__mro__:
        if base.__name__ in known:
            return known[base.__name__]
    raise ValueError(
        f"convention = {convention!r} has no {optimizer.__name__}; it has {', '.join(known)}"
    )
