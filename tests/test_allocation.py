"""A steady-state step allocates nothing, in C++ or in Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import interpreter
import pytest
from table import SANITIZED

COUNTER = Path(__file__).with_name("count_malloc.c")

pytestmark = pytest.mark.slow

STEPS = """
import ctypes, gc, itertools, sys
import numpy as np
import pyfastopt as fo

params = {
    "W": np.ones((40, 30), np.float32),
    "b": np.ones(70000, np.float32)[::-1],
    "c": np.ones(9),
}
grads = {name: np.full(p.shape, 0.5, p.dtype) for name, p in params.items()}
fortran = {**grads, "W": np.asfortranarray(grads["W"])}
small = [np.ones(1000, np.float32)]
serial, parallel = (
    fo.Adam({k: v.copy() for k, v in params.items()}, num_threads=threads) for threads in (1, 2)
)
light = fo.Adam(small)
g = np.ones(1000, np.float32)

light_grads = [g]
partial = {"W": None, "b": grads["b"], "c": None}

def steps(count):
    for _ in itertools.repeat(None, count):
        light.step(light_grads)

def heavy(count):
    for _ in itertools.repeat(None, count):
        serial.step(grads)
        parallel.step(grads)
        serial.step(fortran)
        parallel.step(fortran)
        parallel.step(partial)

heavy(10); steps(10); gc.collect(); gc.disable()
"""

BLOCKS = (
    STEPS
    + """
before = sys.getallocatedblocks()
steps(100_000)
print(sys.getallocatedblocks() - before)
before = sys.getallocatedblocks()
heavy(100)
print(sys.getallocatedblocks() - before)
"""
)

MALLOCS = (
    STEPS
    + """
count = ctypes.CDLL(None).count_malloc_calls
count.restype = ctypes.c_long
before = count()
np.empty(100_000)
assert count() > before

def calls(body, repeats):
    before = count()
    body(repeats)
    return count() - before

for body, repeats in ((steps, 100_000), (heavy, 100)):
    calls(body, 1)
    print(calls(body, repeats) - calls(body, 1))
"""
)


ONE_SHOTS = f"""
import ctypes, sys
sys.path = {sys.path!r}
import numpy as np
import pyfastopt as fo
from c_library import RULES, Api, Array, described
from table import LIBRARY

api = Api(LIBRARY)
count = ctypes.CDLL(None).count_malloc_calls
count.restype = ctypes.c_long
a = np.ones((8, 100_000))

for rule, (_, _, slots) in RULES.items():
    amsgrad = {{"amsgrad": True}} if rule == "adam" else {{}}
    for options in ({{}}, {{"weight_decay": 0.1, **amsgrad}}):
        record = fo.option_struct(rule, **options)
        _, needed = fo._core.describe(rule, options)
        arrays = [a[0], a[1], *(a[2 + i] if s in needed else None for i, s in enumerate(slots))]
        addresses = [None if x is None else x.ctypes.data for x in arrays]
        for n in (5, 100_000):
            for threads in (1, 2):
                one_shot = getattr(api, f"{{rule}}_f64")
                arguments = [record.ctypes.data if options else None, 1, n, *addresses, threads]
                taken = [described(x[:n].reshape(-1, 5)) for x in arrays if x is not None]
                p, g, *state = taken
                state_arrays = (Array * 4)(*state)
                refer = ctypes.byref
                same = [record.ctypes.data, 1, refer(p), refer(g), state_arrays, 0, threads]
                for call, given in ((one_shot, arguments), (api.apply, same)):
                    call(*given)
                    before = count()
                    for _ in range(100):
                        call(*given)
                    print((count() - before) // 100)  # for ctypes itself allocates now and then
"""


def counts(code, **environment):
    return [int(line) for line in interpreter.output(code, **environment).split()]


def test_python_keeps_nothing():
    # A handful of blocks are the loop's own integers and the counts themselves.
    assert all(abs(blocks) <= 5 for blocks in counts(BLOCKS))


@pytest.mark.skipif(
    sys.platform != "linux" or SANITIZED,
    reason="counts by LD_PRELOAD, which is Linux's and is taken where sanitizers run",
)
@pytest.mark.parametrize("pythons_own", [False, True], ids=["C++", "C++ and Python"])
def test_a_step_allocates_nothing(tmp_path, pythons_own):
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    library = tmp_path / "count_malloc.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", COUNTER, "-o", library], check=True)
    environment = {"PYTHONMALLOC": "malloc"} if pythons_own else {}
    assert counts(MALLOCS, LD_PRELOAD=str(library), **environment) == [0, 0]
    if not pythons_own:
        assert not any(counts(ONE_SHOTS, LD_PRELOAD=str(library)))
