"""Each allocation of an operation fails in turn; run with fail_malloc.cpp preloaded.

An operation that fails for it says so, and has modified and lost nothing; made again, it gives the
bits that it would have given. One that gets by without that memory gives them at once.
"""

import copy
import ctypes
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "csrc" / "generate")]

from c_library import OUT_OF_MEMORY, Api, Array, Plan, Refused, described, values
from table import LIBRARY

import pyfastopt as fo

library = ctypes.CDLL(None)
library.fail_malloc_stop.restype = ctypes.c_long
library.fail_malloc_at.argtypes = [ctypes.c_long]
library.fail_malloc_in_use.restype = ctypes.c_size_t
api = Api(LIBRARY)

#: A block of state that is lost is larger than what Python keeps in between.
SIZE = 1 << 16


def failed(operate, world):
    try:
        operate(world)
    except Refused as refused:
        if refused.status != OUT_OF_MEMORY:
            raise
        return True
    except MemoryError:
        return True
    return False


def attack(operate, make, contents):
    """Have each allocation of operate(make()) fail; return how many there were."""
    world = make()
    operate(world)
    expected = contents(world)
    number = 0
    while True:
        number += 1
        world = make()
        before = contents(world)
        in_use = library.fail_malloc_in_use()
        library.fail_malloc_at(number)
        try:
            refused = failed(operate, world)
        finally:
            seen = library.fail_malloc_stop()
        if refused:
            assert contents(world) == before, (operate, number)
            assert library.fail_malloc_in_use() - in_use < SIZE * 4, (operate, number, "lost")
            operate(world)
        assert contents(world) == expected, (operate, number)
        if seen < number:
            return number - 1


# ---- the C API ----------------------------------------------------------------------------------


class World:
    """A plan of some rows, and what can be done to it."""

    def __init__(self):
        self.plan = Plan(api)
        self.plan.add_group(fo.option_struct("adam", lr=0.25))
        self.plan.add_group(fo.option_struct("lamb"))
        self.arrays = [np.linspace(-1, 1, n).reshape(-1, 2)[:, 0] for n in (600, SIZE, 8)]
        self.grads = [np.cos(a) for a in self.arrays]
        self.plan.add_row(0, self.arrays[0])
        self.plan.add_row(1, self.arrays[2])
        self.new = np.linspace(-1, 1, 2 * SIZE)[::2]
        self.slots = [np.zeros(SIZE), np.zeros(2 * SIZE)[::2]]
        self.plan.set_gradient(0, self.grads[0])
        self.plan.step()

    def contents(self):
        rows = range(len(self.plan.groups))
        arrays = [*self.arrays, self.new, *self.slots]
        arrays += [state for i in rows for state in self.plan.state(i).values()]
        groups = range(len(self.plan.rules))
        return (
            [a.tobytes() for a in arrays],
            [values(self.plan.options(i)) for i in groups],
            [self.plan.steps(i) for i in rows],
        )

    def create(self):
        Plan(api)

    def add_group(self):
        self.plan.add_group(fo.option_struct("sgd", momentum=0.5))

    def add_row(self):
        self.plan.add_row(0, self.new)

    def add_row_with_slots(self):
        self.plan.add_row(0, self.new, self.slots)

    def set_gradient(self):
        self.plan.set_gradient(1, self.grads[2])

    def set_sparse_gradient(self):
        self.plan.set_sparse_gradient(0, np.arange(0, 300, 2), self.grads[0][:150])

    def set_options(self):
        self.plan.set_options(0, fo.option_struct("adam", lr=0.5))

    def step(self):
        self.plan.step(1)

    def apply(self):
        p, g, m, v = map(described, (self.new, np.cos(self.new), *self.slots))
        record, slots, refer = fo.option_struct("adam"), (Array * 2)(m, v), ctypes.byref
        api.apply(record.ctypes, 1, refer(p), refer(g), slots, 0, 2)

    def combine(self):
        a, b = self.slots[0], np.ones(SIZE)
        dot = ctypes.c_double()
        api.combine(1, SIZE, a.ctypes, 2.0, b.ctypes, None, b.ctypes, ctypes.byref(dot), 2)


class NewWorld(World):
    """Before the first step; with it, its threads and its tiles."""

    def __init__(self):
        super().__init__()
        self.plan.add_row(0, self.arrays[1])
        for i, g in enumerate((self.grads[0], self.grads[2], self.grads[1])):
            self.plan.set_gradient(i, g)

    def step(self):
        self.plan.step(3)


