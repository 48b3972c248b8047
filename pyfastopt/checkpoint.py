"""Checkpoints: what an optimizer's state dict has, and whether one fits the optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import _core


def save(optimizer: str, plan: _core.Plan) -> dict[str, Any]:
    """Return the state dict of a plan, under the name of its optimizer."""
    return {
        "optimizer": optimizer,
        "state": dict(enumerate(plan.snapshot())),
        "param_groups": [
            {**options, **members}
            for options, members in zip(plan.options(), _members(plan), strict=True)
        ],
    }


def load(optimizer: str, plan: _core.Plan, state_dict: Mapping[str, Any]) -> None:
    """Give the plan the options and the state of `state_dict`, if that fits; else change nothing.

    Raises
    ------
    TypeError, ValueError
        Where the state dict is of another optimizer, other parameters or other state arrays.
    """
    remedy = "pass what state_dict() gave for an optimizer constructed as this one was"
    for name, kind in (("optimizer", str), ("state", dict), ("param_groups", list)):
        if not isinstance(state_dict, Mapping) or name not in state_dict:
            raise ValueError(f"state_dict has no entry '{name}'; {remedy}")
        if not isinstance(state_dict[name], kind):
            raise TypeError(f"state_dict['{name}'] is not a {kind.__name__}; {remedy}")
    saved = state_dict["optimizer"]
    if saved != optimizer:
        raise ValueError(f"state_dict['optimizer'] is {saved!r}, expected {optimizer!r}; {remedy}")
    state, groups = state_dict["state"], state_dict["param_groups"]
    members = _members(plan)
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
    for i, (given, present) in enumerate(zip(options, plan.options(), strict=True)):
        if missing := present.keys() - given.keys():
            raise ValueError(
                f"state_dict['param_groups'][{i}] has no entry {sorted(missing)}; {remedy}"
            )
    plan.load(options, [state[index] for index in sorted(indices)])


def _members(plan: _core.Plan) -> list[dict[str, list[Any]]]:
    """Return for each group its parameters' indices and their places in the structure."""
    members: list[dict[str, list[Any]]] = [
        {"params": [], "param_names": []} for _ in plan.options()
    ]
    for index, (group, path) in enumerate(zip(plan.groups(), plan.paths(), strict=True)):
        members[group]["params"].append(index)
        members[group]["param_names"].append(path)
    return members
