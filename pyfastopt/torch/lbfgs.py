"""L-BFGS for tensors of PyTorch: see pyfastopt.torch."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping, Set
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from .. import _core, lbfgs
from ..lbfgs.options import as_array, count, real
from .base import Locked, check_groups, check_keys, check_members, check_state
from .checkpoint import LBFGS_STATE


class LBFGS(Locked, torch.optim.LBFGS):
    """Steps as :class:`pyfastopt.LBFGS`, on tensors of PyTorch."""

    # Locked.__new__ would hide it.
    __signature__ = inspect.signature(torch.optim.LBFGS)

    # Works on the parameters' memory; made anew where that has moved.
    _plain: lbfgs.LBFGS | None = None
    # What it was made for: where the parameters were, and room for how much history.
    _made_for: Any = None
    # The state as the last step left it, whose tensors are views of the vectors of `_plain`.
    _written: Mapping[str, Any] = MappingProxyType({})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the parameter group, if its options are supported."""
        if isinstance(param_group, Mapping):
            place = f"param_groups[{len(self.param_groups)}]"
            self._check_group({**self.defaults, **param_group}, place)
        super().add_param_group(param_group)

    def _check_group(self, group: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Return the options of a group, each checked."""
        known = self.defaults.keys()
        check_keys(group, known, known, place)
        return _checked(group)

    def _known_names(self) -> tuple[Set[str], Set[str]]:
        return self.defaults.keys(), LBFGS_STATE | {"al"}  # which torch uses within a step

    def _needed_state(self, group: dict[str, Any], entry: Mapping[str, Any]) -> Set[str]:
        count = entry.get("n_iter")
        has_begun = not (isinstance(count, int) and count == 0)
        return LBFGS_STATE - {"func_evals"} if has_begun else set()

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Iterate until one of the limits or tolerances is met, and update the parameters.

        Parameters
        ----------
        closure : callable
            Computes the loss and the gradients anew, and returns the loss. The state that it may
            see has the present counts, and all else as a step leaves it only when that ends.

        Returns
        -------
        object
            What `closure` returned first.

        Raises
        ------
        TypeError, ValueError
            For parameters, gradients, options or state that are not supported.
        RuntimeError
            Where the closure steps the optimizer or loads its state, or gives a parameter other
            memory.
        """
        if not callable(closure):
            raise TypeError(
                f"closure = {_core.short_repr(closure)} must be a function that returns the loss"
            )
        return self._shared.lock.run(self._iterate, closure)

    def _iterate(self, closure: Callable[[], Any]) -> Any:
        check_state(self.state)
        check_groups(self.param_groups)
        if len(self.param_groups) != 1:
            raise ValueError(
                f"param_groups has {len(self.param_groups)} groups; LBFGS works on all parameters "
                "as one vector: pass one group"
            )
        (group,) = self.param_groups
        check_members(group, "param_groups[0]")
        params = group["params"]
        options = self._check_group(group, "param_groups[0]")
        plain = self._prepare(params, group["history_size"])
        for name, value in options.items():
            setattr(plain, name, value)
        plain.num_threads, plain._most_threads = self.num_threads, torch.get_num_threads()
        addresses = [p.data_ptr() for p in params]
        losses: list[Any] = []

        def evaluate() -> tuple[float, list[Any]]:
            # The parameters may have changed under autograd's eyes.
            torch.autograd.graph.increment_version(params)
            for name in ("func_evals", "n_iter"):
                self.state.setdefault(params[0], {})[name] = plain._scalars[name]
            with torch.enable_grad():
                loss = closure()
            if not losses:
                losses.append(loss)
            if [p.data_ptr() for p in params] != addresses:
                raise RuntimeError(
                    "the closure has given a parameter other memory (p.data = ...), where the step "
                    "cannot go on; change the values in place, p.data.copy_(...)"
                )
            grads = [
                None if p.grad is None else p.grad.detach().to_dense().resolve_neg() for p in params
            ]
            return _number(loss), grads

        try:
            plain.step(evaluate)
        finally:
            torch.autograd.graph.increment_version(params)
            self._written = _as_tensors(plain._entries())
            entry = self.state.setdefault(params[0], {})
            for name, value in self._written.items():
                entry[name] = value.copy() if isinstance(value, list) else value
        return losses[0]

    def _prepare(self, params: list[torch.Tensor], history_size: int) -> lbfgs.LBFGS:
        """Return the optimizer for the parameters' memory, in the state as it is now."""
        for k, p in enumerate(params):
            _core.check_tensor(torch.Tensor, p, f"param_groups[0]['params'][{k}]")
        places = [(p.data_ptr(), p.dtype, p.shape, p.stride()) for p in params]
        place = "state[param_groups[0]['params'][0]]"
        state = self.state.get(params[0], {})
        if not isinstance(state, dict):
            raise TypeError(f"{place} = {_core.short_repr(state)} must be a dict")
        plain = self._plain
        if plain is None or self._made_for != (places, history_size):
            plain = lbfgs.LBFGS([p.detach().numpy() for p in params], history_size=history_size)
        elif all(_same(value, state.get(name)) for name, value in self._written.items()):
            return plain
        saved = plain.state_dict()
        try:
            saved["state"] = {0: _as_arrays(state, saved["state"][0]["d"], history_size)}
            plain.load_state_dict(saved)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"{place}: {error}") from error
        self._plain, self._made_for = plain, (places, history_size)
        return plain


