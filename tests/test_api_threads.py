"""The C API: plans in many threads, and the environment."""

import ctypes
import threading
from functools import partial

import c_header
import interpreter
import numpy as np
import pytest
from c_library import (
    BUSY,
    FUNCTIONS,
    INVALID_ENVIRONMENT,
    Plan,
    Refused,
    Threading,
    ThreadLimits,
    assert_same,
    described,
    of_class,
    values,
)
from threads import run_threads

import pyfastopt as fo

# Their numbers are compiled into programs.
SMALL, EXACT, LIMITED, MEASURED = range(4)


def test_busy(api):
    """What a second thread would change during a step is refused."""
    message = "plan: another thread is stepping it; use a plan in one thread at a time"
    # A short step may be over too soon, but not one of a quarter of a second.
    for size in (1 << 20, 1 << 22, 1 << 24):
        # By tiles, which is slow; by one thread, from the first element to the last.
        p = np.ones((size, 2))[:, 0]
        g = np.broadcast_to(np.ones(1), size)
        plan = Plan(api)
        plan.add_group(fo.option_struct("adam", lr=0.25))
        plan.add_row(0, p)
        plan.set_gradient(0, g)
        record = fo.option_struct("adam")
        other = described(np.ones(3))
        calls = {
            "plan_add_group": (record.ctypes, None),
            "plan_add_row": (0, ctypes.byref(other), None, 0, None),
            "plan_set_gradient": (0, None, 0),
            "plan_set_sparse_gradient": (0, None, 0, ctypes.byref(other), 0),
            "plan_step": (1,),
            "plan_learn": (plan.handle,),
            "plan_set_options": (0, record.ctypes),
            "plan_set_steps": (0, 5),
        }
        plan_to_change = c_header.Variable("fastopt_plan*", "plan")
        changing = [name for name, of in FUNCTIONS.items() if plan_to_change in of.parameters]
        assert {f"fastopt_{name}" for name in calls} == {*changing} - {"fastopt_plan_destroy"}
        thread = threading.Thread(target=plan.step)
        thread.start()
        while thread.is_alive() and p[0] == 1:
            pass
        answers = []
        for name, arguments in calls.items():
            try:
                answers.append(getattr(api, name)(plan.handle, *arguments))
            except Refused as refused:
                answers.append((refused.status, str(refused)))
        thread.join()
        if set(answers) == {(BUSY, message)}:
            break
    assert answers == [(BUSY, message)] * len(calls)
    assert plan.steps(0) == 1
    assert values(plan.options(0))["lr"] == 0.25
    assert (p == p[0]).all()
    plan.step()
    assert plan.steps(0) == 2


@pytest.mark.parametrize("threads", [1, 2])
def test_two_plans_in_two_threads(api, threads, rng):
    jobs = []
    for _ in range(2):
        p, g = rng.standard_normal((2, 1 << 18))
        twin = fo.Adam(p.copy())
        plan = Plan(api)
        plan.add_group(of_class(twin))
        plan.add_row(0, p)
        plan.set_gradient(0, g)
        for _ in range(10):
            twin.step(g)
        jobs.append((plan, p, twin))

    def work(plan):
        for _ in range(10):
            plan.step(threads)

    run_threads(*(partial(work, plan) for plan, _, _ in jobs))
    for plan, p, twin in jobs:
        assert_same(plan, [0], twin, [p])


def test_threading(api):
    """What a plan says of its last step, and what it may choose from."""
    limits, told = ThreadLimits(), Threading()
    api.get_thread_limits(ctypes.byref(limits))
    most = min(value for name, _ in limits._fields_ if (value := getattr(limits, name)))
    assert api.num_threads(0) == api.num_threads(-1025) == api.num_threads(-(2**31)) == most
    assert api.num_threads(-1) == 1
    able = 1 if limits.forked else limits.openmp_limit
    assert api.num_threads(3) == min(3, able)

    plan = Plan(api)
    plan.add_group(fo.option_struct("sgd"))
    plan.add_row(0, np.ones(1 << 18))
    plan.set_gradient(0, np.ones(1 << 18))
    chosen = MEASURED if most > 1 else LIMITED
    for num_threads, reason, allowed in [
        (0, chosen, most),
        (3, EXACT, min(3, able)),
        (-1, LIMITED, 1),
        (-(2**31), chosen, most),
    ]:
        plan.step(num_threads)
        api.plan_get_threading(plan.handle, ctypes.byref(told))
        assert (told.reason, told.most) == (reason, allowed)
        assert 1 <= told.num_threads <= told.most
    for _ in range(20):
        plan.step(-2)
    api.plan_get_threading(plan.handle, ctypes.byref(told))
    assert told.most == min(2, most)
    assert [*told.tried[: told.count]] == ([1, 2] if most > 1 else [])
    assert all(seconds > 0 for seconds in told.seconds[: told.count])
    plan.set_gradient(0, None)
    plan.step(2)
    api.plan_get_threading(plan.handle, ctypes.byref(told))
    assert (told.num_threads, told.reason) == (1, SMALL)


FIRST_CALLS = """
import ctypes
library = ctypes.CDLL({path!r})
library.fastopt_error_message.restype = library.fastopt_active_isa.restype = ctypes.c_char_p
zero, one = ctypes.c_size_t(0), ctypes.c_int64(1)
plan = ctypes.c_void_p()
calls = dict(
    initialize=library.fastopt_initialize,
    plan_create=lambda: library.fastopt_plan_create(ctypes.byref(plan)),
    sgd_f32=lambda: library.fastopt_sgd_f32(None, one, zero, None, None, None, 0),
    use_isa=lambda: library.fastopt_use_isa(b"baseline"),
)
for name in {order}:
    print(calls[name](), library.fastopt_error_message().decode())
print(library.fastopt_active_isa().decode(), library.fastopt_num_threads(0), plan.value)
"""


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "PYFASTOPT_ISA",
            "mmx",
            "isa = 'mmx' is not one that this CPU can run; use one of baseline",
        ),
        ("PYFASTOPT_PREFETCH", "yes", "'yes' must be 0 or 1, or unset"),
        ("PYFASTOPT_NUM_THREADS", "0", "= '0' must be an integer from 1 to 1024, or unset"),
        ("PYFASTOPT_NUM_THREADS", "2x", "= '2x' must be an integer from 1 to 1024, or unset"),
    ],
)
def test_wrong_environment(library_path, name, value, message, order):
    """Every call that needs it is refused, whichever comes first; in a process without Python's."""
    calls = ["initialize", "plan_create", "sgd_f32", "use_isa"][::order]
    code = FIRST_CALLS.format(path=str(library_path), order=calls)
    *lines, about = interpreter.output(code, **{name: value}).splitlines()
    assert len(lines) == len(calls)
    for line in lines:
        status, text = line.split(maxsplit=1)
        assert int(status) == INVALID_ENVIRONMENT
        assert text.startswith(name)
        assert message in text
    assert about.endswith("None")


@pytest.mark.slow
def test_environment(library_path):
    environment = {"PYFASTOPT_ISA": "baseline", "PYFASTOPT_NUM_THREADS": "1"}
    code = FIRST_CALLS.format(path=str(library_path), order=["sgd_f32"])
    assert interpreter.output(code, **environment).splitlines() == ["0 ", "baseline 1 None"]
