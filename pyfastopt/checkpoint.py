"""Checkpoints: what an optimizer's state dict has, and how it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import _core
from .declaration import check_own_key

#: Which of torch's loops to take: any of its groups may have these.
LOOPS = {"foreach", "fused", "capturable", "differentiable"}

#: The options that only pyfastopt has: a group of torch's layout may lack them.
OURS = {"grad_scale", "clip_value"}

#: The options of all optimizers.
ALL_OPTIONS = {name for _, _, options, _ in _core.rules() for name, *_ in options}

_REMEDY = "pass what state_dict() gave for an optimizer constructed as this one was"

_T = TypeVar("_T")


class Differences(NamedTuple):
    """What a state dict and an optimizer do not have in common, by the names of parameters.

    Attributes
    ----------
    new : list of str
        Parameters of the optimizer that the state dict lacks: their state stays as it is.
    missing : list of str
        Parameters of the state dict that the optimizer lacks.
    changed : list of str
        Parameters of both, whose state differs in shape, dtype or names: it stays as it is.
    """

    new: list[str]
    missing: list[str]
    changed: list[str]


class Saved(NamedTuple):
    """A state dict whose entries are of the right types."""

    #: For each group its options, without the members.
    options: list[dict[str, Any]]
    #: For each group its parameters' keys in the state.
    members: list[list[int]]
    #: The parameters' names by these keys; None where torch has written it.
    names: dict[int, str] | None
    state: dict[int, Mapping[str, Any]]


def save(optimizer: str, plan: _core.Plan, groups: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the state dict of a plan, under the name of its optimizer."""
    state = dict(enumerate(plan.snapshot()))
    names = plan.paths()
    return {
        "optimizer": optimizer,
        "state": state,
        "param_groups": [
            {
                **{key: value for key, value in group.items() if key != "params"},
                "params": members,
                "param_names": [names[i] for i in members],
            }
            for group, members in zip(groups, _members(plan), strict=True)
        ],
    }


def load(
    optimizer: Any,
    plan: _core.Plan,
    groups: Sequence[Mapping[str, Any]],
    state_dict: Any,
    *,
    strict: bool,
) -> tuple[list[dict[str, Any] | None], Differences]:
    """Give the plan the options and the state of `state_dict`, if that fits; else change nothing.

    Parameters
    ----------
    optimizer : type
        The class of the optimizer.
    plan : Plan
        Its plan.
    groups : sequence of mapping
        Its parameter groups.
    state_dict : mapping
        The state dict, of this class or of torch's.
    strict : bool
        Whether the parameters have to be the same.

    Returns
    -------
    list of dict
        For each group the keys of the user's own; None where it keeps those that it has.
    Differences
        What is left out unless `strict`.

    Raises
    ------
    TypeError, ValueError
        Where the state dict is of another optimizer, other parameters or other state arrays.
    """
    saved = _read(optimizer.__name__, state_dict)
    names, params, state = plan.paths(), plan.parameters(), plan.state()
    places = _match(plan, groups, saved, strict=strict)
    options, own = _options(optimizer, plan, saved, places)
    entries: list[dict[str, Any] | None] = []
    changed = []
    for i, place in enumerate(places):
        entry = None if place is None else _entry(optimizer, saved, place)
        if strict and entry is None:
            initial = plan.initial_state(i)
            both = 1 + 1j if params[i].dtype.kind == "c" else 1  # the parts of complex numbers
            entry = {k: np.full_like(params[i], both * value) for k, value in initial.items()}
            entry["step"] = 0
        if not strict and entry is not None and not _fits(entry, state[i], params[i]):
            changed.append(names[i])
            entry = None
        entries.append(entry)
    plan.load(options, entries)
    taken = {place for place in places if place is not None}
    return own, Differences(
        [name for name, place in zip(names, places, strict=True) if place is None],
        [
            saved.names[key] if saved.names is not None else str(key)
            for keys in saved.members
            for key in keys
            if key not in taken
        ],
        changed,
    )