def _checked(group: Mapping[str, Any]) -> dict[str, Any]:
    rate = group["lr"]
    if torch.is_tensor(rate):
        try:
            rate = rate.item()
        except RuntimeError as error:
            raise ValueError(
                f"lr = {_core.short_repr(rate)} must be a finite number >= 0: {error}"
            ) from None
    return lbfgs.checked_options({**group, "lr": rate})


def _number(loss: Any) -> float:
    """Return the loss, if it is a real number."""
    try:
        return real(loss.detach().item() if torch.is_tensor(loss) else loss)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"closure has to return the loss, a real number; it returned {_core.short_repr(loss)}"
        ) from None


def _as_tensors(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state as torch has it; vectors stay where they are."""
    if entries["n_iter"] == 0:
        return {name: entries[name] for name in ("func_evals", "n_iter")}
    rows = {name: [*map(torch.from_numpy, entries[name])] for name in ("old_dirs", "old_stps")}
    vectors = {name: torch.from_numpy(entries[name]) for name in ("d", "prev_flat_grad")}
    return {**entries, **rows, **vectors}


def _as_arrays(state: Mapping[str, Any], like: Any, history_size: int) -> dict[str, Any]:
    """Return torch's state as :meth:`pyfastopt.LBFGS.state_dict` has it."""
    counts = {name: count(name, state.get(name, 0)) for name in ("func_evals", "n_iter")}
    zeros = np.zeros_like(like)
    begin = {"t": 0.0, "H_diag": 1.0, "prev_loss": 0.0, "d": zeros, "prev_flat_grad": zeros}
    found = {name: state.get(name) if counts["n_iter"] else begin[name] for name in begin}
    history = {}
    for name, dtype, shape in (
        ("old_dirs", like.dtype, like.shape),
        ("old_stps", like.dtype, like.shape),
        ("ro", np.float64, ()),
    ):
        given = [] if state.get(name) is None else state[name]
        if not isinstance(given, list):
            raise TypeError(f"{name} = {_core.short_repr(given)} must be a list")
        rows = [as_array(name, value) for value in given][-history_size:]
        history[name] = np.array(rows, dtype) if rows else np.empty((0, *shape), dtype)
    return {**counts, **found, **history}


def _same(ours: Any, given: Any) -> bool:
    """Whether an entry of the state, or each element of a list, is the very same object."""
    if isinstance(ours, list) and isinstance(given, list) and len(ours) == len(given):
        return all(map(operator.is_, ours, given))
    return ours is given
