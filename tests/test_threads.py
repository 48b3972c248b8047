"""Threads: how many, other people's, forks, and two at one optimizer."""

import importlib.util
import itertools
import os
import sys
import threading

import interpreter
import numpy as np
import pytest
from arrays import same_bits
from threads import run_threads

import pyfastopt as fo
from pyfastopt.reference import Reference

LARGE = 1 << 20


needs_openmp = pytest.mark.skipif(
    fo.runtime_info()["openmp"] is None, reason="built without OpenMP: every step is serial"
)


def test_default_never_exceeds_its_limits():
    info = fo.runtime_info()
    limits = [limit for limit in info["thread_limits"].values() if limit is not None]
    assert info["num_threads"] == min(limits)
    assert 1 <= info["num_threads"] <= info["cpus"]


def optimizer(size, **options):
    return fo.SGD(np.ones(size, np.float32), **options), np.ones(size, np.float32)


def test_what_a_step_says_of_its_threads():
    opt, g = optimizer(LARGE, num_threads=3)
    assert opt.threading is None
    opt.step(g)
    number = 3 if fo.runtime_info()["openmp"] else 1
    assert opt.threading == dict(num_threads=number, most=number, reason="exact", seconds={})
    opt, g = optimizer(10, num_threads=3)
    opt.step(g)
    assert opt.threading == dict(num_threads=1, most=1, reason="small", seconds={})


def test_what_a_step_measures():
    most = fo.runtime_info()["num_threads"]
    opt, g = optimizer(LARGE)
    if most == 1:
        opt.step(g)
        assert opt.threading == dict(num_threads=1, most=1, reason="limited", seconds={})
        return
    for _ in range(30):
        opt.step(g)
        assert opt.threading["reason"] == "measured"
        assert 1 <= opt.threading["num_threads"] <= most == opt.threading["most"]
    assert {1, most} <= opt.threading["seconds"].keys()
    assert all(0 < seconds < 60 for seconds in opt.threading["seconds"].values())
    seconds = opt.threading["seconds"]
    opt.add_param_group({"params": [np.ones(3, np.float32)]})
    assert opt.threading["seconds"] == seconds
    opt.num_threads = 1
    opt.step([g, [None]])
    assert opt.threading == dict(num_threads=1, most=1, reason="exact", seconds={})


def test_numbers_that_change_from_step_to_step(row, options, dtype, isa, rng):
    """Chosen or given, in any order, with one row or more: the bits are those of one thread."""
    start, *grads = rng.standard_normal((4, 1 << 16)).astype(dtype)
    opts = [
        row.optimizer([start.copy(), start[::-2].copy()], num_threads=n, **options)
        for n in (1, None)
    ]
    for step, n in enumerate([None, None, 2, None, 3, 1, None] * 2):
        opts[1].num_threads = n
        g = grads[step % 3]
        for opt in opts:
            opt.step([g, None if step % 3 == 0 else g[::2]])
    for one, chosen in zip(*(opt.param_groups[0]["params"] for opt in opts), strict=True):
        assert same_bits(one, chosen)
    for one, chosen in zip(*(opt.state for opt in opts), strict=True):
        assert all(same_bits(array, chosen[name]) for name, array in one.items())


def test_raw_functions_choose_together(rng):
    """From several threads at once, too, of which one has what was learned."""
    start, g = rng.standard_normal((2, 1 << 18)).astype(np.float32)
    arrays = [[start.copy(), np.zeros_like(g), np.zeros_like(g)] for _ in range(4)]

    def work(p, m, v, num_threads):
        for step in range(1, 41):
            fo.adam_(p, g, m, v, step=step, num_threads=num_threads)

    run_threads(*(lambda k=k: work(*arrays[k], (1, None, None, 2)[k]) for k in range(4)))
    for p, *_ in arrays:
        assert np.array_equal(p, arrays[0][0])


@pytest.mark.slow
def test_where_no_choice_is_left():
    code = """
import numpy as np, pyfastopt as fo
p = np.ones(1 << 20, np.float32)
opt = fo.SGD(p)
opt.step(p.copy())
print(opt.threading["reason"], fo.runtime_info()["thread_limits"]["PYFASTOPT_NUM_THREADS"])
"""
    assert interpreter.output(code, PYFASTOPT_NUM_THREADS="1") == "limited 1"


