"""Names for what the public functions take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, ValuesView
from typing import TYPE_CHECKING, Any, Literal, Protocol

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

#: A framework whose formulas and defaults an optimizer takes over.
Convention: TypeAlias = Literal["torch", "keras", "optax", "mxnet"]
