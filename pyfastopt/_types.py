"""Names for what the public functions take and return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, ValuesView
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing import TypeAlias

    from typing_extensions import Buffer
else:
    Buffer = Any  # for whoever asks for the types at run time, where NumPy is all there is


class SupportsDLPack(Protocol):
    """An array or tensor that can be shared through DLPack."""

    def __dlpack__(self, *, stream: Any = ...) -> Any: ...


#: A NumPy array, or an object on the CPU that shares its memory with NumPy.
Array: TypeAlias = NDArray[Any] | Buffer | SupportsDLPack

#: One array, or arrays nested in lists, tuples and dictionaries; a number for one without
#: dimensions. (As a recursive type, mypy would refuse lists of dictionaries.)
Tree: TypeAlias = Array | Sequence[Any] | Mapping[Any, Any] | float | None

#: Parameters, or parameter groups: dictionaries with "params", the group's own options, and keys of
#: the user's own.
Params: TypeAlias = Array | Sequence[Any] | Mapping[Any, Any] | Iterator[Any] | ValuesView[Any]

Pair: TypeAlias = tuple[float, float]

OptionValue: TypeAlias = float | bool | Pair


class Threading(TypedDict):
    """How a step used threads: the property ``threading`` of an optimizer.

    Attributes
    ----------
    num_threads : int
        Threads that it ran in.
    most : int
        Threads that it might have run in; 1 where it is small.
    reason : {"measured", "exact", "limited", "small"}
        "measured": so many gain by it now, or are on trial. "exact": the option ``num_threads``
        says so. "limited": no more were allowed; ``runtime_info()`` tells by what. "small": the
        step touched less than half a mebibyte, which is one thread's.
    seconds : dict of int to float
        Where it measured: how long the step takes, of late, with the numbers of threads that were
        tried. The first step, which may be the first to touch the memory, does not count.
    """

    num_threads: int
    most: int
    reason: Literal["measured", "exact", "limited", "small"]
    seconds: dict[int, float]


#: A framework whose formulas and defaults an optimizer takes over.
Convention: TypeAlias = Literal["torch", "keras", "optax", "mxnet"]
