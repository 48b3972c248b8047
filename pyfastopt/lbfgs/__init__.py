"""L-BFGS: the optimizer that asks for the loss and its gradient as often as it needs them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, cast

import numpy as np

from .. import _core
from .._types import Params, Tree
from ..declaration import BaseOptimizer, ThreadsOption, field
from ..optimizer import as_tree, param_groups
from .line_search import Point, strong_wolfe
from .options import (
    LineSearch,
    Setting,
    as_array,
    count,
    line_search_name,
    non_negative,
    real,
    tolerance,
)
from .vectors import Vector, VectorFunctions, gather, scatter

__all__ = ["LBFGS"]

#: Computes the loss and its gradients, nested as the parameters are.
Closure = Callable[[], tuple[Any, Tree]]


class LBFGS(
    BaseOptimizer,
    private=(
        "_before",
        "_changes",
        "_direction",
        "_filled",
        "_lock",
        "_most_threads",
        "_next",
        "_options",
        "_params",
        "_plan",
        "_ro",
        "_scalars",
        "_shapes",
        "_spare",
        "_start",
        "_steps",
        "_trial",
    ),
):
    """L-BFGS, with or without a line search, as in ``torch.optim.LBFGS``.

    Unlike the other optimizers it works on all parameters as one vector, and `step` takes a
    function that it may call many times. Its vector operations are fused: the direction takes two
    passes for each pair in the history, and the history is one block of memory.

    Parameters
    ----------
    params : array, or a nesting of arrays in lists, tuples and dictionaries
        The parameters, updated in place; see :class:`Optimizer`. All of one dtype, without groups.
    lr
        Length of a step along the direction, or, with a line search, of the first one tried; >= 0.
    max_iter
        Iterations a call of `step`, >= 0.
    max_eval : int
        Evaluations after which a call of `step` begins no further iteration, >= 0; by default
        ``max_iter * 5 // 4`` of the `max_iter` given here.
    tolerance_grad
        Stop where no element of the gradient is larger; a negative number never stops it.
    tolerance_change
        Stop where no parameter, or where the loss, changes by more in an iteration, or where the
        loss falls no faster along the direction; a negative number never stops it.
    history_size
        Pairs of changes of the gradient and of the parameters that are kept, >= 1. Fixed at
        construction.
    line_search_fn : {"strong_wolfe"}
        None: take the step whatever comes of it, as is usual with mini-batches. "strong_wolfe":
        search for one that meets the strong Wolfe conditions.
    num_threads : int
        See :class:`Optimizer`. The results are the same bits for any number.

    Raises
    ------
    TypeError, ValueError
        See :class:`Optimizer`.

    Notes
    -----
    Every option is an attribute too, which may be changed between steps.

    Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989; the
    line search is of Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6,
    with cubic interpolation. Options, defaults and stopping rules are those of
    ``torch.optim.LBFGS``; dot products are summed in float64, and in a line search a loss of NaN
    counts as infinite.

    Examples
    --------
    >>> import numpy as np
    >>> import pyfastopt as fo
    >>> x = np.zeros(3)
    >>> target = np.array([1.0, 2.0, 3.0])
    >>> opt = fo.LBFGS(x, line_search_fn="strong_wolfe")
    >>> opt.step(lambda: (((x - target) ** 2).sum(), 2 * (x - target)))
    14.0
    >>> x
    array([1., 2., 3.])
    """

    lr: float = field(default=1.0, kw_only=False, option=Setting(non_negative))
    max_iter: int = field(default=20, option=Setting(count))
    max_eval: int | None = field(default=None, option=Setting(count))
    tolerance_grad: float = field(default=1e-7, option=Setting(tolerance))
    tolerance_change: float = field(default=1e-9, option=Setting(tolerance))
    history_size: int = field(
        default=100, option=Setting(partial(count, least=1, most=2**31 - 1), fixed=True)
    )
    line_search_fn: LineSearch = field(default=None, option=Setting(line_search_name))
    num_threads: int | None = field(default=None, option=ThreadsOption())

    # The compiled vector functions; those of pyfastopt.reference are the same in NumPy.
    _vectors: ClassVar[VectorFunctions] = _core

    def _construct(self, params: Params, options: dict[str, Any]) -> None:
        num_threads = options.pop("num_threads")
        if unknown := options.keys() - SETTINGS.keys():
            raise TypeError(
                f"there is no option '{min(unknown)}'; the options are {', '.join(SETTINGS)}"
            )
        values = {name: type(self).fields[name].default for name in SETTINGS} | options
        if values["max_eval"] is None:
            values["max_eval"] = min(count("max_iter", values["max_iter"]) * 5 // 4, sys.maxsize)
        self._options = {name: s.check(name, values[name]) for name, s in SETTINGS.items()}
        tree = as_tree(params)
        if param_groups(tree):
            raise TypeError("params are parameter groups, which LBFGS lacks; pass the arrays")
        # The plan checks parameters and gradients, whatever its rule.
        self._plan = _core.Plan("sgd", tree, [{}], False)
        self.num_threads = num_threads
        # Of those that are chosen; 0: there is no other than the library's.
        self._most_threads = 0
        self._params = self._plan.parameters()
        dtypes = {p.dtype for p in self._params}
        if any(dtype.kind == "c" for dtype in dtypes):
            raise TypeError("params are complex, which LBFGS lacks; pass views of them as floats")
        if len(dtypes) > 1:
            raise TypeError(
                f"params have the dtypes {', '.join(sorted(map(str, dtypes)))}; "
                "LBFGS works on all of them as one vector: convert them to one"
            )
        self._shapes = [p.shape for p in self._params]
        size = sum(p.size for p in self._params)
        # One more than the history has, for a pair that may turn out not to be worth keeping.
        rows = self.history_size + 1
        memory = np.empty((2 * rows + 8, size), next(iter(dtypes), np.float32))
        self._changes, self._steps, work = memory[:rows], memory[rows:-8], memory[-8:]
        self._direction, self._before, self._start, self._trial = work[:4]
        # Of gradients: that of the start, of the two ends of a bracket, and of a new point.
        self._spare = list(work[4:])
        self._ro = [0.0] * rows
        self._filled = self._next = 0
        self._lock = _core.Lock()
        self._scalars = {"func_evals": 0, "n_iter": 0, "t": 0.0, "H_diag": 1.0, "prev_loss": 0.0}

    def _save(self) -> dict[str, Any]:
        return {
            "options": {**self._options, "num_threads": self.num_threads},
            "state_dict": self.state_dict(),
        }

    def _restore(self, tree: Tree, grouped: bool, saved: dict[str, Any]) -> None:
        self._construct(cast("Params", tree), dict(saved["options"]))
        self._load(saved["state_dict"])

    def step(self, closure: Closure) -> float:
        """Iterate until one of the limits or tolerances is met, and update the parameters.

        Parameters
        ----------
        closure : callable
            Returns the loss and its gradients at the present parameters, the latter nested as the
            parameters are; None stands for a gradient of zeros. It may change the parameters in
            place, to project them; a line search undoes that.

        Returns
        -------
        float
            The loss before the step.

        Raises
        ------
        TypeError, ValueError
            For what the closure returns, where it does not fit. As after any exception of the
            closure, the parameters are where the last iteration has left them, and the history is
            without the unfinished one.
        RuntimeError
            Where the closure uses the optimizer.
        """
        if not callable(closure):
            raise TypeError(
                f"closure = {_core.short_repr(closure)} must be a function that returns the loss"
            )
        return self._lock.run(self._iterate, closure)

    def _iterate(self, closure: Closure) -> float:
        spare = list(self._spare)
        first = self._evaluate(closure, spare.pop())
        loss, grad = first
        evaluations, iterations = 1, 0
        self._scalars["func_evals"] += 1
        if self._magnitude(grad) <= self.tolerance_grad:
            return first[0]
        while iterations < self.max_iter:
            iterations += 1
            slope = self._find_direction(grad)
            self._scalars["t"] = 0.0  # until the parameters have moved
            t = self.lr
            if self._scalars["n_iter"] == 0:
                t *= 1.0 / max(1.0, self._vectors.magnitudes(grad, self._threads)[1])
            if not math.isfinite(slope) and math.isfinite(largest := self._magnitude(grad)):
                raise ValueError(
                    f"grads: with elements up to {largest:.3g}, sums of their squares go beyond "
                    "float64; scale the loss down"
                )
            gather(self._params, self._shapes, self._start)
            # Counted once nothing of it fails that is not undone.
            self._scalars["n_iter"] += 1
            self._scalars["prev_loss"] = before = loss
            if slope > -self.tolerance_change:
                break
            last = iterations == self.max_iter
            try:
                if self.line_search_fn is not None:
                    limit = self._options["max_eval"] - evaluations
                    at = Point(0.0, loss, slope, grad)
                    found, spent = strong_wolfe(
                        partial(self._look, closure),
                        t,
                        at,
                        self._magnitude(self._direction),
                        spare,
                        limit,
                        self.tolerance_change,
                    )
                    self._move(found.t)
                elif last:
                    found, spent = Point(t, loss, slope, grad), 0  # nobody asks for the loss there
                    self._move(t)
                else:
                    # What the closure does to the parameters, such as clipping them, stays.
                    found, spent = self._look(closure, t, spare.pop()), 1
            except BaseException:
                scatter(self._start, self._params, self._shapes)
                self._scalars["n_iter"] -= 1
                raise
            if found.grad is not grad:
                spare.append(grad)
            t, loss, _, grad = found
            self._scalars["t"] = t
            evaluations += spent
            self._scalars["func_evals"] += spent
            if (
                last
                or evaluations >= self._options["max_eval"]
                or self._magnitude(grad) <= self.tolerance_grad
                or self._magnitude(self._direction) * t <= self.tolerance_change
                or abs(loss - before) < self.tolerance_change
            ):
                break
        return first[0]

    # ---- the direction --------------------------------------------------------------------------

    def _find_direction(self, grad: Vector) -> float:
        """Compute the direction, and return the slope along it."""
        d, threads = self._direction, self._threads
        if self._scalars["n_iter"] == 0:
            self._before[...] = grad
            return self._vectors.combine(d, -1.0, grad, None, grad, threads)
        self._remember(grad)
        # From the newest pair to the oldest, and back: each pass ends with the dot product that the
        # next one begins with.
        pairs = [(self._next - 1 - i) % len(self._ro) for i in range(self._filled)]
        if not pairs:
            return self._vectors.combine(d, -self._scalars["H_diag"], grad, None, grad, threads)
        shares = {}
        dot = self._vectors.combine(d, -1.0, grad, None, self._steps[pairs[0]], threads)
        for i, older in zip(pairs, [*pairs[1:], None], strict=True):
            shares[i] = dot * self._ro[i]
            z = None if older is None else self._steps[older]
            dot = self._vectors.combine(d, -shares[i], self._changes[i], d, z, threads)
        oldest = self._changes[pairs[-1]]
        dot = self._vectors.combine(d, self._scalars["H_diag"], d, None, oldest, threads)
        for i, newer in zip(pairs[::-1], [*pairs[-2::-1], None], strict=True):
            share = shares[i] - dot * self._ro[i]
            z = grad if newer is None else self._changes[newer]
            dot = self._vectors.combine(d, share, self._steps[i], d, z, threads)
        return dot

    def _remember(self, grad: Vector) -> None:
        """Put the last step, and what it did to the gradient, into the history."""
        y, s = self._changes[self._next], self._steps[self._next]
        t, d = self._scalars["t"], self._direction
        ys, yy = self._vectors.secant(grad, self._before, t, d, y, s, self._threads)
        if 1e-10 < ys < math.inf and yy < math.inf:
            self._ro[self._next] = 1.0 / ys
            self._scalars["H_diag"] = ys / yy
            self._next = (self._next + 1) % len(self._ro)
            self._filled = min(self._filled + 1, self.history_size)

    # ---- the line --------------------------------------------------------------------------------

    def _look(self, closure: Closure, t: float, grad: Vector) -> Point:
        """Evaluate at a place on the line."""
        self._move(t)
        loss, grad = self._evaluate(closure, grad)
        slope = self._vectors.combine(self._trial, 1.0, grad, None, self._direction, self._threads)
        return Point(t, math.inf if math.isnan(loss) else loss, slope, grad)

    # ---- parameters and vectors -----------------------------------------------------------------

    @property
    def _threads(self) -> int:
        return self.num_threads or -self._most_threads

    def _magnitude(self, x: Vector) -> float:
        return self._vectors.magnitudes(x, self._threads)[0]

    def _evaluate(self, closure: Closure, out: Vector) -> tuple[float, Vector]:
        returned = closure()
        remedy = "closure has to return the loss, a real number, and the gradients, (loss, grads)"
        if not isinstance(returned, (tuple, list)) or len(returned) != 2:
            raise TypeError(f"{remedy}; it returned {type(returned).__name__}")
        loss, grads = returned
        try:
            value = real(np.asarray(loss).item())
        except (TypeError, ValueError):
            raise TypeError(f"{remedy}; the loss is {_core.short_repr(loss)}") from None
        gather(self._plan.gradients(grads), self._shapes, out)
        return value, out

    def _move(self, t: float) -> None:
        self._vectors.combine(self._trial, t, self._direction, self._start, None, self._threads)
        scatter(self._trial, self._params, self._shapes)

    # ---- checkpoints ----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Copy all that is needed to go on from here, bit for bit.

        Returns
        -------
        dict
            ``"state"`` maps 0 to what all parameters have in common: ``"func_evals"``,
            ``"n_iter"``, ``"t"``, ``"H_diag"``, ``"prev_loss"``, and as arrays over all parameters
            ``"d"``, ``"prev_flat_grad"``, ``"old_dirs"``, ``"old_stps"`` and ``"ro"`` (the oldest
            pair first). ``"param_groups"`` has the options, and ``"optimizer"`` is the name of the
            class. The parameters themselves are not part of it.
        """
        return self._lock.run(self._snapshot)

    def _entries(self) -> dict[str, Any]:
        """Return the state by name; vectors, and the rows of the history, as they lie in memory."""
        rows = [(self._next - self._filled + i) % len(self._ro) for i in range(self._filled)]
        return {
            **self._scalars,
            "d": self._direction,
            "prev_flat_grad": self._before,
            "old_dirs": [self._changes[i] for i in rows],
            "old_stps": [self._steps[i] for i in rows],
            "ro": [self._ro[i] for i in rows],
        }

    def _snapshot(self) -> dict[str, Any]:
        state = self._entries()
        begun = self._scalars["n_iter"] > 0
        for name in ("d", "prev_flat_grad"):
            state[name] = state[name].copy() if begun else np.zeros_like(state[name])
        for name in ("old_dirs", "old_stps"):
            shape = len(state[name]), self._direction.size
            state[name] = np.array(state[name], self._direction.dtype).reshape(shape)
        state["ro"] = np.array(state["ro"])
        return {
            "optimizer": type(self).__name__,
            "state": {0: state},
            "param_groups": [{**self._options, "params": [0], "param_names": self._plan.paths()}],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over options and state from `state_dict`, by copy.

        Parameters
        ----------
        state_dict : dict
            What :meth:`state_dict` gave for an optimizer with parameters of the same structure,
            shapes and dtype, and the same `history_size`.

        Raises
        ------
        ValueError
            Where it does not fit this optimizer. Nothing has been modified then.
        """
        self._lock.run(self._load, state_dict)

    def _load(self, state_dict: Mapping[str, Any]) -> None:
        own = self._snapshot()
        vectors = ("d", "prev_flat_grad", "old_dirs", "old_stps")
        try:
            if "optimizer" not in state_dict:
                raise ValueError("it has no entry 'optimizer', as torch's")
            if state_dict["optimizer"] != own["optimizer"]:
                raise ValueError(f"it is of {state_dict['optimizer']}")
            (group,), (own_group,) = state_dict["param_groups"], own["param_groups"]
            (state,), (own_state,) = state_dict["state"].values(), own["state"].values()
            for given, known in ((group, own_group), (state, own_state)):
                if given.keys() != known.keys():
                    raise ValueError(f"it has the entries {sorted(given)}, not {sorted(known)}")
            for name in ("params", "param_names", "history_size"):
                if group[name] != own_group[name]:
                    raise ValueError(f"{name} = {group[name]}, not {own_group[name]}")
            options = checked_options(group)
            ro = [_real(value, "ro") for value in np.asarray(state["ro"])]
            if len(ro) > self.history_size:
                raise ValueError(f"it has {len(ro)} pairs of history")
            scalars: dict[str, Any] = {
                name: _real(state[name], name) for name in ("t", "H_diag", "prev_loss")
            }
            if not all(map(math.isfinite, [*ro, scalars["t"], scalars["H_diag"]])):
                raise ValueError("t, H_diag or ro is not finite")
            for name in ("func_evals", "n_iter"):
                scalars[name] = count(name, state[name])
            size = self._direction.size
            shapes = [(size,), (size,), (len(ro), size), (len(ro), size)]
            # Copies, because they may be views of what is written below.
            arrays = {name: as_array(name, state[name]).copy() for name in vectors}
            for (name, array), shape in zip(arrays.items(), shapes, strict=True):
                if array.shape != shape or array.dtype != self._direction.dtype:
                    raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}")
            for name in ("old_dirs", "old_stps"):
                if not np.isfinite(arrays[name]).all():
                    raise ValueError(f"{name} is not finite")
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(
                f"state_dict does not fit ({type(error).__name__}: {error}); pass what "
                "state_dict() gave for an optimizer constructed as this one was"
            ) from error
        self._options.update(options)
        self._scalars.update(scalars)
        self._direction[...], self._before[...] = arrays["d"], arrays["prev_flat_grad"]
        self._changes[: len(ro)], self._steps[: len(ro)] = arrays["old_dirs"], arrays["old_stps"]
        self._ro[: len(ro)] = ro
        self._filled = self._next = len(ro)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"LBFGS({len(self._params)} arrays, {options})"


#: The attributes of the options, by name.
SETTINGS = {
    name: declared.option
    for name, declared in LBFGS.fields.items()
    if isinstance(declared.option, Setting)
}


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that may change between steps, each checked."""
    return {
        name: setting.check(name, options[name])
        for name, setting in SETTINGS.items()
        if not setting.fixed
    }


def _real(value: Any, name: str) -> float:
    """Return an entry of a state as a number, or name it in the refusal."""
    try:
        return real(value)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} = {_core.short_repr(value)}") from None
