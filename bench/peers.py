"""The peers that a benchmark compares: each makes the same step, in its own way.

A peer is made from a case, and owns its parameters and state; all of a case's peers start from the
same numbers and get the same gradients.
"""

import ctypes
import io
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache, cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from models import Shapes
from optimizers import ENTRIES, Entry, describe

from pyfastopt import Optimizer
from pyfastopt.reference import Reference

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Case:
    """One optimizer on arrays of the given shapes, in float32."""

    suite: str
    optimizer: type[Optimizer]
    model: str
    shapes: Shapes
    threads: int | None  # None: pyfastopt chooses

    @property
    def rule(self) -> str:
        return self.optimizer.__name__

    @property
    def entry(self) -> Entry:
        return ENTRIES.get(self.optimizer, Entry())

    @property
    def name(self) -> str:
        return f"{self.suite}: {self.rule}, {self.model}, {self.threads} threads"

    @property
    def info(self) -> dict[str, Any]:
        """What a report needs to know."""
        return {
            "suite": self.suite,
            "rule": self.rule,
            "model": self.model,
            "threads": self.threads,
            "arrays": len(self.shapes),
            "elements": sum(math.prod(shape) for shape in self.shapes),
        }

    @cached_property
    def start(self) -> Arrays:
        return self._draw(1)

    @cached_property
    def grads(self) -> Arrays:
        return self._draw(2)

    def forget(self) -> None:
        """Free the numbers: a gigabyte for a large model."""
        self.__dict__.pop("start", None)
        self.__dict__.pop("grads", None)

    def _draw(self, seed: int) -> Arrays:
        rng = np.random.default_rng(seed)
        return [rng.standard_normal(shape, np.float32) for shape in self.shapes]

    @property
    def peers(self) -> list[str]:
        """Names of those who can take part; some only where they are installed."""
        absent = {"torch"} if self.entry.torch is None else set()
        absent |= {"numpy out="} if self.entry.expert is None else set()
        return [peer for peer in SUITES[self.suite] if peer not in absent]

    @property
    def options(self) -> dict[str, Any]:
        return describe(self.optimizer, self.entry.options)[0]

    @property
    def lr(self) -> float:
        return self.options["lr"]

    @property
    def streams(self) -> int:
        """Arrays that a step writes: the parameters and their state."""
        return 1 + len(describe(self.optimizer, self.entry.options)[1])


@dataclass
class Peer:
    """`step` makes one step. `check` fails unless so many steps led to the right answer.

    It is given the parameters of the library after as many steps, and their number.
    """

    step: Callable[[], object]
    check: Callable[[Arrays, int], None]
    params: Arrays


def same_bits(params: Arrays) -> Callable[[Arrays, int], None]:
    def check(ours: Arrays, steps: int) -> None:
        for p, o in zip(params, ours, strict=True):
            np.testing.assert_array_equal(p, o)

    return check


def pyfastopt(case: Case) -> Peer:
    """Call the library as a training loop does: with a list of gradients made anew."""
    params = [p.copy() for p in case.start]
    optimizer = case.optimizer(params, num_threads=case.threads, **case.entry.options)
    grads = case.grads
    return Peer(lambda: optimizer.step(list(grads)), same_bits(params), params)


def numpy(case: Case) -> Peer:
    """The formula written plainly."""
    reference = Reference(case.optimizer, [p.copy() for p in case.start], **case.entry.options)
    params, grads = reference.params, case.grads
    return Peer(lambda: reference.step(grads), same_bits(params), params)


def numpy_out(case: Case) -> Peer:
    """The formula by someone who knows NumPy: ``out=`` everywhere, no temporaries."""
    params = [p.copy() for p in case.start]
    reference = Reference(case.optimizer, params, **case.entry.options)
    largest = max(p.size for p in params)
    blocks = np.empty((2, largest), np.float32)
    scratch = [[block[: p.size].reshape(p.shape) for block in blocks] for p in params]
    work = list(zip(params, case.grads, reference.state, scratch, strict=True))
    t = 0

    def step():
        nonlocal t
        t += 1
        update = case.entry.expert(reference.options, t)
        for p, g, state, (a, b) in work:
            update(p, g, state, a, b)

    return Peer(step, same_bits(params), params)


