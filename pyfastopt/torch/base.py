"""What makes an optimizer of torch step by a plan of pyfastopt: see pyfastopt.torch."""

from __future__ import annotations

import functools
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from inspect import Signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim import optimizer as torch_optimizer

from .. import _core, optimizers
from .._types import Threading
from ..checkpoint import LOOPS, OURS, check_meaning
from ..declaration import check_own_key
from ..optimizer import Optimizer
from .checkpoint import ALWAYS, SLOTS, check_checkpoint
from .sparse import TAKE_SPARSE, is_sparse, sparse_view
from .views import check_whole, is_plain, like, plain_gradient, plain_view

if TYPE_CHECKING:
    from typing_extensions import Self

# An ImportError now, and not at the first step, where tensors do not offer what a plan needs.
_core.check_tensor(torch.Tensor, torch.zeros((), dtype=torch.float32, device="cpu"), "torch")

#: State by name: each tensor, and the array in whose memory it is if it was made here.
State = dict[str, tuple[torch.Tensor, Any]]


class Shared:
    """What an optimizer has beside the attributes of torch's.

    Wrappers such as Lightning's take over its ``__dict__``, and so share this with it.
    """

    def __init__(self) -> None:
        # Held by the thread that is in a step.
        self.lock = _core.Lock()
        self.threads = 0  # for the default
        # Made at the first step, and anew where parameters, gradients or state were rearranged.
        self.plan: _core.TensorPlan | None = None
        # What those before have learned of threads.
        self.learned: _core.Learned | None = None
        # The state tensors that were made here, by id, and the arrays in whose memory they are.
        self.arrays: Mapping[int, tuple[torch.Tensor, Any]] = {}
        # The options that give each state tensor its meaning.
        self.options: Mapping[torch.Tensor, dict[str, Any]] = {}
        # From then on somebody else may replace or move the state, which each step has to look up.
        self.state_was_handed_out = False

    def drop_plan(self) -> None:
        """Keep of the plan only what it has learned."""
        if self.plan is not None:
            self.learned, self.plan = self.plan.learned(), None

    def forget_state(self) -> None:
        """Forget where the state was."""
        self.drop_plan()
        self.arrays = {}