def _read(optimizer: str, state_dict: Any) -> Saved:
    """Check the types of all that a state dict is made of."""
    outer = _checked(state_dict, Mapping, "state_dict")
    is_own = "optimizer" in outer
    if is_own:
        name = _checked(outer["optimizer"], str, "state_dict['optimizer']")
        if name != optimizer:
            raise ValueError(
                f"state_dict['optimizer'] is {name!r}, expected {optimizer!r}; {_REMEDY}"
            )
    groups = _entry_of(outer, "param_groups", (list, tuple))
    options, members = [], []
    names: dict[int, str] | None = {} if is_own else None
    for i, each in enumerate(groups):
        place = f"state_dict['param_groups'][{i}]"
        group = dict(_checked(each, Mapping, place))
        keys = [
            _index(key, f"{place}['params'][{k}]")
            for k, key in enumerate(_entry_of(group, "params", (list, tuple), place))
        ]
        members.append(keys)
        if names is not None:
            texts = _entry_of(group, "param_names", (list, tuple), place)
            if len(texts) != len(keys):
                raise ValueError(
                    f"{place} has {len(keys)} params and {len(texts)} param_names; {_REMEDY}"
                )
            for k, (key, text) in enumerate(zip(keys, texts, strict=True)):
                names[key] = _checked(text, str, f"{place}['param_names'][{k}]")
        options.append(
            {
                _checked(key, str, f"a key of {place}"): value
                for key, value in group.items()
                if key not in ("params", "param_names") and (is_own or key not in LOOPS)
            }
        )
    state = {
        _index(key, "a key of state_dict['state']"): _checked(
            entry, Mapping, f"state_dict['state'][{key}]"
        )
        for key, entry in _entry_of(outer, "state", Mapping).items()
    }
    all_keys = [key for keys in members for key in keys]
    if len({*all_keys}) != len(all_keys):
        raise ValueError(f"state_dict['param_groups'] has a parameter twice, {all_keys}; {_REMEDY}")
    if len(state) != len(outer["state"]):
        raise ValueError(
            f"state_dict['state'] has a parameter twice, {[*outer['state']]}; {_REMEDY}"
        )
    if foreign := [key for key in state if key not in {*all_keys}]:
        raise ValueError(
            f"state_dict['state'] has the keys {foreign}, which no group has; {_REMEDY}"
        )
    if is_own and (missing := [key for key in all_keys if key not in state]):
        raise ValueError(f"state_dict['state'] lacks the keys {missing}; {_REMEDY}")
    return Saved(options, members, names, state)


def _checked(value: Any, kind: type[_T] | tuple[type[_T], ...], place: str) -> _T:
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join("dict" if k is Mapping else k.__name__ for k in kinds)
        raise TypeError(f"{place} = {_core.short_repr(value)} must be a {wanted}; {_REMEDY}")
    return value


def _entry_of(mapping: Any, name: str, kind: Any, place: str = "state_dict") -> Any:
    if name not in mapping:
        raise ValueError(f"{place} has no entry '{name}'; {_REMEDY}")
    return _checked(mapping[name], kind, f"{place}['{name}']")


