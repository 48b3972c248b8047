"""The base of all optimizers: parameters, options, state and their checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from types import SimpleNamespace
from typing import Any, ClassVar, Generic, NoReturn, TypedDict, TypeVar, overload

from numpy.typing import NDArray

from . import _core
from ._types import Array, OptionValue, Params, Tree
from .conventions import differences

T = TypeVar("T", bound=OptionValue)


class Option(Generic[T]):
    """An option of all parameter groups, as an attribute that is checked when it is set."""

    def __set_name__(self, owner: type[Optimizer], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, optimizer: None, owner: type[Optimizer]) -> Option[T]: ...

    @overload
    def __get__(self, optimizer: Optimizer, owner: type[Optimizer]) -> T: ...

    def __get__(self, optimizer: Optimizer | None, owner: type[Optimizer]) -> Option[T] | T:
        if optimizer is None:
            return self
        values = [group[self._name] for group in optimizer.param_groups]
        if any(value != values[0] for value in values):
            raise ValueError(
                f"{self._name} = {values} differs between parameter groups; "
                f"read param_groups[i]['{self._name}']"
            )
        value: T = values[0]
        return value

    def __set__(self, optimizer: Optimizer, value: T) -> None:
        plan = optimizer._plan
        plan.set_options([{self._name: value}] * len(optimizer.param_groups))


class CommonOptions(TypedDict, total=False):
    """The options that all optimizers have besides `lr`."""

    weight_decay: float
    decoupled_weight_decay: bool
    maximize: bool
    grad_scale: float
    clip_value: float


class ParamGroup(MutableMapping[str, Any]):
    """One group's options, and under ``"params"`` its arrays; options may be assigned."""

    def __init__(self, plan: _core.Plan, index: int) -> None:
        self._plan = plan
        self._index = index

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            arrays = zip(self._plan.groups(), self._plan.parameters(), strict=True)
            return [array for group, array in arrays if group == self._index]
        return self._plan.options()[self._index][name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "params":
            raise TypeError("'params' cannot be assigned; construct a new optimizer with them")
        changes: list[dict[str, Any]] = [{} for _ in self._plan.options()]
        changes[self._index] = {name: value}
        self._plan.set_options(changes)

    def __delitem__(self, name: str) -> NoReturn:
        raise TypeError(f"option '{name}' cannot be removed; assign its default instead")

    def __iter__(self) -> Iterator[str]:
        return iter(["params", *self._plan.options()[self._index]])

    def __len__(self) -> int:
        return 1 + len(self._plan.options()[self._index])

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self.items() if k != "params")
        return f"ParamGroup({len(self['params'])} arrays, {options})"