class Locked(torch.optim.Optimizer):
    """An optimizer that one thread at a time may step, with a number of threads."""

    _shared: Shared

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the lock first, which a copy and a pickle need as well."""
        self = super().__new__(cls)
        self._shared = Shared()
        return self

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over options and state, as torch's class or this one has saved them."""
        if isinstance(state_dict, Mapping) and isinstance(state_dict.get("optimizer"), str):
            raise ValueError(
                f"state_dict is of pyfastopt.{state_dict['optimizer']}, whose state is in arrays; "
                f"load what {type(self).__name__} gave, of torch.optim or of pyfastopt.torch"
            )
        super().load_state_dict(state_dict)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "num_threads": self.num_threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        self.num_threads = state.pop("num_threads", self.num_threads)
        self._shared.lock.run(self._take_state, state)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a parameter group, if its options are supported."""
        super().add_param_group(param_group)
        _leave_out_of_compilation()

    def _take_state(self, state: dict[str, Any]) -> None:
        """Take over a state, if it is one of this optimizer."""
        # Torch's load_state_dict, after its hooks, gives no defaults. A copy or a pickle has them.
        if "defaults" not in state:
            self._take_checkpoint(state)
        super().__setstate__(state)

    def _take_checkpoint(self, state: dict[str, Any]) -> None:
        """Raise unless the state is one of this optimizer."""
        options, entries = self._known_names()
        check_checkpoint(
            state,
            type(self).__name__,
            next(cls for cls in type(self).__mro__ if not issubclass(cls, Locked)),
            self.defaults.keys() & options,
            # A name that the groups of this optimizer carry, too, tells nothing.
            {*options, *(name for group in self.param_groups for name in group)},
            entries,
            self._needed_state,
        )

    def _known_names(self) -> tuple[Set[str], Set[str]]:
        """Return which options, and which entries of a state, belong to this optimizer."""
        raise NotImplementedError

    def _needed_state(self, group: dict[str, Any], entry: Mapping[str, Any]) -> Set[str]:
        """Return what has to be in the state of a parameter, which has `entry`."""
        raise NotImplementedError

    @property
    def num_threads(self) -> int | None:
        """Threads that a step may use; None for the default."""
        return self._shared.threads or None

    @num_threads.setter
    def num_threads(self, value: int | None) -> None:
        self._shared.threads = _core.thread_number(value)


class Fused(Locked):
    """What makes an optimizer of torch step by a plan of pyfastopt."""

    _plain: ClassVar[type[Optimizer]]
    # Whether a parameter's state has "step", as the class in torch.optim decides.
    _has_step: ClassVar[bool]

    # Torch's scaler of gradients has to unscale them itself, whatever `fused` says.
    _step_supports_amp_scaling = property(lambda self: False, lambda self, value: None)

    def _known_names(self) -> tuple[Set[str], Set[str]]:
        rule = self._plain.rule
        count = {"step"} if self._has_step else set()
        return self._plain.defaults.keys(), SLOTS[rule] | count | self._plain.derived_state.keys()

    def _needed_state(self, group: dict[str, Any], entry: Mapping[str, Any]) -> Set[str]:
        slots = _core.group_state(self._plain.rule, group).keys()
        # Torch's SGD says None where the buffer has not begun.
        return slots | {"step"} if self._has_step else slots - entry.keys()

    @property
    def state(self) -> defaultdict[torch.Tensor, Any]:
        """The state of each parameter by name, as torch has it."""
        self._shared.state_was_handed_out = True
        if self._plain.derived_state and "param_groups" in self.__dict__:
            self._write_scalars()
        return self._state

    @state.setter
    def state(self, value: defaultdict[torch.Tensor, Any]) -> None:
        check_state(value)
        self.__dict__["state"] = value
        self._shared.forget_state()

    @property
    def _state(self) -> defaultdict[torch.Tensor, Any]:
        # Where torch's __setstate__ puts it.
        state: defaultdict[torch.Tensor, Any] = self.__dict__["state"]
        return state

    def _write_scalars(self) -> None:
        double = torch.get_default_dtype() == torch.float64
        for group in self.param_groups:
            for p in group["params"]:
                state = self._state.get(p, {})
                try:
                    step = int(state["step"])
                except (KeyError, TypeError, ValueError, RuntimeError, OverflowError):
                    continue  # the next step says what is wrong, if something is
                for name, scalar in self._plain.derived_state.items():
                    value = scalar({**self._plain.defaults, **group}, step)
                    # In old checkpoints they are numbers.
                    if not isinstance(state.get(name), torch.Tensor):
                        dtype = torch.float64 if double else torch.float32
                        state[name] = torch.zeros((), dtype=dtype, device="cpu")
                    state[name].fill_(value)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "state_options": self._shared.options}

    def _take_state(self, state: dict[str, Any]) -> None:
        options = state.pop("state_options", {})
        super()._take_state(state)
        self._shared.options = {**self._shared.options, **options}
        self._begin()

    def _options_of_state(self) -> dict[torch.Tensor, dict[str, Any]]:
        """Return the options that give each state tensor its meaning: its group's at first."""
        rule, known = self._plain.rule, self._shared.options
        now: dict[torch.Tensor, dict[str, Any]] = {}
        for group in self.param_groups:
            # What is wrong with a group, its next step says.
            with suppress(TypeError, ValueError, KeyError):
                now.update(dict.fromkeys(group["params"], _core.group_options(rule, group)))
        return {
            tensor: options
            for p, entry in self._state.items()
            for tensor in _slots_of(rule, entry).values()
            if (options := known.get(tensor) or now.get(p)) is not None
        }

    def _take_checkpoint(self, state: dict[str, Any]) -> None:
        super()._take_checkpoint(state)
        # The groups keep the options that torch's class lacks.
        ours = self._plain.defaults.keys() - (self.defaults.keys() - OURS)
        for i, (group, now) in enumerate(
            zip(state["param_groups"], self.param_groups, strict=False)
        ):
            given = dict(group)
            group.update({name: now[name] for name in now if name in ours and name not in group})
            if any(state["state"].get(p) for p in group["params"]):
                place = f"state_dict: param_groups[{i}]"
                check_meaning(self._plain.rule, given, group, place)

    def _begin(self) -> None:
        """Forget what was known of the state: it is new, and no one else holds it."""
        self._shared.forget_state()
        self._shared.state_was_handed_out = False
        self._shared.options = self._options_of_state()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a parameter group, if its options are supported."""
        if isinstance(param_group, Mapping):
            place = f"param_groups[{len(self.param_groups)}]"
            self._check_new_group({**self.defaults, **param_group}, place)
        super().add_param_group(param_group)

    def _check_new_group(self, group: dict[str, Any], place: str) -> None:
        """Raise for what a group cannot begin with."""
        self._check_group(group, place)

    def _check_group(self, group: dict[str, Any], place: str) -> None:
        """Raise for options that are not supported, and for keys that are nearly options."""
        check_keys(group, self.defaults.keys(), self._plain.defaults.keys(), place)
        for name in ("capturable", "differentiable"):
            value = group.get(name)
            if value is not None and value is not False:
                raise ValueError(
                    f"{place}: {name} = {_core.short_repr(value)} is not supported: a step of "
                    "pyfastopt is not part of a CUDA graph or of autograd's; pass False, or use "
                    "torch.optim"
                )
        with _named(place):
            _core.group_state(self._plain.rule, group)

    def _check_arrangement(self) -> None:
        """Raise where groups, members or state are no longer what torch's class makes of them."""
        check_state(self._state)
        check_groups(self.param_groups)
        places: dict[torch.Tensor, str] = {}
        for i, group in enumerate(self.param_groups):
            check_members(group, f"param_groups[{i}]")
            self._check_group(group, f"param_groups[{i}]")
            for k, p in enumerate(group["params"]):
                place = f"param_groups[{i}]['params'][{k}]"
                if p in places:
                    raise ValueError(f"{place} is {places[p]}, too; a step would update it twice")
                places[p] = place

    # Hooks get the arguments as they were given.
    def step(self, *args: Any, **kwargs: Any) -> Any:
        """Update every parameter that has a gradient, in place.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and the gradients anew, and returns the loss.

        Returns
        -------
        object or None
            What `closure` returned.

        Raises
        ------
        TypeError, ValueError
            For parameters, gradients, options or state that are not supported. Nothing has been
            modified then.
        """
        if (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or torch_optimizer._global_optimizer_pre_hooks
            or torch_optimizer._global_optimizer_post_hooks
            or torch.autograd.profiler._is_profiler_enabled
        ):
            return self._hooked_step(*args, **kwargs)
        return self._plain_step(*args, **kwargs)

    # Torch would wrap `step` into what runs hooks and profiling, for microseconds a call.
    step.hooked = True  # type: ignore[attr-defined]
    step.__signature__ = inspect.signature(torch.optim.SGD.step)  # type: ignore[attr-defined]

    def _plain_step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._shared.lock.run(self._update)
        return loss

    def _update(self) -> None:
        shared = self._shared
        # By default a limit, which the library takes as a number below 0.
        threads = shared.threads or -torch.get_num_threads()
        state = self._state if shared.state_was_handed_out else None
        plan = shared.plan
        try:
            is_done = plan is not None and plan.step(self.param_groups, state, threads)
        except (TypeError, ValueError):
            self._check_arrangement()
            raise
        if plan is None or not is_done:
            plan = self._step_rearranged(threads)
        torch.autograd.graph.increment_version(plan.updated())

    _hooked_step = torch.optim.Optimizer.profile_hook_step(_plain_step)

    @property
    def threading(self) -> Threading | None:
        """How the last step used threads; None before the first."""
        plan = self._shared.plan
        return None if plan is None else self._shared.lock.run(plan.threading)

    def _step_rearranged(self, threads: int) -> _core.TensorPlan:
        """Step with a new plan; only then keep that, and the state that began with it."""
        self._shared.drop_plan()
        self._check_arrangement()
        groups = []
        states: list[tuple[torch.Tensor, State]] = []
        # One run of memory for all new step counts, which each step goes over.
        double = torch.get_default_dtype() == torch.float64
        number = sum(len(group["params"]) for group in self.param_groups)
        counts = iter(np.zeros((number, 1), np.float64 if double else np.float32))
        for i, group in enumerate(self.param_groups):
            rows = []
            now = _core.group_options(self._plain.rule, group)
            checked: set[tuple[str, int]] = set()
            for k, p in enumerate(group["params"]):
                place = f"param_groups[{i}]['params'][{k}]"
                if p.grad is not None:
                    check_whole(p, {**self._plain.defaults, **group}, place)
                    with _named(place):
                        view = plain_view(p, p)
                    _core.check_tensor(torch.Tensor, view, place)
                state, steps = self._prepare_state(p, group, next(counts).reshape(()), place)
                plain = is_plain(p) and not is_sparse(p.grad)
                rows.append((p, plain, state, steps))
                if state:
                    states.append((p, state))
                for name, tensor in _slots_of(self._plain.rule, self._state.get(p)).items():
                    before = self._shared.options.get(tensor)
                    if before is None or name not in (state or ()) or (name, id(before)) in checked:
                        continue
                    with _named(f"param_groups[{i}]"):
                        _core.check_slot(self._plain.rule, name, before, now)
                    checked.add((name, id(before)))
            groups.append((group, rows))
        plan = _core.TensorPlan(
            self._plain.rule,
            dict(self._plain.defaults),
            torch.Tensor,
            plain_view,
            self._gradient_view,
            groups,
            self._shared.learned,
        )
        if not plan.step(self.param_groups, None, threads):
            raise RuntimeError(
                "param_groups: parameters, gradients or options changed while the step read them; "
                "leave them alone until it is done"
            )
        for p, state in states:
            entry = self._state.setdefault(p, {})
            entry.update({name: tensor for name, (tensor, _) in state.items()})
        self._shared.plan, self._shared.options = plan, self._options_of_state()
        self._shared.arrays = {
            id(tensor): (tensor, array)
            for _, state in states
            for tensor, array in state.values()
            if array is not None
        }
        return plan

    @classmethod
    def _gradient_view(
        cls, gradient: torch.Tensor, parameter: torch.Tensor, group: dict[str, Any]
    ) -> Any:
        """Return a gradient as a plain tensor, or a sparse one as (indices, values)."""
        if is_sparse(gradient):
            return sparse_view(gradient, parameter, cls._plain, group)
        return plain_gradient(gradient, parameter)

    def _prepare_state(
        self, p: torch.Tensor, group: dict[str, Any], count: NDArray[Any], place: str
    ) -> tuple[State | None, int]:
        """Return all state of a parameter, what is missing made anew, and whether none was missing.

        The state is None where some is missing, but no gradient asks for it. `count` is memory for
        a new count of steps. Where an optimizer keeps no count, the second stands in for it, and
        only tells that the buffer has begun.
        """
        slots = _core.group_state(self._plain.rule, group)
        entry = self._state.get(p, {})
        if not isinstance(entry, dict):
            raise TypeError(f"state[{place}] = {_core.short_repr(entry)} must be a dict")
        # In SGD's, torch says None where the buffer has not begun.
        if self._has_step and entry.keys() & {"step", *slots}:
            always = ALWAYS[self._plain.rule] | {"step"}
            if lost := [name for name in sorted(always) if entry.get(name) is None]:
                raise ValueError(
                    f"state[{place}] has no entry {lost}; load a whole state, or delete all of it "
                    "to begin anew"
                )
        # Torch has a sparse buffer of momentum where gradients are sparse.
        present = {
            name: value.to_dense() if is_sparse(value) else value
            for name, value in entry.items()
            if value is not None
        }
        missing = [name for name in slots if name not in present]
        if p.grad is None and (missing or (self._has_step and "step" not in present)):
            return None, 0
        state: State = {}
        for name in slots:
            if name in missing:
                array = _core.state_like(plain_view(p, p).detach().numpy(), slots[name])
                state[name] = like(torch.from_numpy(array), p), array
            else:
                state[name] = present[name], self._array_of(present[name], p)
        if self._has_step:
            step = present.get("step", 0)
            if isinstance(step, torch.Tensor) and step.is_floating_point():
                state["step"] = step, self._array_of(step, step)
            else:
                with _named(f"{place}'s step = {_core.short_repr(step)}"):
                    if isinstance(step, (str, bytes, bytearray)):
                        raise ValueError("it must be a number")
                    count[...] = float(step)
                state["step"] = torch.from_numpy(count), count
        return state, 0 if missing else 1

    def _array_of(self, tensor: torch.Tensor, p: torch.Tensor) -> Any:
        known, array = self._shared.arrays.get(id(tensor), (None, None))
        if known is tensor and array is not None:
            # It may have been given other memory meanwhile.
            here = plain_view(tensor, p).data_ptr() == array.ctypes.data
            return array if here else None
        return None


