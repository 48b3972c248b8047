"""The main job: a network for handwritten digits, trained with each optimizer twice.

Once with the compiled loops and once with the same formula in NumPy, from the same start and over
the same mini-batches; forward and backward passes are NumPy's in both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import pyfastopt

from .lbfgs import LBFGS
from .optimizer import Optimizer
from .reference import Reference, ReferenceLBFGS

BATCH = 32

# Where an optimizer's defaults are far from what this small network wants.
SETTINGS: dict[str, dict[str, Any]] = {
    "ASGD": {"lr": 0.5},
    "LAMB": {"lr": 5e-3},
    "LBFGS": {"max_iter": 5, "line_search_fn": "strong_wolfe"},
    "LARS": {"lr": 5.0},
    "Lion": {"lr": 1e-3},
    "Momentum": {"lr": 0.1},
    "RAdam": {"lr": 5e-3},
    "RMSProp": {"lr": 1e-3},
    "Rprop": {"lr": 1e-3, "etas": (0.5, 1.05), "step_sizes": (1e-6, 1e-2)},
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
}

# Whose first step replaces the weights, which layers below another cannot do without.
LINEAR = {"FTRL"}

Arrays = list[NDArray[Any]]


class Steps(Protocol):
    """What the training loop needs of an optimizer."""

    def step(self, grads: Any) -> None:
        """Update the parameters."""


@dataclass
class Digits:
    """Images as rows of 64 pixels in [0, 1], and their digits."""

    x: NDArray[Any]
    y: NDArray[np.int64]
    x_test: NDArray[Any]
    y_test: NDArray[np.int64]

    @classmethod
    def load(cls, dtype: str) -> Digits:
        """Load scikit-learn's digits, a quarter of them for the test."""
        images, digits = load_digits(return_X_y=True)
        parts: Any = train_test_split(
            (images / 16).astype(dtype), digits, test_size=0.25, random_state=0, stratify=digits
        )
        x, x_test, y, y_test = parts
        return cls(x, y, x_test, y_test)


def init(hidden: int, dtype: str) -> Arrays:
    """Draw the weights and biases of a network 64 - hidden - hidden - 10 (He et al. 2015).

    Without hidden units, of a linear model.
    """
    rng = np.random.default_rng(0)
    sizes = [64, hidden, hidden, 10] if hidden else [64, 10]
    params: Arrays = []
    for inputs, outputs in pairwise(sizes):
        params.append((rng.standard_normal((inputs, outputs)) * (2 / inputs) ** 0.5).astype(dtype))
        params.append(np.zeros(outputs, dtype))
    return params


def forward(params: Arrays, x: NDArray[Any]) -> Arrays:
    """Return the input of every layer, and last the logarithms of the classes' probabilities."""
    layers = [x]
    for weights, bias in zip(params[::2], params[1::2], strict=True):
        x = layers[-1] @ weights + bias
        layers.append(np.maximum(x, 0))
    x = x - x.max(axis=1, keepdims=True)
    layers[-1] = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return layers


def loss_and_gradients(
    params: Arrays, x: NDArray[Any], y: NDArray[np.int64]
) -> tuple[float, Arrays]:
    """Return the mean cross-entropy, and its gradients in the order of the parameters."""
    *inputs, log_p = forward(params, x)
    rows = np.arange(len(y))
    delta = np.exp(log_p)
    delta[rows, y] -= 1
    delta /= np.asarray(len(y), x.dtype)
    grads: Arrays = []
    for weights, layer in zip(params[-2::-2], reversed(inputs), strict=True):
        grads = [layer.T @ delta, delta.sum(axis=0), *grads]
        delta = (delta @ weights.T) * (layer > 0)
    return -float(log_p[rows, y].mean()), grads


class Clock:
    """Counts the seconds within its `with` blocks, but for those that are paused."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self.seconds -= time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing here."""
        self.__exit__()
        yield
        self.__enter__()


@dataclass
class Run:
    """One training run."""

    params: Arrays
    losses: list[float]
    seconds: float
    accuracy: float


def run(
    make: Callable[[Arrays], Steps],
    data: Digits,
    epochs: int,
    hidden: int,
    tick: Callable[[], None],
) -> Run:
    """Train from the same start over the same batches; time nothing but the optimizer."""
    params = init(hidden, data.x.dtype.name)
    optimizer = make(params)
    rng = np.random.default_rng(1)
    losses: list[float] = []
    clock = Clock()
    for _ in range(epochs):
        order = rng.permutation(len(data.y))
        epoch_losses = []
        for batch in np.split(order, range(BATCH, len(order), BATCH)):
            loss, grads = loss_and_gradients(params, data.x[batch], data.y[batch])
            epoch_losses.append(loss)
            with clock:
                optimizer.step(grads)
        losses.append(float(np.mean(epoch_losses)))
        tick()
    return Run(params, losses, clock.seconds, accuracy(params, data))


