"""The options with which an optimizer has a framework's formula and defaults."""

from __future__ import annotations

from typing import Any

from . import _core
from ._types import Convention
from .optimizer import Optimizer, differences

__all__ = ["Convention", "preset"]


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
        For anything but the class of an optimizer that has conventions (:class:`LBFGS` lacks them).
    ValueError
        For the name of another framework, and where the framework lacks the optimizer.

    Notes
    -----
    The conventions are those of torch 2.13, Keras 3.15, optax 0.2.8 and MXNet 2; the formulas are
    in docs/conventions.md.
    """
    if not isinstance(optimizer, type) or not hasattr(optimizer, "rule"):
        raise TypeError(
            f"optimizer = {optimizer!r:.80} has no conventions; pass a class such as pyfastopt.Adam"
        )
    options = {**optimizer.defaults, **differences(convention, optimizer)}
    values, _ = _core.describe(optimizer.rule, options)
    return values