def _slots_of(rule: str, entry: Any) -> dict[str, torch.Tensor]:
    """Return the tensors among the state of a parameter that a rule's slots are."""
    if not isinstance(entry, dict):
        return {}
    slots = SLOTS[rule]
    return {k: v for k, v in entry.items() if k in slots and isinstance(v, torch.Tensor)}


def check_keys(group: Mapping[str, Any], torchs: Set[str], options: Set[str], place: str) -> None:
    """Raise for options that a parameter group lacks, and for keys that are nearly options."""
    if lost := torchs - group.keys() - LOOPS - OURS:
        raise ValueError(f"{place} has no entry {sorted(lost)}; assign a value to each")
    known = {*torchs, *options, "params", "param_names"}
    for key in group.keys() - known:
        check_own_key(key, known)


def check_state(state: Any) -> None:
    """Raise TypeError unless the state is a dictionary."""
    if not isinstance(state, dict):
        raise TypeError(f"state = {_core.short_repr(state)} must be a dict, by parameters")


def check_groups(groups: Any) -> None:
    """Raise TypeError unless the parameter groups are a list."""
    if not isinstance(groups, list):
        raise TypeError(f"param_groups = {_core.short_repr(groups)} must be a list of dicts")


def check_members(group: Any, place: str) -> None:
    """Raise unless a group is a dictionary whose parameters are a list of tensors."""
    if not isinstance(group, dict):
        raise TypeError(f"{place} = {_core.short_repr(group)} must be a dict")
    params = group.get("params")
    if not isinstance(params, list):
        raise TypeError(f"{place}['params'] = {_core.short_repr(params)} must be a list of tensors")
    for k, p in enumerate(params):
        if not isinstance(p, torch.Tensor):
            raise TypeError(f"{place}['params'][{k}] = {_core.short_repr(p)} must be a tensor")


