"""One thread at a time: who waits, who is refused, and that no lock is left behind."""

import contextlib
import copy
import gc
import os
import signal
import sys
import threading

import interpreter
import numpy as np
import pytest
from threads import run_threads

import pyfastopt as fo

# Each makes an optimizer `opt` of `size` elements, and step(), which all give the same name.
PLAIN = """
import numpy as np
import pyfastopt as fo
p, g = np.ones(size, np.float32), np.full(size, 1e-3, np.float32)
opt = fo.Adam(p, num_threads=1)
step = lambda: opt.step(g)
"""
LBFGS = """
import numpy as np
import pyfastopt as fo
p, g = np.ones(size, np.float32), np.full(size, 1e-3, np.float32)
opt = fo.LBFGS(p, max_iter=2, num_threads=1)
step = lambda: opt.step(lambda: (1.0, g))
"""
TORCH = """
import torch
from pyfastopt import torch as optim
p = torch.nn.Parameter(torch.ones(size))
p.grad = torch.full((size,), 1e-3)
opt = optim.Adam([p])
opt.num_threads = 1
step = lambda: opt.step()
"""
TORCH_LBFGS = """
import torch
from pyfastopt import torch as optim
p = torch.nn.Parameter(torch.ones(size))
p.grad = torch.full((size,), 1e-3)
opt = optim.LBFGS([p], max_iter=2)
opt.num_threads = 1
step = lambda: opt.step(lambda: 1.0)
"""
RAW = """
import numpy as np
import pyfastopt as fo
p, g = np.ones(size, np.float32), np.full(size, 1e-3, np.float32)
m, v = np.zeros_like(p), np.zeros_like(p)
step = lambda: fo.adam_(p, g, m, v, step=1, num_threads=1)
"""
OPTIMIZERS = {"plain": PLAIN, "LBFGS": LBFGS, "torch": TORCH, "torch LBFGS": TORCH_LBFGS}


def make(code, size):
    if "torch" in code:
        pytest.importorskip("torch")
    names = {"size": size}
    exec(code, names)
    return names


FORKS = """
import os, signal, threading
going = True

def steps():
    while going:
        step()

step()
thread = threading.Thread(target=steps)
thread.start()
for _ in range(forks):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        step()
        if "opt" in globals():
            opt.load_state_dict(opt.state_dict())
            step()
        os._exit(0)
    print(os.waitpid(child, 0)[1])
going = False
thread.join()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.parametrize("code", [*OPTIMIZERS.values(), RAW], ids=[*OPTIMIZERS, "raw"])
def test_fork_while_another_thread_steps(code):
    if "torch" in code:
        pytest.importorskip("torch")
    # Without torch's own threads, which a child lacks.
    environment = {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    code = f"size, forks = 1 << 20, 5\n{code}\n{FORKS}"
    lines = interpreter.output(code, **environment).split()
    assert lines == ["0"] * 5


EXIT = """
import threading, time

def steps():
    while True:
        step()

for _ in range(threads):
    threading.Thread(target=steps, daemon=True).start()
time.sleep(pause)
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("code", [PLAIN, RAW, LBFGS, TORCH], ids=["plain", "raw", "LBFGS", "torch"])
def test_exit_while_daemon_threads_step(code, threads):
    if "torch" in code:
        pytest.importorskip("torch")
    for size in (1 << 22, 100):
        interpreter.output(f"size, threads, pause = {size}, {threads}, 0.2\n{code}\n{EXIT}")


@pytest.mark.parametrize("code", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_threads_wait_for_each_other(code):
    names = make(code, 300)
    names["step"]()
    saved = copy.deepcopy(names["opt"].state_dict())
    made = []

    def steps():
        for _ in range(100):
            names["step"]()
            names["opt"].load_state_dict(saved)
            made.append(1)

    run_threads(steps, steps, steps)
    assert len(made) == 300


@pytest.mark.parametrize("name", ["step", "load_state_dict"])
@pytest.mark.parametrize("code", [LBFGS, TORCH_LBFGS], ids=["LBFGS", "torch LBFGS"])
def test_a_step_within_a_step_is_refused(code, name):
    names = make(code, 4)
    opt, state = names["opt"], names["opt"].state_dict()
    with pytest.raises(RuntimeError, match="used again from within its own step"):
        opt.step(names["step"] if name == "step" else lambda: opt.load_state_dict(state))
    names["step"]()


@pytest.mark.parametrize("load", [False, True])
def test_an_option_that_uses_the_optimizer_is_refused(load):
    names = make(TORCH, 4)
    opt, state = names["opt"], names["opt"].state_dict()
    seen = []

    class Rate:
        def __float__(self):
            try:
                opt.load_state_dict(state) if load else opt.step()
            except RuntimeError as error:
                seen.append(str(error))
            return 0.1

    opt.param_groups[0]["lr"] = Rate()
    opt.step()
    assert "used again from within its own step" in seen[0]
    opt.param_groups[0]["lr"] = 0.1
    opt.step()


@pytest.mark.skipif(sys.platform == "win32", reason="raises signals in the process itself")
@pytest.mark.parametrize("code", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_interrupt_leaves_no_lock_behind(code):
    """Interrupts at any moment: the optimizer can always be used afterwards."""
    names = make(code, 100)
    armed = False

    def raise_interrupt(*_):
        nonlocal armed
        if armed:
            armed = False
            raise KeyboardInterrupt

    stop = threading.Event()
    main = threading.main_thread().ident

    def interrupt():
        while not stop.wait(1e-4):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, raise_interrupt)
    thread = threading.Thread(target=interrupt)
    # An interrupt in a callback of the collector, which other tests' plugins have, is lost.
    gc.disable()
    thread.start()
    try:
        for _ in range(200):
            with contextlib.suppress(KeyboardInterrupt):
                armed = True
                while armed:
                    names["step"]()
    finally:
        stop.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)
        gc.enable()
    names["step"]()


@pytest.mark.skipif(sys.platform == "win32", reason="raises signals in the process itself")
def test_an_interrupt_ends_a_wait():
    x = np.ones(4)
    opt = fo.LBFGS(x)
    inside, leave = threading.Event(), threading.Event()

    def closure():
        inside.set()
        leave.wait(60)
        return 0.0, 0 * x

    def raise_interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, raise_interrupt)
    thread = threading.Thread(target=opt.step, args=(closure,))
    thread.start()
    try:
        inside.wait(60)
        main = threading.main_thread().ident
        threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGUSR1)).start()
        with pytest.raises(KeyboardInterrupt):
            opt.state_dict()
    finally:
        leave.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)
    opt.state_dict()