class Optimizer:
    """What all optimizers share; use one of the subclasses.

    Parameters
    ----------
    params : array, or a nesting of arrays in lists, tuples and dictionaries
        The parameters, updated in place: float32 or float64, of any shape and strides, writable,
        aligned, in native byte order, without memory in common. Or a list of parameter groups:
        dictionaries with an entry ``"params"`` and the options that differ in that group.
    lr : float, optional
        Learning rate, >= 0. Each class says its default.
    convention : {"torch", "keras", "optax", "mxnet"}, default "torch"
        The framework whose formula and defaults to take: a preset of the options, which those
        that are given override. :func:`preset` shows it, and docs/conventions.md the formulas.
    num_threads : int, optional
        Threads that a step may use. By default ``PYFASTOPT_NUM_THREADS``, else OpenMP's number,
        and at most the CPUs that the process may use.
    weight_decay : float, default 0
        The L2 penalty's gradient ``weight_decay * p`` is added to `g`; >= 0.
    decoupled_weight_decay : bool, default False
        Shrink `p` by the factor ``1 - lr*weight_decay`` before the update instead, and leave the
        gradient as it is (Loshchilov and Hutter 2019).
    maximize : bool, default False
        Ascend instead of descend.
    grad_scale : float, default 1
        Factor of every gradient, > 0 (MXNet's ``rescale_grad``).
    clip_value : float, default inf
        Each element of the scaled gradient is clipped to +-clip_value; > 0.

    Every option is an attribute too, which may be changed between steps. In the formulas, `g` is
    the gradient after scaling, clipping, `maximize` and weight decay, in this order; `t` counts a
    parameter's own steps from 1.

    Raises
    ------
    TypeError
        For an object that is no array, and for other dtypes.
    ValueError
        For an array that cannot be updated in place, for parameters that share memory, and for
        options out of range. Nothing has been modified then.
    """

    __slots__ = ("__weakref__", "_groups", "_plan", "_step")

    # The rule's name in csrc/rules.h, and where this class has other defaults than the rule.
    _rule: ClassVar[str]
    _preset: ClassVar[Mapping[str, OptionValue]] = {}

    lr = Option[float]()
    weight_decay = Option[float]()
    decoupled_weight_decay = Option[bool]()
    maximize = Option[bool]()
    grad_scale = Option[float]()
    clip_value = Option[float]()

    def __init__(
        self,
        params: Params,
        lr: float | None,
        convention: str,
        num_threads: int | None,
        options: Mapping[str, Any],
    ) -> None:
        common = {**self._preset, **differences(convention, type(self)), **options}
        if lr is not None:
            common["lr"] = lr
        groups = param_groups(params)
        trees = [group["params"] for group in groups or []]
        own = [{k: v for k, v in group.items() if k != "params"} for group in groups or [{}]]
        self._plan = _core.Plan(
            self._rule,
            trees if groups else params,
            [{**common, **group} for group in own],
            bool(groups),
        )
        self._plan.num_threads = num_threads
        self._step = self._plan.step  # bound once, because each binding is an allocation
        self._groups = tuple(ParamGroup(self._plan, i) for i in range(len(own)))

    @staticmethod
    def _formula(
        p: NDArray[Any], g: NDArray[Any], state: dict[str, Any], o: SimpleNamespace
    ) -> None:
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
    def num_threads(self) -> int | None:
        """Threads that a step may use; None for the default."""
        return self._plan.num_threads

    @num_threads.setter
    def num_threads(self, value: int | None) -> None:
        self._plan.num_threads = value

    @property
    def param_groups(self) -> tuple[ParamGroup, ...]:
        """The parameter groups: mappings of their options, and of ``"params"``."""
        return self._groups

    @property
    def state(self) -> list[dict[str, Any]]:
        """Each parameter's ``"step"`` count and state arrays by name.

        The arrays share memory with those in use, so that writing to their elements acts on the
        optimizer. The dictionaries are made anew at each call: :meth:`load_state_dict` is the way
        to change a step count.
        """
        return self._plan.state()

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
        groups = [
            {**options, **members}
            for options, members in zip(self._plan.options(), self._members(), strict=True)
        ]
        return {
            "optimizer": type(self).__name__,
            "state": dict(enumerate(self._plan.snapshot())),
            "param_groups": groups,
        }

    def _members(self) -> list[dict[str, list[Any]]]:
        """For each group, its parameters' indices and their places in the structure."""
        members: list[dict[str, list[Any]]] = [
            {"params": [], "param_names": []} for _ in self._groups
        ]
        places = zip(self._plan.groups(), self._plan.paths(), strict=True)
        for index, (group, path) in enumerate(places):
            members[group]["params"].append(index)
            members[group]["param_names"].append(path)
        return members

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over options, step counts and state from `state_dict`, by copy.

        Parameters
        ----------
        state_dict : dict
            What :meth:`state_dict` gave for an optimizer of this class with parameters of the
            same structure, shapes and dtypes, and the same state arrays.

        Raises
        ------
        TypeError, ValueError
            Where it does not fit this optimizer. Nothing has been modified then.
        """
        remedy = "pass what state_dict() gave for an optimizer constructed as this one was"
        for name, kind in (("optimizer", str), ("state", dict), ("param_groups", list)):
            if not isinstance(state_dict, Mapping) or name not in state_dict:
                raise ValueError(f"state_dict has no entry '{name}'; {remedy}")
            if not isinstance(state_dict[name], kind):
                raise TypeError(f"state_dict['{name}'] is no {kind.__name__}; {remedy}")
        saved, own = state_dict["optimizer"], type(self).__name__
        if saved != own:
            raise ValueError(f"state_dict['optimizer'] is {saved!r}, expected {own!r}; {remedy}")
        state, groups = state_dict["state"], state_dict["param_groups"]
        members = self._members()
        found = [
            {name: group.get(name) for name in ("params", "param_names")}
            if isinstance(group, dict)
            else group
            for group in groups
        ]
        if found != members:
            raise ValueError(
                f"state_dict['param_groups'] is of other parameters, {found}, than this "
                f"optimizer's, {members}; {remedy}"
            )
        indices = [index for group in members for index in group["params"]]
        if set(state) != set(indices):
            raise ValueError(
                f"state_dict['state'] has the keys {list(state)}, expected {indices}; {remedy}"
            )
        options = [
            {name: value for name, value in group.items() if name not in member}
            for group, member in zip(groups, members, strict=True)
        ]
        for i, (given, present) in enumerate(zip(options, self._plan.options(), strict=True)):
            if missing := present.keys() - given.keys():
                raise ValueError(
                    f"state_dict['param_groups'][{i}] has no entry {sorted(missing)}; {remedy}"
                )
        self._plan.load(options, [state[index] for index in sorted(indices)])

    def __repr__(self) -> str:
        groups = "".join(f"\n  {group!r}" for group in self._groups)
        return f"{type(self).__name__}({groups}\n)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be pickled or copied, because it updates arrays that "
            "others hold; construct a new one and use state_dict() and load_state_dict()"
        )


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


def apply(
    optimizer: type[Optimizer],
    p: Array,
    g: Array,
    slots: Mapping[str, Array | None],
    step: int,
    lr: float | None,
    num_threads: int | None,
    options: Mapping[str, Any],
) -> None:
    """Take one step with the rule of `optimizer` on the caller's own arrays."""
    values = {**optimizer._preset, **options}
    if lr is not None:
        values["lr"] = lr
    _core.apply(optimizer._rule, p, g, dict(slots), step, values, num_threads)
