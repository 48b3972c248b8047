"""What a step costs on a busy machine: beside processes that spin.

``python bench/load.py`` steps Adam in float32 beside 0, 1, 2 and 4 processes that do nothing but
compute, by NumPy with ``out=``, torch's fused loop and this library, in a given number of threads
and in the one that is chosen. It prints the mean, the median and the 99th percentile in
microseconds; the mean is what a training run feels. Whether a thread loses its time slice is
settled when a process starts, so each figure is of several fresh processes, peers in turns:
the mean of their means and 99th percentiles, the median of their medians.

``python bench/load.py --changing`` has the spinning processes come and go in the midst of a run,
and prints in how many steps, and milliseconds, the library notices.

``python bench/load.py --waiting`` makes a step every five milliseconds, under each way in which
OpenMP can be told to wait, and prints what a step takes, and how much CPU time the process uses
between two steps, where only waiting threads are awake.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager

import models
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from peers import PEERS, Case

import pyfastopt as fo

MODELS = {
    "1000": [(1_000,)],
    "1e5": [(100_000,)],
    "2e6": [(2_000_000,)],
    "digits": models.digits_mlp(),
    "many": models.thousand_small(),
    "resnet50": models.resnet50(),
}
CONTENDERS = [
    ("numpy out=", 1),
    ("torch", 1),
    ("torch", 2),
    ("pyfastopt", 1),
    ("pyfastopt", 2),
    ("pyfastopt", None),
    ("pyfastopt.torch", None),
]
WARM_UP_STEPS = 5
WINDOW = 20
PAUSE = 5e-3
TIME_SLICE = 2e-3  # or more
# GOMP_SPINCOUNT is libgomp's, in rounds; KMP_BLOCKTIME is LLVM's and Intel's, in milliseconds.
WAYS_TO_WAIT: list[dict[str, str]] = [
    {},
    {"OMP_WAIT_POLICY": "passive"},
    {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "0"},
    {"OMP_WAIT_POLICY": "active"},
]


@contextmanager
def load(processes):
    spinning = [
        subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
        for process in spinning:
            process.wait()


def peer_of(name, model, threads):
    return PEERS[name](Case("load", fo.Adam, model, MODELS[model], threads))


def step_for(step, seconds, note=None):
    """Return when each step ended, how long it took, and what there was to note."""
    steps = []
    before = begin = time.perf_counter()
    while before - begin < seconds:
        step()
        now = time.perf_counter()
        steps.append((now - begin, now - before, note and note()))
        before = time.perf_counter()
    return steps


def measure(name, model, threads, seconds):
    peer = peer_of(name, model, threads)
    if peer is None:
        return None
    for _ in range(WARM_UP_STEPS):
        peer.step()
    times = [took for _, took, _ in step_for(peer.step, seconds)]
    return statistics.fmean(times), statistics.median(times), float(np.percentile(times, 99))


def in_a_fresh_process(mode, *arguments, **environment):
    command = [sys.executable, "-W", "ignore", __file__, mode, json.dumps(arguments)]
    result = subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return json.loads(result.stdout)


def compare(chosen, loads, processes, seconds):
    for model in chosen:
        for k in loads:
            found = {contender: [] for contender in CONTENDERS}
            with load(k):
                for _ in range(processes):
                    for (name, threads), figures in found.items():
                        figures.append(in_a_fresh_process("--one", name, model, threads, seconds))
            print(f"\n{model}, {k} processes beside it")
            for (name, threads), figures in found.items():
                if None in figures:
                    continue
                means, medians, tails = zip(*figures, strict=True)
                number = "chosen" if threads is None else f"{threads} threads"
                columns = (
                    statistics.fmean(means),
                    statistics.median(medians),
                    statistics.fmean(tails),
                )
                text = "".join(f"{1e6 * column:12.1f}" for column in columns)
                spread = f"means from {1e6 * min(means):.1f} to {1e6 * max(means):.1f}"
                print(f"{name:16}{number:>10}{text}   {spread}", flush=True)


def steps_to_one_thread(steps, usual):
    """Count from the first that has lost a time slice to the first in one thread."""
    lost = 2 * usual + TIME_SLICE
    slow = next((k for k, (_, took, _) in enumerate(steps) if took > lost), None)
    if slow is None:
        return "no step was slow"
    for k, (end, _, threads) in enumerate(steps[slow:]):
        if threads == 1:
            return f"one thread {k} steps, {1e3 * (end - steps[slow][0]):.1f} ms after a slow one"
    return "no step in one thread"


def steps_to_all_threads(steps, most):
    """Count up to a run of steps of which nine in ten are in all threads."""
    is_most = np.array([threads == most for *_, threads in steps])
    share = sliding_window_view(is_most, WINDOW).mean(1)
    found = np.flatnonzero(share >= 0.9)
    if not len(found):
        return "seldom in all threads"
    return f"all threads after {found[0]} steps, {1e3 * steps[found[0]][0]:.0f} ms"


def change(chosen, loads, seconds):
    for model in chosen:
        arrays = [np.ones(shape, np.float32) for shape in MODELS[model]]
        optimizer = fo.Adam(arrays)
        grads = [p.copy() for p in arrays]
        most = fo.runtime_info()["num_threads"]

        def run(optimizer=optimizer, grads=grads):
            return step_for(
                lambda: optimizer.step(grads), seconds, lambda: optimizer.threading["num_threads"]
            )

        for k in filter(None, loads):
            usual = statistics.fmean(took for _, took, _ in run())
            with load(k):
                busy = steps_to_one_thread(run(), usual)
            quiet = steps_to_all_threads(run(), most)
            print(f"{model}, {k} processes come: {busy}; they go: {quiet}", flush=True)


def seconds_of_step_and_rest(model, threads, seconds):
    """Return the mean wall time of a step, and the CPU time of the pause behind it."""
    peer = peer_of("pyfastopt", model, threads)
    for _ in range(WARM_UP_STEPS):
        peer.step()
    steps = round(seconds / PAUSE)
    took = used = 0.0
    for _ in range(steps):
        begin = time.perf_counter()
        peer.step()
        took += time.perf_counter() - begin
        begin = time.process_time()
        time.sleep(PAUSE)
        used += time.process_time() - begin
    return took / steps, used / steps


def wait(chosen, loads, processes, seconds):
    for model in chosen:
        for k in loads:
            print(f"\n{model}, {k} processes beside it, microseconds: a step; CPU time behind it")
            found = {(i, threads): [] for i in range(len(WAYS_TO_WAIT)) for threads in (1, 2, None)}
            with load(k):
                for _ in range(processes):
                    for (i, threads), figures in found.items():
                        arguments = "--pauses", model, threads, seconds
                        figures.append(in_a_fresh_process(*arguments, **WAYS_TO_WAIT[i]))
            for (i, threads), figures in found.items():
                way = " ".join(map("=".join, WAYS_TO_WAIT[i].items())) or "OpenMP as it is"
                number = "chosen" if threads is None else f"{threads} threads"
                columns = "".join(
                    f"{1e6 * statistics.fmean(c):12.1f}" for c in zip(*figures, strict=True)
                )
                print(f"{way:38}{number:>10}{columns}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=[*MODELS])
    parser.add_argument("--loads", nargs="+", type=int, default=[0, 1, 2, 4])
    parser.add_argument("--processes", type=int, default=8, help="for each figure")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each process")
    parser.add_argument("--changing", action="store_true", help="load that comes and goes")
    parser.add_argument("--waiting", action="store_true", help="OpenMP's ways to wait")
    parser.add_argument("--pauses", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one)))
    elif given.pauses:
        print(json.dumps(seconds_of_step_and_rest(*given.pauses)))
    elif given.waiting:
        wait(given.models, given.loads, given.processes, given.seconds)
    elif given.changing:
        change(given.models, given.loads, given.seconds)
    else:
        compare(given.models, given.loads, given.processes, given.seconds)


if __name__ == "__main__":
    main()