def _index(key: Any, place: str) -> int:
    """Return a parameter's number, which JSON makes a string of."""
    # Longer ones number no parameter, and Python refuses to read them.
    if isinstance(key, str) and len(key) < 20 and key.isdecimal() and key == str(int(key)):
        return int(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return key
    raise TypeError(
        f"{place} = {_core.short_repr(key)} must be the number of a parameter; {_REMEDY}"
    )


def _match(
    plan: _core.Plan, groups: Sequence[Mapping[str, Any]], saved: Saved, *, strict: bool
) -> list[int | None]:
    """Return for each parameter of the plan which of the saved ones it is."""
    members, names = _members(plan), plan.paths()
    my_labels, labels = ([group.get("name") for group in all] for all in (groups, saved.options))
    labelled = all(isinstance(label, str) for label in (*my_labels, *labels))
    if strict:
        if labelled and my_labels != labels:
            raise ValueError(
                f"state_dict['param_groups'] has the names {labels}, this optimizer's groups "
                f"{my_labels}; {_REMEDY}"
            )
        sizes, found = [len(keys) for keys in members], [len(keys) for keys in saved.members]
        if sizes != found:
            raise ValueError(
                f"state_dict['param_groups'] has groups of {found} parameters, this optimizer of "
                f"{sizes}; {_REMEDY}"
            )
    if saved.names is None:
        places: list[int | None] = [None] * len(names)
        for mine, keys in zip(members, saved.members, strict=False):
            for i, key in zip(mine, keys, strict=False):
                places[i] = key
        return places
    if strict:
        theirs = [saved.names[key] for keys in saved.members for key in keys]
        if theirs != names:
            raise ValueError(
                f"state_dict['param_groups'] is of other parameters, {theirs}, than this "
                f"optimizer's, {names}; {_REMEDY}"
            )
    if labelled and len({*my_labels}) == len(my_labels) and len({*labels}) == len(labels):
        return _match_labelled(names, members, my_labels, saved, labels)
    keys_of = {name: key for key, name in saved.names.items()}
    return [keys_of.get(name) for name in names]


def _match_labelled(
    names: Sequence[str],
    members: Sequence[Sequence[int]],
    my_labels: Sequence[Any],
    saved: Saved,
    labels: Sequence[Any],
) -> list[int | None]:
    """Return the same, groups by their names and parameters by their places within."""

    def by_name(names: Any, members: Any, labels: Any) -> dict[int, tuple[Any, str]]:
        return {
            key: (label, names[key].removeprefix(f"[{number}]"))
            for number, (keys, label) in enumerate(zip(members, labels, strict=True))
            for key in keys
        }

    keys_of = {name: key for key, name in by_name(saved.names, saved.members, labels).items()}
    mine = by_name(names, members, my_labels)
    return [keys_of.get(mine[i]) for i in range(len(names))]


def _entry(optimizer: Any, saved: Saved, place: int) -> dict[str, Any] | None:
    """Return a parameter's state as the plan takes it; None where it has not begun."""
    entry = dict(saved.state.get(place, {}))
    if saved.names is None:
        # Torch's SGD says None where the buffer has not begun, and counts no steps.
        entry = {
            name: value
            for name, value in entry.items()
            if value is not None and name not in optimizer.derived_state
        }
        if entry and (lost := optimizer.derived_state.keys() - saved.state[place].keys()):
            raise ValueError(
                f"state_dict['state'][{place}] has no entry {sorted(lost)}, which "
                f"{optimizer.__name__} has in torch; {_REMEDY}"
            )
        # Torch's SGD has a sparse buffer where gradients were sparse.
        for name, value in entry.items():
            if getattr(value, "is_sparse", False):
                entry[name] = value.to_dense()
        if not entry:
            return None
        if optimizer.rule == "sgd":
            entry.setdefault("step", 1)
    if "step" in entry:
        entry["step"] = _count(entry["step"])
    return entry


def _count(value: Any) -> Any:
    """Return a count of steps as an int, if it is a whole number such as torch has in a tensor."""
    if isinstance(value, (int, str, bytes, bytearray)):
        return value
    try:
        number = float(value)
    except Exception:
        return value  # which is refused by its name
    return int(number) if number.is_integer() else value


def _fits(entry: Mapping[str, Any], mine: Mapping[str, Any], param: NDArray[Any]) -> bool:
    return entry.keys() == mine.keys() and all(
        tuple(value.shape) == param.shape
        and str(value.dtype).removeprefix("torch.") == param.dtype.name
        for name, value in entry.items()
        # What is no array is refused by its name.
        if name != "step"
        and hasattr(value, "dtype")
        and isinstance(getattr(value, "shape", None), tuple)
    )


def _options(
    optimizer: Any, plan: _core.Plan, saved: Saved, places: Sequence[int | None]
) -> tuple[list[dict[str, Any]], list[dict[str, Any] | None]]:
    """Return the options that each group gets, and its keys of the user's own.

    A group gets those of the saved group that all of its saved parameters are in.
    """
    group_of = {key: i for i, keys in enumerate(saved.members) for key in keys}
    options: list[dict[str, Any]] = []
    own: list[dict[str, Any] | None] = []
    for number, mine in enumerate(_members(plan)):
        theirs = {group_of[key] for i in mine if (key := places[i]) is not None}
        present = plan.options(number)
        if len(theirs) != 1:
            for group in theirs:
                place = f"state_dict['param_groups'][{group}]"
                check_meaning(optimizer.rule, saved.options[group], present, place)
            options.append({})
            own.append(None)
            continue
        (group,) = theirs
        given, known = saved.options[group], present.keys()
        # What torch's class does not have stays as it is, but for what all have.
        needed = {*known} if saved.names is not None else known - OURS
        if saved.names is None and optimizer.torch_name is not None:
            needed &= {"lr", "weight_decay"} if optimizer.rule != "rprop" else {"lr"}
        missing = needed - given.keys()
        others = ALL_OPTIONS - known if saved.names is None else set()
        if missing or others & given.keys():
            what = (
                f"has no entry {sorted(missing)}"
                if missing
                else f"has {sorted(others & given.keys())}, which {optimizer.__name__} lacks"
            )
            raise ValueError(f"state_dict['param_groups'][{group}] {what}; {_REMEDY}")
        options.append({key: value for key, value in given.items() if key in known})
        if any(saved.state.get(key) for key in saved.members[group]):
            place = f"state_dict['param_groups'][{group}]"
            check_meaning(optimizer.rule, given, {**present, **options[-1]}, place)
        own.append({key: value for key, value in given.items() if key not in known})
        for name in own[-1] or ():
            check_own_key(name, known)
    return options, own


def check_meaning(
    rule: str, given: Mapping[str, Any], options: Mapping[str, Any], place: str
) -> None:
    """Raise ValueError where state that comes with some options holds another thing with others.

    Parameters
    ----------
    rule : str
        The rule whose state it is.
    given : mapping
        The options that come with it; those that torch lacks are then the rule's defaults.
    options : mapping
        The options that go with it from now on.
    place : str
        How a message names the group that it comes from.
    """
    before, now = (_core.group_options(rule, dict(each)) for each in (given, options))
    for slot in _core.group_state(rule, dict(options)):
        try:
            _core.check_slot(rule, slot, before, now)
        except ValueError as error:
            raise ValueError(f"{place} has state of other options: {error}") from None


def _members(plan: _core.Plan) -> list[list[int]]:
    """Return for each group its parameters' numbers."""
    members: list[list[int]] = [[] for _ in range(plan.group_count)]
    for number, group in enumerate(plan.groups()):
        members[group].append(number)
    return members