@contextmanager
def _named(place: str) -> Iterator[None]:
    """Have a refusal begin with the place that it is about, and be a TypeError or ValueError."""
    try:
        yield
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{place}: {error}") from None


class _Own(Fused):
    """An optimizer that torch.optim lacks, with the options of pyfastopt's class."""

    def __init__(self, params: Any, lr: float | None = None, **options: Any) -> None:
        if lr is not None:
            options["lr"] = lr
        defaults, _ = _core.describe(self._plain.rule, {**self._plain.defaults, **options})
        super().__init__(params, defaults)

    def _check_new_group(self, group: dict[str, Any], place: str) -> None:
        super()._check_new_group(group, place)
        with _named(place):
            self._plain.check_new({**self._plain.defaults, **group}, "torch")


def _leave_out_of_compilation() -> None:
    """Have ``torch.compile`` leave steps alone, as it leaves torch's own L-BFGS."""
    global _is_left_out
    # Torch has it loaded by now: importing it takes seconds.
    dynamo = sys.modules.get("torch._dynamo")
    if not _is_left_out and dynamo is not None:
        dynamo.trace_rules.add(__name__.partition(".")[0])
        _is_left_out = True


_is_left_out = False


def derive(plain: type[Optimizer]) -> type[Fused]:
    """Make the class of a plain optimizer, under torch's name where torch has it."""
    name = plain.torch_name or plain.__name__
    public = next(cls.__name__ for cls in plain.__mro__ if cls.__name__ in optimizers.__all__)
    gradients = ", with dense or sparse gradients" if issubclass(plain, TAKE_SPARSE) else ""
    base = getattr(torch.optim, name) if plain.torch_name else _Own

    torch_init: Callable[..., None] = base.__init__

    @functools.wraps(torch_init)
    def init(self: Fused, *args: Any, **kwargs: Any) -> None:
        torch_init(self, *args, **kwargs)
        self._begin()

    members: dict[str, Any] = {
        "__doc__": f"Steps as :class:`pyfastopt.{public}`, on tensors of PyTorch{gradients}.",
        "__init__": init,
        "__module__": "pyfastopt.torch",
        "_plain": plain,
        "_has_step": name != "SGD",
    }
    if base is _Own:
        names = ["params", *plain.defaults]
        members["__signature__"] = Signature([plain.fields[k].parameter(k) for k in names])
    return type(name, (base,) if issubclass(base, Fused) else (Fused, base), members)