@pytest.mark.slow
@needs_openmp
def test_exact_numbers_that_openmp_does_not_give():
    code = """
import ctypes, numpy as np, pyfastopt as fo
from pathlib import Path
{change}
p = np.ones(1 << 20, np.float32)
opt = fo.SGD(p, num_threads=64)
opt.step(p.copy())
print(opt.threading["num_threads"], opt.threading["most"], opt.threading["reason"])
"""
    limited = interpreter.output(code.format(change=""), OMP_THREAD_LIMIT="1")
    assert limited == "1 1 limited"
    library = "ctypes.CDLL(str(next(Path(fo.get_library_dir()).glob('libfastopt.*'))))"
    ran, most, reason = interpreter.output(
        code.format(change=f"{library}.omp_set_dynamic(1)")
    ).split()
    assert (most, reason) == ("64", "exact")
    assert int(ran) <= fo.runtime_info()["cpus"]


@pytest.mark.slow
@needs_openmp
def test_environment_sets_the_default():
    code = "import pyfastopt; print(pyfastopt.runtime_info()['num_threads'])"
    assert interpreter.output(code, PYFASTOPT_NUM_THREADS="1") == "1"
    assert int(interpreter.output(code, PYFASTOPT_NUM_THREADS="1024")) == fo.runtime_info()["cpus"]
    assert interpreter.output(code, OMP_NUM_THREADS="1", PYFASTOPT_NUM_THREADS="") == "1"
    assert interpreter.output(code, OMP_THREAD_LIMIT="1") == "1"


SMALL_STACKS = """
import numpy as np, pyfastopt as fo
for dtype in (np.float32, np.float64):
    for make in (fo.Adam, fo.LAMB):
        p = np.ones((1000, 1000), dtype)[:, ::2]
        make(p, num_threads=3, **{"amsgrad": True} if make is fo.Adam else {}).step(p.copy())
print("done")
"""


@pytest.mark.slow
def test_threads_with_small_stacks():
    assert interpreter.output(SMALL_STACKS, OMP_STACKSIZE="16k") == "done"


@pytest.mark.slow
@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", " ", "1025"])
def test_bad_environment_is_an_error_at_import(value):
    message = interpreter.error("import pyfastopt", PYFASTOPT_NUM_THREADS=value)
    assert f"PYFASTOPT_NUM_THREADS = '{value}' must be an integer from 1 to 1024" in message


COUNT_THREADS = """
import threading, numpy as np, pyfastopt as fo
def threads():
    return len(__import__("os").listdir("/proc/self/task"))
p = np.ones(1 << 20, np.float32)
opt = fo.SGD(p, {arguments})
g = p.copy()
before = threads()
{around}
print(threads() - before)
"""


@pytest.mark.slow
@needs_openmp
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize("requested", [1, 2, 3, 7])
def test_requested_threads_are_used(requested):
    code = COUNT_THREADS.format(arguments=f"num_threads={requested}", around="opt.step(g)")
    assert int(interpreter.output(code)) == requested - 1
    assert int(interpreter.output(code, OMP_NUM_THREADS="1")) == requested - 1


@pytest.mark.slow
@needs_openmp
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_threadpoolctl_is_obeyed():
    pytest.importorskip("threadpoolctl")
    around = """
import threadpoolctl
with threadpoolctl.threadpool_limits(1):
    opt.step(g)
"""
    for arguments, threads in (("", "0"), ("num_threads=5", "4")):
        code = COUNT_THREADS.format(arguments=arguments, around=around)
        assert interpreter.output(code) == threads


#: Each brings a parallel runtime of its own, which may or may not be another's.
TOGETHER = [
    name
    for name in ("pyfastopt", "torch", "sklearn.ensemble")
    if importlib.util.find_spec(name.partition(".")[0])
]

