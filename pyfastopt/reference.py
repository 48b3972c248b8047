"""The optimizers in pure NumPy: what drives their formulas, to compare the compiled loops with."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from .formulas import Floats, dot
from .lbfgs import LBFGS
from .optimizer import Optimizer


class Reference:
    """An optimizer with the formula of `optimizer`, carried out by NumPy.

    Parameters
    ----------
    optimizer : type
        A subclass of :class:`pyfastopt.Optimizer`, such as :class:`pyfastopt.Adam`.
    params : sequence of arrays
        The parameters, updated in place; any floating-point dtype, ``np.longdouble`` too.
    **options
        The options of `optimizer`.

    Attributes
    ----------
    state : list of dict
        For each parameter ``"step"`` and the state arrays by name.
    """

    def __init__(
        self, optimizer: type[Optimizer], params: Sequence[NDArray[Any]], **options: Any
    ) -> None:
        values, slots = _core.describe(optimizer.rule, {**optimizer.defaults, **options})
        self.options = SimpleNamespace(**values)
        self.params = list(params)
        self.state: list[dict[str, Any]] = [
            {"step": 0, **{slot: np.full_like(p, value) for slot, value in slots.items()}}
            for p in self.params
        ]
        self._formula = optimizer.formula

    def step(self, grads: Sequence[NDArray[Any] | None]) -> None:
        """Update every parameter whose gradient is not None."""
        for p, g, state in zip(self.params, grads, self.state, strict=True):
            if g is not None:
                state["step"] += 1
                self._formula(p, g, state, self.options)


class Vectors:
    """The vector functions of :class:`pyfastopt.LBFGS`."""

    @staticmethod
    def combine(
        out: Floats, a: float, x: Floats, y: Floats | None, z: Floats | None, num_threads: int
    ) -> Any:
        """Set ``out = y + a*x``, or ``a*x``, and return its dot product with `z`, or 0."""
        product = x.dtype.type(a) * x
        out[...] = product if y is None else y + product
        return 0.0 if z is None else dot(out, z)

    @staticmethod
    def secant(
        g: Floats, before: Floats, t: float, d: Floats, y: Floats, s: Floats, num_threads: int
    ) -> tuple[Any, Any]:
        """Set ``y = g - before; s = t*d; before = g``, and return ``y·s`` and ``y·y``."""
        y[...] = g - before
        s[...] = d.dtype.type(t) * d
        before[...] = g
        return dot(y, s), dot(y, y)

    @staticmethod
    def magnitudes(x: Floats, num_threads: int) -> tuple[float, Any]:
        """Return the largest magnitude, and the sum of all."""
        sizes = np.abs(x)
        return float(sizes.max(initial=0)), dot(sizes, np.ones_like(sizes))


class ReferenceLBFGS(LBFGS, private=()):
    """:class:`pyfastopt.LBFGS` over NumPy's vector functions."""

    _vectors = Vectors
