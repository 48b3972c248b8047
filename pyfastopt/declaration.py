"""Options declared once, as annotated fields of a class.

The signature, the attributes and the documentation of an optimizer follow from its fields, at run
time and for type checkers alike.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Set
from copy import copy
from dataclasses import InitVar
from difflib import get_close_matches
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, NoReturn

from . import _core
from ._types import Params, Tree
from .documentation import Entry, document, read_entries, split_sections

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_):
        """Decorate for type checkers alone."""
        return lambda decorated: decorated


class Option:
    """The attribute of an option, which is checked when it is set: one for all groups."""

    name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: Declaration) -> Any:
        return owner.fields[self.name].default if optimizer is None else self.read(optimizer)

    def __set__(self, optimizer: Any, value: Any) -> None:
        self.write(optimizer, value)

    def read(self, optimizer: Any) -> Any:
        """Return the value that all parameter groups have."""
        values = [group[self.name] for group in optimizer.param_groups]
        if any(value != values[0] for value in values):
            raise ValueError(
                f"{self.name} = {values} differs between parameter groups; "
                f"read param_groups[i]['{self.name}']"
            )
        return values[0]

    def write(self, optimizer: Any, value: Any) -> None:
        """Check the value, and give it to all parameter groups."""
        optimizer._plan.set_all_options({self.name: value})


class ThreadsOption(Option):
    """The attribute for the number of threads, which belongs to the plan."""

    def read(self, optimizer: Any) -> Any:
        """Return the number of threads, None for the default."""
        return optimizer._plan.num_threads

    def write(self, optimizer: Any, value: Any) -> None:
        """Check the number of threads, and give it to the plan."""
        optimizer._plan.num_threads = value


class Field:
    """A field as its class declares it, and describes it in its docstring."""

    def __init__(self, default: Any, kw_only: bool = True, option: Option | None = None) -> None:
        self.default = default
        self.kw_only = kw_only
        self.option = option or Option()
        self.annotation = ""
        self.entry = Entry("", "")

    @property
    def is_argument_only(self) -> bool:
        """Whether the constructor takes it, and the optimizer has no attribute for it."""
        return self.annotation.startswith("InitVar[")

    def parameter(self, name: str, kind: Any = None) -> Parameter:
        """Return the field as a parameter of the constructor, or of the kind that is given."""
        if kind is None:
            kind = Parameter.KEYWORD_ONLY if self.kw_only else Parameter.POSITIONAL_OR_KEYWORD
        annotation = self.annotation
        if self.is_argument_only:
            annotation = annotation[len("InitVar[") : -1]
        return Parameter(name, kind, default=self.default, annotation=annotation)

    def describe(self, name: str) -> str:
        """Return the field's entry for a docstring, with its type and default."""
        kind, default = self.entry.kind, self.default
        if not kind:
            kind = "(float, float)" if isinstance(default, tuple) else type(default).__name__
        if default is None:
            kind += ", optional"
        elif default is not Parameter.empty:
            kind += f', default "{default}"' if isinstance(default, str) else f", default {default}"
        return f"{name} : {kind}\n{self.entry.text}"


def field(
    *, default: Any = Parameter.empty, kw_only: bool = True, option: Option | None = None
) -> Any:
    """Declare a field that needs more than a default.

    Parameters
    ----------
    default
        The field's default; without it, the argument is required.
    kw_only
        False: the constructor takes it by position too.
    option
        The attribute, where it is not an :class:`Option` of the parameter groups.
    """
    return Field(default, kw_only, option)


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(field,))
class Declaration(type):
    """The type of classes whose annotated fields are options.

    A subclass inherits all fields, and may give them other defaults. One that names its private
    attributes, or its rule, refuses others; and its docstring, which describes the fields of its
    own by name and sentence, is completed with all of them, their types and their defaults.
    """

    #: Every field by name, in the order of the signature.
    fields: Mapping[str, Field]
    #: The docstring as it was written, by the titles of its sections.
    _sections: Mapping[str, str]

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        private: tuple[str, ...] | None = None,
        **keywords: Any,
    ) -> Declaration:
        """Make the class, with its fields as attributes."""
        if "rule" in keywords:
            private = private or ()
        if private is not None:
            # Not in the class body: type checkers would take it to forbid setting the options,
            # which are declared as if they were plain attributes.
            namespace["__slots__"] = private
        namespace["_sections"] = sections = split_sections(namespace.get("__doc__") or "")
        namespace["fields"] = fields = _take_fields(namespace, bases)
        for field_name, entry in read_entries(sections.get("Parameters", "")):
            if field_name in fields:
                fields[field_name] = copy(fields[field_name])
                fields[field_name].entry = entry
        cls = super().__new__(mcls, name, bases, namespace, **keywords)
        if private is not None and cls.__doc__:
            entries = [declared.describe(name) for name, declared in fields.items()]
            cls.__doc__ = document(cls, sections[""], entries)
        return cls

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_: Any
    ) -> None:
        super().__init__(name, bases, namespace)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name in cls.fields:
            raise TypeError(
                f"{cls.__name__}.{name} is the default of an option, and fixed; "
                f"derive a class from {cls.__name__} that gives it another"
            )
        super().__setattr__(name, value)

    @property
    def __signature__(cls) -> Signature:
        # Made when it is asked for, because most programs never ask.
        if cls.__init__ is not BaseOptimizer.__init__:  # type: ignore[misc]
            raise AttributeError(f"the signature of {cls.__name__} is that of its __init__")
        return Signature([declared.parameter(name) for name, declared in cls.fields.items()])