STEPS_TOGETHER = """
import contextlib, importlib, os, sys
for name in {names}:
    importlib.import_module(name)
import numpy as np
import pyfastopt as fo
from pyfastopt.reference import Reference
torch, ensemble = (sys.modules.get(name) for name in ("torch", "sklearn.ensemble"))
rng = np.random.default_rng(0)

def threads():
    return len(os.listdir("/proc/self/task"))

def step_others():
    if torch:
        a = torch.ones(500, 500)
        assert (a @ a).sum().item() == 500**3
        assert torch.ones(1 << 21).sum().item() == 1 << 21
    if ensemble:
        X = rng.standard_normal((500, 4))
        forest = ensemble.HistGradientBoostingClassifier(max_iter=5)
        assert forest.fit(X, X[:, 0] > 0).score(X, X[:, 0] > 0) > 0.9

def step(num_threads):
    p, g = rng.standard_normal((2, 1 << 20)).astype(np.float32)
    reference = Reference(fo.Adam, [p.copy()])
    params = [p, p.copy()]
    fo.Adam(params[0], num_threads=num_threads).step(g)
    if torch:
        import pyfastopt.torch
        tensor = torch.nn.Parameter(torch.from_numpy(params[1]))
        tensor.grad = torch.from_numpy(g)
        optimizer = pyfastopt.torch.Adam([tensor])
        optimizer.num_threads = num_threads
        optimizer.step()
    else:
        fo.Adam(params[1], num_threads=num_threads).step(g)
    reference.step([g])
    for p in params:
        assert np.array_equal(p, reference.params[0])

step_others()
step(2)
step_others()
try:
    from threadpoolctl import threadpool_limits
except ImportError:
    limits = contextlib.nullcontext()
    requested = 1
else:
    limits = threadpool_limits(1)
    requested = None
with limits:
    step_others()
    before = threads()
    step(requested)
    print(threads() - before)
    step_others()
before = threads()
step(7)
print(threads() - before)
"""


@pytest.mark.slow
@needs_openmp
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize("names", list(itertools.permutations(TOGETHER)), ids=" ".join)
def test_other_runtimes_in_any_order(names):
    """A second OpenMP in the process does no harm, and where it is limited, so are we."""
    limited, free = interpreter.output(STEPS_TOGETHER.format(names=names)).split()
    assert limited == "0"
    assert int(free) > 0  # so that the count could have seen it


FORK = """
import os, signal
import numpy as np
import pyfastopt as fo
from pyfastopt.reference import Reference

p, *grads = np.random.default_rng(0).standard_normal((3, 1 << 20)).astype(np.float32)
reference = Reference(fo.Adam, [p.copy()])
opt = fo.Adam(p, num_threads=2)
opt.step(grads[0])
for g in grads:
    reference.step([g])
child = os.fork()
if child == 0:
    signal.alarm(60)
    opt.step(grads[1])
    right = np.array_equal(p, reference.params[0]) and fo.runtime_info()["num_threads"] == 1
    os._exit(0 if right else 1)
print(os.waitpid(child, 0)[1])
opt.step(grads[1])
print(int(np.array_equal(p, reference.params[0])))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_fork_after_a_parallel_step():
    assert interpreter.output(FORK).split() == ["0", "1"]


@pytest.mark.parametrize("size", [50, LARGE])
@pytest.mark.parametrize("threads", [1, 2])
def test_two_threads_stepping_two_optimizers(size, threads, rng):
    steps = 200 if size < 1000 else 5
    jobs = []
    for _ in range(2):
        p = rng.standard_normal(size).astype(np.float32)
        g = rng.standard_normal(size).astype(np.float32)
        reference = Reference(fo.Adam, [p.copy()])
        for _ in range(steps):
            reference.step([g])
        jobs.append((p, g, reference, fo.Adam(p, num_threads=threads)))

    def work(p, g, reference, opt):
        for _ in range(steps):
            opt.step(g)

    run_threads(*(lambda job=job: work(*job) for job in jobs))
    for p, _, reference, _ in jobs:
        assert np.array_equal(p, reference.params[0])


@pytest.mark.parametrize("size", [50, LARGE])
def test_two_threads_stepping_one_optimizer(size, rng):
    """Steps with one gradient commute, so that waiting shows as the serial result."""
    steps = 200 if size < 1000 else 5
    p = rng.standard_normal(size).astype(np.float32)
    g = rng.standard_normal(size).astype(np.float32)
    reference = Reference(fo.Adam, [p.copy()])
    for _ in range(3 * steps):
        reference.step([g])
    opt = fo.Adam(p, num_threads=2)

    def work():
        for _ in range(steps):
            opt.step(g)
            opt.state_dict()
            opt.lr = 1e-3

    run_threads(work, work, work)
    assert opt.state[0]["step"] == 3 * steps
    assert np.array_equal(p, reference.params[0])


@pytest.mark.slow
def test_the_gil_is_free_while_a_step_runs():
    """Another thread gets on with Python code during one long step."""
    p = np.ones(1 << 25, np.float32)
    g = p.copy()
    opt = fo.Adam(p, num_threads=1)
    opt.step(g)
    ticks = 0
    during = []

    def step():
        nonlocal ticks
        before = ticks
        opt.step(g)
        during.append(ticks - before)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread = threading.Thread(target=step)
        thread.start()
        while thread.is_alive():
            ticks += 1
    finally:
        sys.setswitchinterval(interval)
    thread.join()
    assert during[0] > 100
