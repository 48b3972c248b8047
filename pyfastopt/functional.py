"""Raw functions: one step of an optimizer on arrays of the caller's own, ``adam_`` and the like.

There is one for each class of optimizer, made from its declaration and from its rule in the
library.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

from . import _core, optimizers
from .documentation import document, parameter_docs
from .optimizer import Optimizer

# Written out for each optimizer, so that Python binds the arguments, at the least cost for a call.
_SOURCE = """
def {name}({positional}, *, step, num_threads=None, **options):
    apply({rule!r}, p, g, {slots}, step, {options}, num_threads)
"""

_ARRAYS_DOC = """p : array
    Parameter, updated in place: float32 or float64, in any layout.
g : array
    Gradient, of the same shape and dtype."""
_SLOTS_DOC = """
    State, of the same shape and dtype, updated in place; None for what the options do not ask for.
    Before the first step it is zero, unless the notes name what it begins with."""
_STEP_DOC = """step : int
    Number of this step, counted from 1."""


def _make(optimizer: type[Optimizer]) -> Callable[..., None]:
    """Make the raw function of an optimizer."""
    name, rule = f"{optimizer.__name__.lower()}_", optimizer.rule
    slots = next(slots for other, _, _, slots in _core.rules() if other == rule)
    variants = [found for other, found in _core.kernels() if other == rule]
    required = [slot for slot in slots if all(slot in found for found in variants)]
    # The library itself has the other defaults.
    library, _ = _core.describe(rule, {})
    changed = {k: value for k, value in optimizer.defaults.items() if value != library[k]}
    source = _SOURCE.format(
        name=name,
        rule=rule,
        positional=", ".join(["p", "g", *(s if s in required else f"{s}=None" for s in slots)]),
        slots="{" + ", ".join(f"{slot!r}: {slot}" for slot in slots) + "}",
        options="{**changed, **options}" if changed else "options",
    )
    namespace: dict[str, Any] = {"__name__": __name__, "apply": _core.apply, "changed": changed}
    exec(compile(source, f"<{__name__}.{name}>", "exec"), namespace)
    function: Any = namespace[name]

    declared = optimizer.fields.items()
    options = [(k, field) for k, field in declared if k in ("num_threads", *optimizer.defaults)]
    options.sort(key=lambda item: item[0] != "num_threads")
    array = Parameter.POSITIONAL_OR_KEYWORD
    function.__signature__ = Signature(
        [
            *(Parameter(k, array, annotation="Array") for k in ("p", "g", *required)),
            *(
                Parameter(k, array, annotation="Array | None", default=None)
                for k in slots
                if k not in required
            ),
            Parameter("step", Parameter.KEYWORD_ONLY, annotation="int"),
            *(field.parameter(k).replace(kind=Parameter.KEYWORD_ONLY) for k, field in options),
        ],
        return_annotation="None",
    )
    docs = parameter_docs(optimizer)
    arrays = f"{_ARRAYS_DOC}\n{', '.join(slots)} : array{_SLOTS_DOC}"
    function.__doc__ = document(
        optimizer,
        f"Take one step of :class:`{optimizer.__name__}` on the caller's own arrays.",
        [arrays, _STEP_DOC, *(docs[k] for k, _ in options)],
    )
    made: Callable[..., None] = function
    return made


if TYPE_CHECKING:
    from ._stubs.functional import *
    from ._stubs.functional import __all__ as __all__
else:
    _made = [_make(getattr(optimizers, name)) for name in optimizers.__all__]
    globals().update({function.__name__: function for function in _made})
    __all__ = [function.__name__ for function in _made]
