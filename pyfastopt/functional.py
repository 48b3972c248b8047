"""Raw functions: one step of an optimizer on arrays of the caller's own, ``adam_`` and the like.

There is one for each class of optimizer, made from its declaration and from its rule in the
library.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

from . import _core, optimizers
from .documentation import document
from .optimizer import Optimizer

_SLOTS = {rule: slots for rule, _, _, slots in _core.rules()}
_VARIANTS = _core.variants()

# Written out for each optimizer, so that Python binds the arguments, at the least cost for a call.
_SOURCE = """
def {name}({arrays}, *, step, num_threads=None, **options):
    run({given}, step, options, num_threads)
"""

_DOC = """p : array
    Parameter, updated in place: float32 or float64, in any layout.
g : array
    Gradient, of the same shape and dtype.
{slots} : array
    State, of the same shape and dtype, updated in place; None for what the options do not ask for.
    Before the first step it is zero, unless the notes name what it begins with.
step : int
    Number of this step, counted from 1."""


def _make(optimizer: type[Optimizer]) -> Callable[..., None]:
    """Make the raw function of an optimizer."""
    name, rule = f"{optimizer.__name__.lower()}_", optimizer.rule
    slots = _SLOTS[rule]
    optional = {s for other, has in _VARIANTS if other == rule for s in slots if s not in has}
    # The library itself has the other defaults.
    library, _ = _core.describe(rule, {})
    changed = {k: value for k, value in optimizer.defaults.items() if value != library[k]}
    source = _SOURCE.format(
        name=name,
        arrays=", ".join(["p", "g", *(f"{s}=None" if s in optional else s for s in slots)]),
        given=", ".join(["p", "g", *slots]),
    )
    one_step = _core.OneStep(rule, changed)
    namespace: dict[str, Any] = {"__name__": __name__, "run": one_step.step}
    exec(compile(source, f"<{__name__}.{name}>", "exec"), namespace)
    function: Callable[..., None] = namespace[name]

    fields = {option: optimizer.fields[option] for option in ("num_threads", *optimizer.defaults)}
    vars(function)["__signature__"] = Signature(
        [
            *(_parameter(array, "Array") for array in ("p", "g")),
            *(
                _parameter(slot, "Array | None", default=None)
                if slot in optional
                else _parameter(slot, "Array")
                for slot in slots
            ),
            Parameter("step", Parameter.KEYWORD_ONLY, annotation="int"),
            *(f.parameter(k, Parameter.KEYWORD_ONLY) for k, f in fields.items()),
        ],
        return_annotation="None",
    )
    function.__doc__ = document(
        optimizer,
        f"Take one step of :class:`{optimizer.__name__}` on the caller's own arrays.",
        [_DOC.format(slots=", ".join(slots)), *(f.describe(k) for k, f in fields.items())],
    )
    return function


def _parameter(name: str, annotation: str, **default: None) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation, **default)


if TYPE_CHECKING:
    from ._stubs.functional import *
    from ._stubs.functional import __all__ as __all__
else:
    _made = [_make(getattr(optimizers, name)) for name in optimizers.__all__]
    globals().update({function.__name__: function for function in _made})
    __all__ = [function.__name__ for function in _made]
