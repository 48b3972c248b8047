"""What L-BFGS does with vectors: all parameters, or all gradients, as one array."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing import TypeAlias

Vector: TypeAlias = NDArray[Any]


class VectorFunctions(Protocol):
    """What the algorithm does with vectors, a pass each; csrc/include/fastopt.h describes them."""

    def combine(
        self,
        out: Vector,
        a: float,
        x: Vector,
        y: Vector | None,
        z: Vector | None,
        num_threads: int,
    ) -> float:
        """Set ``out = y + a*x``, or ``a*x``, and return its dot product with `z`, or 0."""
        ...

    def secant(
        self,
        g: Vector,
        before: Vector,
        t: float,
        d: Vector,
        y: Vector,
        s: Vector,
        num_threads: int,
    ) -> tuple[float, float]:
        """Set ``y = g - before; s = t*d; before = g``, and return ``y·s`` and ``y·y``."""
        ...

    def magnitudes(self, x: Vector, num_threads: int) -> tuple[float, float]:
        """Return the largest magnitude, and the sum of all."""
        ...


def gather(arrays: Sequence[Any], shapes: Sequence[tuple[int, ...]], out: Vector) -> None:
    """Write arrays of these shapes into a vector; None stands for zeros."""
    end = 0
    for shape, array in zip(shapes, arrays, strict=True):
        begin, end = end, end + prod(shape)
        out[begin:end].reshape(shape)[...] = 0 if array is None else array


def scatter(x: Vector, params: Sequence[NDArray[Any]], shapes: Sequence[tuple[int, ...]]) -> None:
    """Write a vector into the parameters, but for one that has another shape by now."""
    end = 0
    for p, shape in zip(params, shapes, strict=True):
        begin, end = end, end + prod(shape)
        if p.shape == shape:
            p[...] = x[begin:end].reshape(shape)