def _take_fields(namespace: dict[str, Any], bases: tuple[type, ...]) -> dict[str, Field]:
    """Replace the fields in a class body by their attributes; return these and the inherited."""
    fields: dict[str, Field] = {}
    for base in reversed(bases):
        fields.update(getattr(base, "fields", {}))
    annotations = namespace.get("__annotations__", {})
    for name, value in list(namespace.items()):
        inherited = fields.get(name)
        annotation = str(annotations.get(name, ""))
        if inherited is None and (not annotation or annotation.startswith("ClassVar")):
            continue
        found = fields[name] = value if isinstance(value, Field) else Field(value)
        found.annotation = annotation
        del namespace[name]
        if inherited is not None:
            found.annotation, found.entry = inherited.annotation, inherited.entry
            found.kw_only, found.option = inherited.kw_only, inherited.option
        elif not found.is_argument_only:
            namespace[name] = found.option
    return fields


def check_own_key(name: Any, options: Set[str]) -> None:
    """Raise TypeError for a key of a group that is not the user's own, but nearly an option."""
    if not isinstance(name, str):
        raise TypeError(f"the key {_core.short_repr(name)} of a parameter group must be a str")
    if name in ("convention", "num_threads"):
        raise TypeError(f"{name} is one for all groups; give it to the optimizer")
    if name in ("params", "param_names"):
        raise TypeError(f"{name} is what state_dict() calls the parameters; give another key")
    if near := _nearest(name.lower(), tuple(options)):
        raise TypeError(f"there is no option '{name}'; did you mean '{near[0]}'?")


# Each comparison takes microseconds, and there may be many groups.
@functools.lru_cache
def _nearest(name: str, options: tuple[str, ...]) -> list[str]:
    return get_close_matches(name, options, 1, 0.85)


_NOT_GIVEN: Any = object()

# The fields that are no options of the parameter groups.
_SETTINGS = ("convention", "num_threads")


class BaseOptimizer(metaclass=Declaration, private=("__weakref__",)):
    """What all optimizers share: arguments that are fields, and arrays that others hold.

    Parameters
    ----------
    params : array, or a nesting of arrays in lists, tuples and dictionaries
        The parameters, updated in place: float32 or float64, of any shape and strides, writable,
        aligned, in native byte order, without memory in common.
    """

    params: InitVar[Params] = field(kw_only=False)

    def __init__(self, params: Params, lr: float = _NOT_GIVEN, **options: Any) -> None:
        if lr is not _NOT_GIVEN:
            options["lr"] = lr
        fields = type(self).fields
        settings = {name: fields[name].default for name in _SETTINGS if name in fields}
        self._construct(params, {**settings, **options})

    def _construct(self, params: Params, options: dict[str, Any]) -> None:
        """Initialize with those options that the caller gave, and all settings."""
        raise NotImplementedError

    # The arrays go along by identity: of an object that holds them and their optimizer, a pickle or
    # a deep copy has both tied as well.
    def __reduce__(self) -> tuple[Any, ...]:
        tree, grouped = self._plan.structure()  # type: ignore[attr-defined]
        own = getattr(self, "__dict__", None)
        return _rebuild, (type(self), tree, grouped, self._save()), own or None

    def __copy__(self) -> NoReturn:
        raise TypeError(
            f"a shallow copy of {type(self).__name__} would update the same arrays; use "
            "copy.deepcopy on what holds both"
        )

    def _save(self) -> dict[str, Any]:
        """Return all but the parameters that a copy needs."""
        raise NotImplementedError

    def _restore(self, tree: Tree, grouped: bool, saved: dict[str, Any]) -> None:
        """Initialize as one that has been saved, of these parameters."""
        raise NotImplementedError


def _rebuild(
    optimizer: type[BaseOptimizer], tree: Tree, grouped: bool, saved: dict[str, Any]
) -> BaseOptimizer:
    self = optimizer.__new__(optimizer)
    self._restore(tree, grouped, saved)
    return self
