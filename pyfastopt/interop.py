"""What other code needs to build on the compiled library: see docs/embedding.md."""

from __future__ import annotations

import os.path
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _core

if TYPE_CHECKING:
    from ._types import OptionValue

__all__ = [
    "get_cmake_dir",
    "get_include",
    "get_library_dir",
    "get_pkgconfig_dir",
    "option_struct",
]

# Beside the compiled module, which is not always where the Python files are.
_PACKAGE = os.path.dirname(_core.__file__)

# The members of an option's kind in C: double, double[2] and int.
_FORMATS: tuple[Any, ...] = (np.float64, (np.float64, (2,)), np.intc)


def get_include() -> str:
    """Return the directory of ``fastopt.h`` and ``fastopt.hpp``."""
    return os.path.join(_PACKAGE, "include")


def get_library_dir() -> str:
    """Return the directory of the shared library ``fastopt``."""
    return os.path.join(_PACKAGE, "lib")


def get_cmake_dir() -> str:
    """Return the directory for CMake's ``pyfastopt_DIR``, where ``find_package`` needs it."""
    return os.path.join(_PACKAGE, "lib", "cmake", "pyfastopt")


def get_pkgconfig_dir() -> str:
    """Return the directory of ``fastopt.pc``, for ``PKG_CONFIG_PATH``."""
    return os.path.join(_PACKAGE, "lib", "pkgconfig")


def compiler_flags() -> str:
    """Return what a compiler needs to find the headers, quoted for a shell."""
    return quote(f"-I{get_include()}")


def linker_flags() -> str:
    """Return what a linker needs, and the program when it runs, to find the library; quoted."""
    place = get_library_dir()
    return f"{quote(f'-L{place}')} -lfastopt {quote(f'-Wl,-rpath,{place}')}"


def option_struct(rule: str, /, **options: OptionValue) -> NDArray[np.void]:
    """Make a rule's struct of options, ``fastopt_<rule>_options`` in C, as a NumPy record.

    It is for code that calls the C API by address, such as Numba's: ``record.ctypes`` is what the
    function takes, and the fields may be read and assigned there too, as ``record[0]["lr"]``.

    Parameters
    ----------
    rule : str
        The rule's name in C: ``"adam"``, ``"sgd"``, ...
    **options
        The options that differ from the rule's defaults, as pyfastopt's classes take them. (In the
        record, True is 1.)

    Returns
    -------
    ndarray, shape (1,)
        The fields ``size`` and ``rule`` (for the library), and one for each option.

    Raises
    ------
    TypeError, ValueError
        For a rule or options that do not exist, and for values out of range.
    """
    values = _core.pack_options(rule, options)
    size, members = next(
        (size, members) for name, size, members, _ in _core.rules() if name == rule
    )
    layout = np.dtype(
        {
            "names": ["size", "rule", *(name for name, _, _, _ in members)],
            "formats": [np.uintp, np.uintp, *(_FORMATS[kind] for _, kind, _, _ in members)],
            "offsets": [0, np.dtype(np.uintp).itemsize, *(offset for _, _, _, offset in members)],
            "itemsize": size,
        }
    )
    return np.frombuffer(values, layout).copy()
