"""Forks of a process one of whose threads steps, and exits while daemon threads do.

    python tests/attack/forks.py --times 500

They are those of tests/test_locks.py, as often as is asked for, and with teams of OpenMP's threads.
"""

import argparse
import importlib.util
import itertools
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import interpreter
from test_locks import EXIT, FORKS, OPTIMIZERS, RAW

FORKS_OF_A_PROCESS = 20
#: Without torch's own threads, which a child lacks, and Python's warning of threads at a fork.
ENVIRONMENT = {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}


def codes():
    """By name what makes an optimizer, with one thread and with two."""
    for name, code in {**OPTIMIZERS, "raw": RAW}.items():
        if "torch" in name and importlib.util.find_spec("torch") is None:
            continue
        yield name, code
        yield (
            f"{name}, two threads",
            code.replace("num_threads=1", "num_threads=2").replace(
                "num_threads = 1", "num_threads = 2"
            ),
        )


def fork(code, times):
    for begun in range(0, times, FORKS_OF_A_PROCESS):
        forks = min(FORKS_OF_A_PROCESS, times - begun)
        program = f"size, forks = 1 << 20, {forks}\n{code}\n{FORKS}"
        lines = interpreter.output(program, **ENVIRONMENT).split()
        assert lines == ["0"] * forks, lines


def leave(code, times):
    chance = random.Random(times)
    for size, _ in zip(itertools.cycle([1 << 22, 100, 1 << 18]), range(times), strict=False):
        threads, pause = chance.randrange(1, 4), chance.random() / 5
        head = f"size, threads, pause = {size}, {threads}, {pause}"
        interpreter.output(f"{head}\n{code}\n{EXIT}", **ENVIRONMENT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=20, help="for each kind of optimizer")
    parser.add_argument("--only", default="", help="kinds whose name has this")
    args = parser.parse_args()
    for name, code in codes():
        if args.only not in name:
            continue
        fork(code, args.times)
        # The step of LBFGS for tensors makes calls of torch, which may end an exiting process.
        exits = 0 if "torch LBFGS" in name else args.times
        leave(code, exits)
        print(f"{name}: {args.times} forks, {exits} exits", flush=True)