class FirstWorld(World):
    """A plan that has nothing yet."""

    def __init__(self):
        self.plan = Plan(api)
        self.arrays, self.slots, self.new = [], [], np.zeros(SIZE)

    def build(self):
        """Until each part has succeeded, for each is a call of its own."""
        if not self.plan.rules:
            self.plan.add_group(fo.option_struct("adam"))
        self.plan.add_row(0, self.new)


def with_a_group():
    world = FirstWorld()
    world.plan.add_group(fo.option_struct("adam"))
    return world


# ---- Python -------------------------------------------------------------------------------------


class PythonWorld:
    def __init__(self):
        block = np.linspace(-1, 1, SIZE)
        self.params = {"W": block[::2], "b": [np.ones((3, 4), np.float32), block[1::2]]}
        self.grads = {"W": np.cos(block[::2]), "b": [np.ones((4, 3), np.float32).T, None]}
        self.opt = fo.Adam(self.params, amsgrad=True)
        self.opt.step(self.grads)
        self.saved = copy.deepcopy(self.opt.state_dict())
        self.opt.step(self.grads)
        self.new = np.ones(SIZE)
        self.raw = np.linspace(0, 1, 4000).reshape(4, 1000)[:, ::2]

    def contents(self):
        arrays = [self.params["W"], *self.params["b"], self.new, self.raw]
        state = [{k: np.asarray(v).tobytes() for k, v in s.items()} for s in self.opt.state]
        groups = [{k: v for k, v in g.items() if k != "params"} for g in self.opt.param_groups]
        return [a.tobytes() for a in arrays], state, groups, self.opt.num_threads

    def construct(self):
        fo.RMSProp(self.params, momentum=0.5, num_threads=2)

    def construct_groups(self):
        fo.LAMB([{"params": self.params["W"], "name": "W"}, {"params": self.params["b"], "lr": 1}])

    def step(self):
        self.opt.step(self.grads)

    def step_otherwise(self):
        class Exporter:
            def __dlpack__(self, **kwargs):
                return np.ones(SIZE // 2).__dlpack__(**kwargs)

            def __dlpack_device__(self):
                return np.ones(1).__dlpack_device__()

        self.opt.step({"W": Exporter(), "b": (None, memoryview(np.ones(SIZE // 2)))})

    def load(self):
        self.opt.load_state_dict(self.saved)

    def load_partly(self):
        self.opt.load_state_dict(self.saved, strict=False)

    def save(self):
        self.opt.state_dict()

    def add_group(self):
        self.opt.add_param_group({"params": [self.new], "lr": 0.5})

    def set_options(self):
        self.opt.lr = 0.5

    def set_an_option(self):
        self.opt.param_groups[0]["betas"] = (0.5, 0.75)

    def set_threads(self):
        self.opt.num_threads = 3

    def call_raw(self):
        p, g, m, v = self.raw
        fo.adam_(p, g, m, v, step=1, lr=0.5)

    def use_isa(self):
        with fo.use_isa("baseline"):
            pass


class GroupedWorld(PythonWorld):
    def __init__(self):
        super().__init__()
        self.opt.add_param_group({"params": [self.new], "lr": 0.5})

    def remove_group(self):
        self.opt.remove_param_group(0)


class LBFGSWorld:
    def __init__(self):
        self.x = np.linspace(-1, 1, 1000)
        self.opt = fo.LBFGS([self.x[:600], self.x[600:]], max_iter=1)

    def contents(self):
        return self.x.tobytes()

    def construct(self):
        fo.LBFGS(self.x)

    def step(self):
        x = self.x
        self.opt.step(lambda: (float((x**2).sum()), [2 * x[:600], 2 * x[600:]]))


def operations(*classes):
    """What a class does that its bases do not, or do otherwise."""
    for kind in classes:
        for name, operate in vars(kind).items():
            if not name.startswith("_") and name != "contents":
                yield kind, operate


if __name__ == "__main__":
    total = 0
    for kind, operate in operations(
        World, NewWorld, FirstWorld, PythonWorld, GroupedWorld, LBFGSWorld
    ):
        make = with_a_group if kind is FirstWorld else kind
        count = attack(operate, make, kind.contents)
        print(f"{operate.__qualname__}: {count}")
        total += count
    print(total, "failures")
