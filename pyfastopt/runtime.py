"""What the library found at run time, and the choice of the instruction set."""

from __future__ import annotations

import os
import platform
from types import TracebackType
from typing import TypedDict

import numpy as np

from . import _core


class RuntimeInfo(TypedDict):
    """What :func:`runtime_info` returns."""

    version: str
    isa: str
    isas_available: list[str]
    isas_compiled: list[str]
    prefetch: bool
    openmp: int | None
    num_threads: int
    thread_limits: dict[str, int | None]
    cpus: int
    compiler: str
    machine: str
    python: str
    numpy: str


def runtime_info() -> RuntimeInfo:
    """Describe the library as it runs here.

    Returns
    -------
    dict
        ``isa``: the instruction set in use; ``isas_available``: those that this CPU can run, the
        widest last; ``isas_compiled``: those in the library; ``prefetch``: whether long sweeps
        prefetch, which ``PYFASTOPT_PREFETCH`` (0 or 1) decides where it is set, and else whether
        this kind of CPU is known to gain by it; ``openmp``: OpenMP's version as a date (201511 is
        4.5), None where the library was built without it; ``num_threads``: the most threads
        that a step chooses by itself, the least of ``thread_limits``:

        - ``PYFASTOPT_NUM_THREADS`` and ``OMP_THREAD_LIMIT``, as the environment has them;
        - ``openmp``: OpenMP's own number in the calling thread, which ``OMP_NUM_THREADS`` sets and
          ``threadpoolctl.threadpool_limits`` lowers; under ``PYFASTOPT_NUM_THREADS``, only if it is
          lower than it was;
        - ``cpus``: those that the process may run on;
        - ``cgroup``: the quota of CPU time of a container or another control group of Linux, in
          CPUs, rounded up;
        - ``fork``: 1 in a forked child, where OpenMP's threads are missing;

        None where there is no such limit. ``cpus``: as there; ``compiler``: what the library was
        built with; and the versions of the rest.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "version": _core.__version__,
        "isa": _core.active_isa(),
        "isas_available": _core.available_isas(),
        "isas_compiled": _core.compiled_isas(),
        "prefetch": _core.prefetches(),
        "openmp": _core.openmp_version() or None,
        "num_threads": _core.num_threads(0),
        "thread_limits": _core.thread_limits(),
        "cpus": len(affinity(0)) if affinity else os.cpu_count() or 1,
        "compiler": _core.compiler,
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


class use_isa:
    """Choose the instruction set of all optimizers in the process, from the next step on.

    The results are the same bits with any. As a context manager, it restores the former choice at
    the end of the block. ``PYFASTOPT_ISA`` makes the choice at import.

    Parameters
    ----------
    name : str
        One of ``runtime_info()["isas_available"]``.

    Raises
    ------
    ValueError
        For a name that this CPU cannot run.
    """

    def __init__(self, name: str) -> None:
        self._before = _core.active_isa()
        _core.use_isa(name)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _core.use_isa(self._before)
