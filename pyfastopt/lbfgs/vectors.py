"""What L-BFGS does with vectors: all parameters, or all gradients, as one array."""

from __future__ import annotations

from collections.abc import Sequence
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


def gather(arrays: Sequence[Any], params: Sequence[NDArray[Any]], out: Vector) -> None:
    """Write arrays with the shapes of `params` into a vector; None stands for zeros."""
    end = 0
    for p, array in zip(params, arrays, strict=True):
        begin, end = end, end + p.size
        out[begin:end].reshape(p.shape)[...] = 0 if array is None else array


def scatter(x: Vector, params: Sequence[NDArray[Any]]) -> None:
    """Write a vector into the parameters."""
    end = 0
    for p in params:
        begin, end = end, end + p.size
        p[...] = x[begin:end].reshape(p.shape)