def on_tensors(case: Case, make: Callable[[list[Any]], Any]) -> Peer:
    """Step the optimizer that is made of tensors with gradients."""
    import torch

    if case.threads is not None:
        torch.set_num_threads(case.threads)
    tensors = [torch.from_numpy(p.copy()).requires_grad_() for p in case.start]
    for tensor, grad in zip(tensors, case.grads, strict=True):
        tensor.grad = torch.from_numpy(grad)
    optimizer = make(tensors)

    def step():
        # Other peers of this process may have another number.
        if case.threads is not None:
            torch.set_num_threads(case.threads)
        optimizer.step()

    def check(ours, steps):
        for tensor, o in zip(tensors, ours, strict=True):
            np.testing.assert_allclose(tensor.detach().numpy(), o, rtol=1e-5, atol=1e-5)

    return Peer(step, check, [tensor.detach().numpy() for tensor in tensors])


def torch(case: Case, **variant: bool) -> Peer | None:
    """torch.optim, fused where it can be if no variant is named; None for what it lacks."""
    if find_spec("torch") is None or case.entry.torch is None:
        return None
    from torch import optim

    name, options = case.entry.torch
    make = getattr(optim, name)
    return on_tensors(case, lambda tensors: make(tensors, lr=case.lr, **(variant or options)))


def pyfastopt_torch(case: Case) -> Peer | None:
    """Call the library as torch users do."""
    if find_spec("torch") is None or case.entry.torch is None:
        return None
    from pyfastopt import torch as optim

    make = getattr(optim, case.entry.torch[0])
    return on_tensors(case, lambda tensors: make(tensors, lr=case.lr))


def deepspeed(case: Case) -> Peer | None:
    """DeepSpeed's CPUAdam, as AdamW, which it compiles for this very machine."""
    if find_spec("deepspeed") is None:
        return None
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
    with redirect_stdout(io.StringIO()):
        from deepspeed.ops.adam import DeepSpeedCPUAdam

        options = {name: case.options[name] for name in ("lr", "weight_decay")}
        return on_tensors(
            case, lambda tensors: DeepSpeedCPUAdam(tensors, adamw_mode=True, **options)
        )


def roofline(case: Case) -> Peer:
    """The machine's limit: the same streams through memory, with one addition each."""
    written = [[p.copy() for _ in range(case.streams)] for p in case.start]
    flat = [array.ctypes.data for arrays in written for array in arrays]
    rows = len(written)
    arguments = (
        rows,
        (ctypes.c_ssize_t * rows)(*[g.size for g in case.grads]),
        case.streams,
        (ctypes.c_void_p * len(flat))(*flat),
        (ctypes.c_void_p * rows)(*[g.ctypes.data for g in case.grads]),
        case.threads,
    )
    stream = roofline_library().stream_f32

    def check(ours, steps):
        for arrays, p, g in zip(written, case.start, case.grads, strict=True):
            for array in arrays:
                np.testing.assert_allclose(array, p + steps * g, rtol=1e-5, atol=1e-5)

    return Peer(lambda: stream(*arguments), check, [arrays[0] for arrays in written])


PEERS: dict[str, Callable[[Case], Peer | None]] = {
    "pyfastopt": pyfastopt,
    "numpy": numpy,
    "numpy out=": numpy_out,
    "torch": torch,
    "roofline": roofline,
    "pyfastopt.torch": pyfastopt_torch,
    "torch foreach": partial(torch, foreach=True),
    "torch plain": partial(torch, foreach=False),
    "deepspeed": deepspeed,
}

#: Which of them a suite compares; pyfastopt comes first, and the others are checked against it.
ON_ARRAYS = ["pyfastopt", "numpy", "numpy out=", "torch", "roofline"]
ON_TENSORS = [
    "pyfastopt",
    "pyfastopt.torch",
    "torch",
    "torch foreach",
    "torch plain",
    "deepspeed",
]
SUITES = {
    "sizes": ON_ARRAYS,
    "models": ON_ARRAYS,
    "rules": ON_ARRAYS[:-1],
    # By themselves, for what memory gives to one second it may not give to the next.
    "streams": ["pyfastopt", "roofline"],
    "torch": ON_TENSORS,
}


@cache
def roofline_library() -> Any:
    """Compile roofline.cpp for this very machine."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    assert compiler, "the roofline needs a C++ compiler; set CXX"
    target = Path(tempfile.mkdtemp()) / "roofline.so"
    source = Path(__file__).with_name("roofline.cpp")
    flags = ["-std=c++17", "-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(source), "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))