def run_lbfgs(
    make: Callable[[Arrays], LBFGS],
    data: Digits,
    epochs: int,
    hidden: int,
    tick: Callable[[], None],
) -> Run:
    """Train on all data at once, with a few iterations for each epoch."""
    params = init(hidden, data.x.dtype.name)
    optimizer = make(params)
    clock = Clock()

    def closure() -> tuple[float, Arrays]:
        with clock.paused():
            return loss_and_gradients(params, data.x, data.y)

    losses: list[float] = []
    for _ in range(epochs):
        with clock:
            losses.append(optimizer.step(closure))
        tick()
    return Run(params, losses, clock.seconds, accuracy(params, data))


def accuracy(params: Arrays, data: Digits) -> float:
    """Return the share of the test's digits that are read right."""
    predicted = forward(params, data.x_test)[-1].argmax(axis=1)
    return float((predicted == data.y_test).mean())


def optimizers() -> dict[str, type[Optimizer | LBFGS]]:
    """Return the package's optimizers by name."""
    return {name: getattr(pyfastopt, name) for name in [*pyfastopt.optimizers.__all__, "LBFGS"]}


def choose(names: Sequence[str] | None) -> dict[str, type[Optimizer | LBFGS]]:
    """Return the named optimizers, in any capitals; all of them for None."""
    known = optimizers()
    if not names:
        return known
    by_lower = {name.lower(): name for name in known}
    for name in names:
        if name.lower() not in by_lower:
            raise ValueError(f"--optimizer {name} is none of {', '.join(known)}")
    return {by_lower[name.lower()]: known[by_lower[name.lower()]] for name in names}


def train(
    names: Sequence[str] | None,
    epochs: int,
    hidden: int,
    dtype: str,
    num_threads: int | None,
    out: str,
) -> bool:
    """Train with each optimizer, print a table and save a plot of the loss curves.

    NumPy's products run in one thread.

    Parameters
    ----------
    names : sequence of str or None
        Optimizers, by name; None for all.
    epochs, hidden : int
        Passes over the data; units of the two hidden layers.
    dtype : {"float32", "float64"}
        Type of data and parameters.
    num_threads : int or None
        Threads of a step.
    out : str
        File for the plot, a PNG.

    Returns
    -------
    bool
        Whether each optimizer came to the same bits as its NumPy twin.

    Raises
    ------
    ValueError
        For an unknown optimizer, or an `out` that cannot be written; before training.
    """
    chosen = choose(names)
    try:
        Path(out).touch()
    except OSError as error:
        raise ValueError(
            f"--out {out}: {error.strerror}; name a file that can be written"
        ) from error
    data = Digits.load(dtype)
    console = Console()
    table = Table(title=f"Digits, 64-{hidden}-{hidden}-10, {dtype}, {epochs} epochs")
    table.add_column("optimizer")
    for column in ("test accuracy", "loss", "pyfastopt", "NumPy", "speed-up", "same bits"):
        table.add_column(column, justify="right")
    if linear := LINEAR & chosen.keys():
        table.caption = f"{', '.join(linear)}: a linear model, without hidden units"
    curves: dict[str, list[float]] = {}
    all_same = True
    # Products of this size gain nothing by a second thread, and beside other processes they would
    # wait for it up to ten times as long.
    with threadpool_limits(1, "blas"), Progress(console=console) as progress:
        bar = progress.add_task("training", total=2 * epochs * len(chosen))
        for name, optimizer in chosen.items():
            progress.update(bar, description=name)
            settings = SETTINGS.get(name, {})
            units = 0 if name in LINEAR else hidden
            tick = partial(progress.advance, bar)
            if issubclass(optimizer, LBFGS):
                ours, numpys = (
                    run_lbfgs(
                        partial(make, num_threads=num_threads, **settings),
                        data,
                        epochs,
                        units,
                        tick,
                    )
                    for make in (optimizer, ReferenceLBFGS)
                )
            else:
                makers: list[Callable[[Arrays], Steps]] = [
                    partial(optimizer, num_threads=num_threads, **settings),
                    partial(Reference, optimizer, **settings),
                ]
                ours, numpys = (run(make, data, epochs, units, tick) for make in makers)
            same = all(
                a.tobytes() == b.tobytes() for a, b in zip(ours.params, numpys.params, strict=True)
            )
            all_same &= same
            table.add_row(
                name,
                f"{ours.accuracy:.2%}",
                f"{ours.losses[-1]:.4f}",
                f"{ours.seconds * 1e3:.1f} ms",
                f"{numpys.seconds * 1e3:.1f} ms",
                f"{numpys.seconds / ours.seconds:.1f}x",
                "yes" if same else "NO",
            )
            curves[name] = ours.losses
    console.print(table)
    plot(curves, out)
    console.print(f"Loss curves: {out}")
    return all_same


def plot(curves: dict[str, list[float]], out: str) -> None:
    """Save the mean loss of each epoch, a line an optimizer."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    for name, losses in curves.items():
        axes.plot(range(1, len(losses) + 1), losses, marker=".", label=name)
    axes.set(xlabel="epoch", ylabel="training loss", yscale="log", title="Handwritten digits")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out, format="png", dpi=150)
