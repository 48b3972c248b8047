"""Every kernel on arrays that begin or end at a page that may not be touched.

    PYFASTOPT_PREFETCH=1 python tests/attack/guard_pages.py

Whatever reads or writes beside its arrays, be it one byte, is killed by the kernel.
"""

import ctypes
import faulthandler
import itertools
import mmap
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "csrc" / "generate")]

from arrays import same_bits
from c_library import RULES, Api, Array, Plan, described
from table import LIBRARY, TABLE

import pyfastopt as fo

#: On both sides of each vector's width.
SIZES = [0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257]
STRIDE = 3
ROOM = -(-SIZES[-1] * STRIDE * 8 // mmap.PAGESIZE) * mmap.PAGESIZE

libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int


class Block:
    """Memory between two pages that may not be touched."""

    def __init__(self):
        self.mapped = mmap.mmap(-1, ROOM + 2 * mmap.PAGESIZE)
        whole = np.frombuffer(self.mapped, np.uint8)
        self.bytes = whole[mmap.PAGESIZE : -mmap.PAGESIZE]
        for page in (whole, self.bytes[ROOM:]):
            address = whole.ctypes.data if page is whole else self.bytes.ctypes.data + ROOM
            if libc.mprotect(address, mmap.PAGESIZE, 0) != 0:
                raise OSError(ctypes.get_errno(), "mprotect")

    def place(self, values, side, stride):
        """A copy of a vector whose elements touch the page on this side."""
        step = stride * values.itemsize
        room = (ROOM // step) * step
        elements = (self.bytes[:room] if side == "first" else self.bytes[ROOM - room :]).view(
            values.dtype
        )
        own = elements[::stride] if side == "first" else elements[stride - 1 :: stride]
        own = own[: values.size] if side == "first" else own[own.size - values.size :]
        own[...] = values
        return own


def one_shot(api, record, rule, slots, arrays):
    type_ = {4: "f32", 8: "f64"}[arrays[0].itemsize]
    state = dict(zip(slots, arrays[2:], strict=True))
    every = [*arrays[:2], *(state.get(name) for name in RULES[rule][2])]
    addresses = [None if a is None else a.ctypes.data for a in every]
    getattr(api, f"{rule}_{type_}")(record.ctypes.data, 3, arrays[0].size, *addresses, 1)


def apply(api, record, rule, slots, arrays):
    p, g, *state = map(described, arrays)
    given = (Array * 4)(*state)
    api.apply(record.ctypes.data, 3, ctypes.byref(p), ctypes.byref(g), given, 0, 1)


def plan(api, record, rule, slots, arrays):
    plan = Plan(api)
    plan.add_group(record)
    plan.add_row(0, arrays[0], arrays[2:])
    api.plan_set_steps(plan.handle, 0, 2)
    plan.set_gradient(0, arrays[1])
    plan.step()


def sparse(api, record, rule, slots, arrays):
    plan = Plan(api)
    plan.add_group(record)
    plan.add_row(0, arrays[0], arrays[2:])
    api.plan_set_steps(plan.handle, 0, 2)
    plan.set_sparse_gradient(0, np.arange(arrays[0].size), arrays[1])
    plan.step()


def variants():
    """Of each variant the rule, the slots and options."""
    found = {}
    for row in TABLE:
        for case in row.variants:
            values, slots = row.describe(row.explicit(case))
            found[row.variant(case)] = row.rule, (*slots,), fo.option_struct(row.rule, **values)
    return found.values()


def step_all(api, blocks):
    """Every kernel, in all ways; return how many."""
    generator = np.random.default_rng(0)
    count = 0
    for (rule, slots, record), dtype, size in itertools.product(
        variants(), (np.float32, np.float64), SIZES
    ):
        values = np.abs(generator.standard_normal((2 + len(slots), size))).astype(dtype)
        expected = None
        for isa, side, (way, stride) in itertools.product(
            fo.runtime_info()["isas_available"],
            ("first", "last"),
            ((one_shot, 1), (plan, 1), (apply, STRIDE), (plan, STRIDE), (sparse, STRIDE)),
        ):
            if way is sparse and rule in ("lars", "lamb"):
                continue
            arrays = [b.place(v, side, stride) for b, v in zip(blocks, values, strict=False)]
            with fo.use_isa(isa):
                way(api, record, rule, slots, arrays)
            expected = expected or [a.copy() for a in arrays]
            for a, b in zip(arrays, expected, strict=True):
                assert same_bits(a, b), (rule, slots, dtype, size, isa, side, way, stride)
            count += 1
    return count


def vector_functions(api, blocks):
    """The same for L-BFGS' loops."""
    generator = np.random.default_rng(0)
    sums = (ctypes.c_double * 2)()
    count = 0
    for dtype, size, isa, side in itertools.product(
        (np.float32, np.float64), SIZES, fo.runtime_info()["isas_available"], ("first", "last")
    ):
        values = generator.standard_normal((5, size)).astype(dtype)
        a, b, c, d, e = (
            x.place(v, side, 1).ctypes.data for x, v in zip(blocks, values, strict=False)
        )
        type_ = int(dtype is np.float64)
        with fo.use_isa(isa):
            for y, z in itertools.product((None, c), (None, d)):
                api.combine(type_, size, a, 0.5, b, y, z, sums, 1)
            api.secant(type_, size, a, b, 0.5, c, d, e, sums, 1)
            api.magnitudes(type_, size, a, sums, 1)
        count += 6
    return count


if __name__ == "__main__":
    faulthandler.enable()
    api = Api(LIBRARY)
    blocks = [Block() for _ in range(6)]
    print(step_all(api, blocks) + vector_functions(api, blocks), "cases")
