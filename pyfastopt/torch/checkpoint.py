"""What is in the state of which optimizer, and whether a state dict is of the one that loads it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Set
from typing import Any

import torch

from .. import _core, optimizers
from ..checkpoint import ALL_OPTIONS, LOOPS, OURS

#: The names of each rule's state arrays, under whichever options.
SLOTS = {rule: set(slots) for rule, _, _, slots in _core.rules()}

#: Those that it has under any.
ALWAYS = {
    rule: set.intersection(*(set(slots) for of, slots in _core.variants() if of == rule))
    for rule in SLOTS
}

#: What L-BFGS has in its state, once it has moved.
LBFGS_STATE = frozenset(
    {"func_evals", "n_iter", "t", "H_diag", "prev_loss"}
    | {"d", "prev_flat_grad", "old_dirs", "old_stps", "ro"}
)

# The options of any optimizer, torch's or pyfastopt's, and what is in the state of any.
_ALL_OPTIONS = ALL_OPTIONS | {
    name
    for optimizer in map(vars(torch.optim).get, torch.optim.__all__)
    if isinstance(optimizer, type) and optimizer is not torch.optim.Optimizer
    for name in inspect.signature(optimizer).parameters
}
_ALL_STATE = {"step", "al", "row_var", "col_var", "variance"}.union(
    LBFGS_STATE,
    *SLOTS.values(),
    *(getattr(optimizers, name).derived_state for name in optimizers.__all__),
)


def check_checkpoint(
    loaded: Mapping[str, Any],
    name: str,
    torch_class: type,
    needed: Set[str],
    known: Set[str],
    known_state: Set[str],
    needed_state: Callable[[dict[str, Any], Mapping[str, Any]], Set[str]],
) -> None:
    """Raise ValueError where options or state are those of another optimizer.

    A step would take defaults for what is missing.

    Parameters
    ----------
    loaded : mapping
        The state, by parameters, and the groups, as torch's ``load_state_dict`` has them.
    name : str
        The name of the optimizer that loads them.
    torch_class : type
        The class of torch that it is of.
    needed, known : set of str
        The options that a group has to have, and those that it may have.
    known_state : set of str
        What the state of a parameter may have.
    needed_state : callable
        Returns what it has to have, for the parameter's group and the state that is there.
    """

    def check(place: str, found: Set[str], needed: Set[str], foreign: Set[str]) -> None:
        for names, what in (
            (needed - found, f"has no entry {{}}, which {name} needs"),
            (foreign & found, f"has {{}} of another optimizer than {name}"),
        ):
            if names:
                raise ValueError(
                    f"state_dict: {place} {what.format(sorted(names))}; it has "
                    f"{sorted(map(str, found))}. Load what state_dict() gave for {name}, "
                    "of torch.optim or of pyfastopt.torch"
                )

    # Torch's class fills in what its older versions did not have: here in groups of our own.
    scratch: Any = object.__new__(type(name, (torch_class,), {}))
    scratch.defaults = {}
    groups = [dict(group) for group in loaded.get("param_groups", ())]
    scratch.__setstate__({"state": {}, "param_groups": groups})

    foreign = _ALL_OPTIONS - known - LOOPS - {"params"}
    foreign_state = _ALL_STATE - known_state
    for i, group in enumerate(groups):
        check(f"param_groups[{i}]", group.keys(), needed - LOOPS - OURS, foreign)
        for k, p in enumerate(group["params"]):
            place = f"the state of param_groups[{i}]['params'][{k}]"
            entry = loaded.get("state", {}).get(p, {})
            if not isinstance(entry, Mapping):
                raise ValueError(
                    f"state_dict: {place} is {_core.short_repr(entry)}; it must be a dict"
                )
            check(place, entry.keys(), set(), foreign_state)
            if entry:
                present = {key for key, value in entry.items() if value is not None}
                check(place, present, needed_state(group, entry), set())
