"""The base of all optimizers: parameters, options, state and their checkpoints."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, MutableMapping, ValuesView
from dataclasses import InitVar
from types import MappingProxyType
from typing import Any, ClassVar, get_args

from . import _core, checkpoint
from ._types import Convention, OptionValue, Params, Threading, Tree
from .checkpoint import Differences
from .declaration import BaseOptimizer, ThreadsOption, check_own_key, field
from .formulas import Floats, Options, State


class ParamGroup(MutableMapping[str, Any]):
    """One group's options, and under ``"params"`` its arrays; options may be assigned.

    Any other key is the user's own, such as a name, and is kept beside them.
    """

    def __init__(self, plan: _core.Plan, index: int, own: dict[str, Any]) -> None:
        self._plan = plan
        self._place: int | None = index  # None once it is removed
        self._own = own

    @property
    def _index(self) -> int:
        if self._place is None:
            raise RuntimeError("the parameter group was removed from its optimizer")
        return self._place

    def _options(self) -> dict[str, OptionValue]:
        return self._plan.options(self._index)

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return self._plan.group_parameters(self._index)
        return self._own[name] if name in self._own else self._options()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def update(self, *others: Any, **values: Any) -> None:
        """Assign to several keys, as to that of a dict: to all, or to none and raise."""
        values = dict(*others, **values)
        if "params" in values:
            raise TypeError(
                "'params' cannot be assigned; use add_param_group and remove_param_group"
            )
        known = self._options().keys()
        own = {key: value for key, value in values.items() if key not in known}
        for key in own:
            check_own_key(key, known)
        self._plan.set_options(self._index, {k: v for k, v in values.items() if k in known})
        self._own.update(own)

    def __delitem__(self, name: str) -> None:
        if name == "params":
            raise TypeError("'params' cannot be removed; use remove_param_group")
        if name not in self._own:
            raise TypeError(f"option '{name}' cannot be removed; assign its default instead")
        del self._own[name]

    def __iter__(self) -> Iterator[str]:
        return iter(["params", *self._options(), *self._own])

    def __len__(self) -> int:
        return 1 + len(self._options()) + len(self._own)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.items() if k != "params")
        return f"ParamGroup({len(self['params'])} arrays, {options})"


class Optimizer(BaseOptimizer, private=("_common", "_convention", "_groups", "_plan", "_step")):
    """What all optimizers share; use one of the subclasses.

    Parameters
    ----------
    params : array, a nesting of arrays in lists, tuples and dictionaries, or an iterator
        The parameters, updated in place: float32 or float64, of any shape and strides, writable,
        aligned, in native byte order, without memory in common; complex64 and complex128 as pairs
        of them. Or a list of parameter groups:
        dictionaries with an entry ``"params"``, the options that differ in that group, and any keys
        of the user's own.
    lr
        Learning rate, >= 0. Later it may be below 0, to go back; but not in ASGD, FTRL and Rprop.
    convention : {"torch", "keras", "optax", "mxnet"}
        The framework whose formula and defaults to take: a preset of the options, which those
        that are given override. :func:`preset` shows it, and docs/conventions.md the formulas.
    num_threads : int
        Threads of a step that touches half a mebibyte or more. By default as many as gain by it at
        the time, which the optimizer learns from how long its steps take, and at most
        ``runtime_info()["num_threads"]``. The result does not depend on it.
    weight_decay
        The L2 penalty's gradient ``weight_decay * p`` is added to `g`; >= 0.
    decoupled_weight_decay
        Shrink `p` by the factor ``1 - lr*weight_decay`` before the update instead, and leave the
        gradient as it is (Loshchilov and Hutter 2019).
    maximize
        Ascend instead of descend.
    grad_scale
        Factor of every gradient, > 0 (MXNet's ``rescale_grad``).
    clip_value
        Each element of the scaled gradient is clipped to +-clip_value; > 0.

    Raises
    ------
    TypeError
        For an object that is not an array, for other dtypes, and for options that do not exist.
    ValueError
        For an array that cannot be updated in place, for parameters that share memory, and for
        options out of range. Nothing has been modified then.

    Notes
    -----
    Every option of an optimizer is an attribute, too, which may be changed between steps. In the
    formulas, `g` is the gradient after scaling, clipping, `maximize` and weight decay, in this
    order; `t` counts a parameter's own steps from 1.
    """

    lr: float = field(default=1e-3, kw_only=False)
    convention: InitVar[Convention] = "torch"
    num_threads: int | None = field(default=None, option=ThreadsOption())
    weight_decay: float = 0.0
    decoupled_weight_decay: bool = False
    maximize: bool = False
    grad_scale: float = 1.0
    clip_value: float = float("inf")

    #: The rule's name in the library.
    rule: ClassVar[str]
    #: The name of the class in torch.optim, where that has the optimizer.
    torch_name: ClassVar[str | None]
    #: Every option, with the default of the class.
    defaults: ClassVar[Mapping[str, OptionValue]]
    #: What each framework sets otherwise than the class. The defaults are torch's where torch has
    #: the optimizer; a framework that lacks it is missing.
    conventions: ClassVar[Mapping[str, Mapping[str, OptionValue]]] = {}
    #: What torch keeps in a parameter's state though it follows from a group's options and the step
    #: count: how, by name.
    derived_state: ClassVar[Mapping[str, Callable[[Mapping[str, Any], int], float]]] = {}

    def __init_subclass__(cls, rule: str | None = None, torch: str | None = None) -> None:
        if rule is not None:
            cls.rule, cls.torch_name = rule, torch
        elif not hasattr(cls, "rule"):
            return
        cls.defaults = MappingProxyType(
            {
                name: declared.default
                for name, declared in cls.fields.items()
                if name != "num_threads" and not declared.is_argument_only
            }
        )
        _check_against_library(cls, is_of_the_rule=Optimizer in cls.__bases__)

    def _construct(self, params: Params, options: dict[str, Any]) -> None:
        if not hasattr(self, "rule"):
            raise TypeError("Optimizer has no rule to step by; use a subclass, such as Adam")
        convention, num_threads = options.pop("convention"), options.pop("num_threads")
        common = {**self.defaults, **differences(convention, type(self)), **options}
        tree = as_tree(params)
        groups = param_groups(tree)
        trees = [as_tree(group["params"]) for group in groups]
        given = [self._divide(group) for group in groups or [{}]]
        self._begin(
            trees if groups else tree,
            bool(groups),
            [({**common, **options}, own) for options, own in given],
            common,
            convention,
            num_threads,
        )
        for group in self._groups:
            self.check_new(group._options(), convention)

    def _begin(
        self,
        tree: Tree,
        grouped: bool,
        groups: list[tuple[dict[str, Any], dict[str, Any]]],
        common: dict[str, Any],
        convention: str,
        num_threads: int | None,
    ) -> None:
        """Make the plan, of groups with their options and the keys of the user's own."""
        self._plan = _core.Plan(self.rule, tree, [options for options, _ in groups], grouped)
        self._plan.num_threads = num_threads
        self._common, self._convention = common, convention
        self._step = self._plan.step  # bound once, because each binding is an allocation
        self._groups = tuple(ParamGroup(self._plan, i, own) for i, (_, own) in enumerate(groups))

    def _save(self) -> dict[str, Any]:
        groups = [(group._options(), group._own) for group in self._groups]
        return {
            "groups": groups,
            "common": self._common,
            "convention": self._convention,
            "num_threads": self.num_threads,
            "state": self._plan.snapshot(),
        }

    def _restore(self, tree: Tree, grouped: bool, saved: dict[str, Any]) -> None:
        state = saved.pop("state")
        self._begin(tree, grouped, **saved)
        self._plan.load([{}] * len(self._groups), state)

    def _divide(self, group: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a group's options, and its keys of the user's own."""
        options = {key: value for key, value in group.items() if key in self.defaults}
        own = {key: value for key, value in group.items() if key not in {*options, "params"}}
        for key in own:
            check_own_key(key, self.defaults.keys())
        return options, own

    @staticmethod
    def check_new(options: Mapping[str, Any], convention: str) -> None:
        """Raise ValueError for options that could go together, but not by intention.

        Parameters
        ----------
        options : mapping
            Every option of a group, as the constructor got it.
        convention : str
            The framework whose conventions hold.
        """
        if options["lr"] < 0:
            raise ValueError(
                f"lr = {options['lr']:g} must be >= 0 to begin with; to ascend, pass maximize=True"
            )

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        """Take one step in NumPy, as :class:`pyfastopt.reference.Reference` does.

        Parameters
        ----------
        p, g : ndarray
            Parameter, updated in place, and its gradient; any floating-point dtype.
        state : dict
            ``"step"``, the number of this step from 1, and the state arrays, updated in place.
        o : namespace
            The options.
        """
        raise NotImplementedError

    def step(self, grads: Tree) -> None:
        """Update every parameter that has a gradient, in place.

        Parameters
        ----------
        grads : array, or arrays nested as the parameters are
            Gradients with the shape and dtype of their parameters, in any layout; for parameter
            groups, a list with the gradients of each. Objects that share CPU memory through the
            buffer protocol or DLPack are read where they are. None skips a parameter: its state
            and its step count stay as they are.

        Raises
        ------
        TypeError, ValueError
            For gradients that do not fit. Nothing has been modified then.
        """
        self._step(grads)

    @property
    def threading(self) -> Threading | None:
        """How the last step used threads, a :class:`Threading`; None before the first."""
        return self._plan.threading()

    @property
    def param_groups(self) -> tuple[ParamGroup, ...]:
        """The parameter groups: mappings of their options, and of ``"params"``."""
        return self._groups

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add a parameter group behind the others.

        From then on the gradients are a list with those of each group, also where the parameters
        were given without groups. What the other parameters have as state stays.

        Parameters
        ----------
        param_group : dict
            ``"params"``, the options that differ from those of the constructor, and keys of the
            user's own.

        Raises
        ------
        TypeError, ValueError
            See the constructor. Nothing has been modified then.
        """
        if not isinstance(param_group, Mapping) or "params" not in param_group:
            raise TypeError(
                f"param_group = {_core.short_repr(param_group)} must be a dict with an entry "
                "'params'"
            )
        options, own = self._divide(param_group)
        options = {**self._common, **options}
        self.check_new(_core.describe(self.rule, options)[0], self._convention)
        self._plan.add_group(self.rule, as_tree(param_group["params"]), options)
        group = ParamGroup(self._plan, self._plan.group_count - 1, own)
        self._groups = (*self._groups, group)

    def remove_param_group(self, index: int) -> None:
        """Take a parameter group out, and forget its state.

        The groups behind it move up, in `param_groups` and in the gradients.

        Parameters
        ----------
        index : int
            The group's place in `param_groups`.

        Raises
        ------
        TypeError, ValueError
            For an index that no group has, and for the last group. Nothing has been modified then.
        """
        groups = list(self._groups)
        try:
            exists = 0 <= (index := operator.index(index)) < len(groups)
        except TypeError:
            raise TypeError(
                f"index = {_core.short_repr(index)} must be the number of a group"
            ) from None
        if not exists:
            raise ValueError(f"index = {index} must be from 0 to {len(groups) - 1}")
        self._plan.remove_group(index)
        groups.pop(index)._place = None
        for i, group in enumerate(groups):
            group._place = i
        self._groups = tuple(groups)

    @property
    def state(self) -> list[Mapping[str, Any]]:
        """Each parameter's ``"step"`` count and state arrays by name.

        The arrays share memory with those in use, so that writing to their elements acts on the
        optimizer. :meth:`load_state_dict` is the way to change a step count.
        """
        return [MappingProxyType(entry) for entry in self._plan.state()]

    def state_dict(self) -> dict[str, Any]:
        """Copy all that is needed to go on from here, bit for bit.

        Returns
        -------
        dict
            ``"state"`` maps each parameter's index to its ``"step"`` (int) and its state arrays
            (copies, with the parameter's shape and dtype). ``"param_groups"`` is a list of the
            groups' options with ``"params"`` (indices) and ``"param_names"`` (places in the
            structure of parameters), and ``"optimizer"`` is the name of the class. But for the
            last, the layout is that of ``torch.optim``. The parameters themselves are not part of
            it.
        """
        return checkpoint.save(type(self).__name__, self._plan, self._groups)

    def load_state_dict(self, state_dict: Mapping[str, Any], *, strict: bool = True) -> Differences:
        """Take over options, step counts and state from `state_dict`, by copy.

        Parameters
        ----------
        state_dict : dict
            What :meth:`state_dict` gave for an optimizer of this class with parameters of the
            same structure, shapes and dtypes, and the same state arrays; numbers of parameters may
            have become strings, as in JSON, but arrays have to be arrays again. Or what the class
            of ``torch.optim`` or of :mod:`pyfastopt.torch` gave, with tensors on the CPU:
            parameters go by their order, and what torch does not have, such as `clip_value`, stays
            as it is. State that holds another thing with such an option, as momentum does with
            `lr_inside`, is refused.
        strict : bool, default True
            False: load what fits, parameters by their names, and leave the others' state as it is.
            Options that would change which state arrays there are, or what they hold, are refused
            even so. A name is the place in the structure of parameters, in a group that has the key
            ``"name"`` behind that. So layers that may come in between belong into a dictionary, and
            not into a list.

        Returns
        -------
        Differences
            Three lists of names, `new`, `missing` and `changed`, which are empty if `strict`.

        Raises
        ------
        TypeError, ValueError
            Where it does not fit this optimizer. Nothing has been modified then.
        """
        own, differing = checkpoint.load(
            type(self), self._plan, self._groups, state_dict, strict=strict
        )
        for group, keys in zip(self._groups, own, strict=True):
            if keys is not None:
                group._own = keys
        return differing

    def __repr__(self) -> str:
        groups = "".join(f"\n  {group!r}" for group in self._groups)
        return f"{type(self).__name__}({groups}\n)"


def as_tree(params: Any) -> Any:
    """Return the parameters, as a list where they come one by one."""
    return list(params) if isinstance(params, (Iterator, ValuesView)) else params


def param_groups(params: Any) -> list[dict[str, Any]]:
    """Return the parameter groups, none if `params` is a plain structure of parameters."""
    if isinstance(params, dict) and "params" in params and params.keys() & {"lr", "weight_decay"}:
        raise TypeError(
            f"params is a dictionary with the keys {list(params)}: a parameter group; "
            "put it into a list, [{'params': ...}]"
        )
    if isinstance(params, (list, tuple)):
        groups = [entry for entry in params if isinstance(entry, dict) and "params" in entry]
        if len(groups) == len(params):
            return groups
    return []


def _check_against_library(cls: type[Optimizer], is_of_the_rule: bool) -> None:
    """Raise TypeError where a class does not declare what the library's rule has.

    A class that is derived from another optimizer has the same options, with defaults of its own.
    """
    remedy = "make both alike, and build the library"
    try:
        library, _ = _core.describe(cls.rule, {})
    except ValueError as error:
        raise TypeError(f"{cls.__name__}: {error}; {remedy}") from None
    wrong = [
        f"{name} is {cls.defaults.get(name, 'missing')} here, {library.get(name, 'missing')} there"
        for name in {**cls.defaults, **library}
        if name not in cls.defaults
        or name not in library
        or (is_of_the_rule and cls.defaults[name] != library[name])
    ]
    if not wrong and [*cls.defaults] != [*library]:
        wrong = [f"the order is {', '.join(cls.defaults)} here, {', '.join(library)} there"]
    if wrong:
        raise TypeError(
            f"{cls.__name__} differs from the library's rule '{cls.rule}': {'; '.join(wrong)}. "
            f"{remedy[0].upper()}{remedy[1:]}"
        )
    if unknown := cls.conventions.keys() - {*get_args(Convention)}:
        raise TypeError(
            f"{cls.__name__}.conventions has {sorted(unknown)}; the frameworks are "
            f"{', '.join(get_args(Convention))}"
        )


def differences(convention: str, optimizer: type[Optimizer]) -> Mapping[str, OptionValue]:
    """Return what the framework sets otherwise than the class."""
    names = get_args(Convention)
    if convention == "torch":
        return {}
    if not isinstance(convention, str) or convention not in names:
        raise ValueError(
            f"convention = {_core.short_repr(convention)} must be one of "
            f"{', '.join(map(repr, names))}"
        )
    if convention not in optimizer.conventions:
        known = [
            c.__name__
            for c in _subclasses(Optimizer)
            if convention in c.conventions and c.__module__.startswith(f"{__package__}.")
        ]
        raise ValueError(
            f"convention = {convention!r} has no {optimizer.__name__}; it has {', '.join(known)}"
        )
    return optimizer.conventions[convention]


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
            f"optimizer = {_core.short_repr(optimizer)} has no conventions; pass a class such as "
            "pyfastopt.Adam"
        )
    options = {**optimizer.defaults, **differences(convention, optimizer)}
    values, _ = _core.describe(optimizer.rule, options)
    return values


def _subclasses(of: type[Optimizer]) -> Iterator[type[Optimizer]]:
    for subclass in of.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
