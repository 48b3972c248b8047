"""The C API: what it accepts, at the limits of what it has to."""

import ctypes

import numpy as np
import pytest
from c_library import (
    DISJOINT,
    FLAG,
    MAX_STEPS,
    NUMBER,
    OVERLAP,
    PAIR,
    RULES,
    Array,
    Plan,
    Refused,
    changed,
    described,
    values,
    viewed,
)

import pyfastopt as fo
from pyfastopt import _core


def test_vector_functions_without_elements(api):
    numbers = (ctypes.c_double * 2)(5, 5)
    api.combine(1, 0, None, 2.0, None, None, None, None, 1)
    api.secant(1, 0, None, None, 2.0, None, None, None, numbers, 1)
    assert list(numbers) == [0, 0]


def test_null_is_fine(api):
    api.plan_destroy(None)
    api.adam_f64(None, 1, 0, None, None, None, None, None, 1)
    nothing = Array(None, 0, 1, (ctypes.c_ssize_t * 1)(0), None)
    plan = Plan(api)
    record = fo.option_struct("adam")
    api.plan_add_group(plan.handle, record.ctypes, None)
    api.plan_add_row(plan.handle, 0, ctypes.byref(nothing), None, 0, None)
    api.plan_set_gradient(plan.handle, 0, ctypes.byref(nothing), 0)
    plan.step()
    assert plan.steps(0) == 1


@pytest.mark.parametrize("rule", RULES)
def test_no_options_are_the_defaults(api, rule, rng):
    slots = _core.describe(rule, {})[1]
    g = rng.standard_normal(20)
    found = []
    for options in (None, fo.option_struct(rule).ctypes):
        arrays = {"p": np.ones(20), **{slot: np.full(20, value) for slot, value in slots.items()}}
        pointers = [arrays[s].ctypes if s in arrays else None for s in RULES[rule][2]]
        getattr(api, f"{rule}_f64")(options, 1, 20, arrays["p"].ctypes, g.ctypes, *pointers, 1)
        found.append({name: a.tolist() for name, a in arrays.items()})
    assert found[0] == found[1]
    assert found[0]["p"] != [1.0] * 20


@pytest.mark.parametrize("rule", RULES)
def test_structs_of_older_programs(api, rule):
    """They end before some members: those keep their defaults, and nothing is written there."""
    members = RULES[rule][1]
    defaults = values(fo.option_struct(rule))
    other = {NUMBER: 0.25, PAIR: (0.25, 0.5), FLAG: True}
    # Not everything goes with the others.
    special = {"nesterov": 0, "lr_inside": 0, "eps_hat": 0, "etas": (0.25, 1.5), "threshold": 8.0}
    given = {name: special.get(name, other[kind]) for name, kind, _, _ in members}
    record = changed(fo.option_struct(rule), **given)
    ends = [(k, offset + extra) for k, (*_, offset) in enumerate(members) for extra in (0, 3)]
    for known, end in ends:
        names = list(given)[:known]
        plan = Plan(api)
        plan.add_group(changed(record, size=end))
        assert values(plan.options(0)) == {**defaults, **{name: given[name] for name in names}}
        for told in (given, defaults):
            filled = np.frombuffer(bytearray(b"\x01" * record.nbytes), record.dtype)
            filled["size"], filled["rule"] = end, record["rule"]
            if told is given:
                api.plan_get_options(plan.handle, 0, filled.ctypes)
            else:
                api.options_init(rule.encode(), filled.ctypes, end)
            assert set(filled.tobytes()[end:]) <= {1}
            assert [values(filled)[name] for name in names] == [told[name] for name in names]


@pytest.mark.parametrize(
    ("length", "offset", "stride"), [(1, 72, 13), (0, 72, 13), (0, 24, 8)], ids=str
)
def test_arrays_without_neighbours(api, length, offset, stride):
    """One element has no stride, as NumPy sees it too; and none share memory with nothing."""
    block = np.ones(10)
    plan = Plan(api)
    plan.add_group(fo.option_struct("sgd"))
    plan.add_row(0, block[:9])
    changes = {"data": block.ctypes.data + offset, "shape": (length,), "strides": (stride,)}
    array = described(block, **changes)
    api.plan_add_row(plan.handle, 0, ctypes.byref(array), None, 0, None)


def test_the_count_stays_at_the_largest(api):
    p, plan = np.ones(3), Plan(api)
    plan.add_group(fo.option_struct("sgd", lr=0.5))
    plan.add_row(0, p)
    plan.set_gradient(0, np.ones(3))
    api.plan_set_steps(plan.handle, 0, MAX_STEPS)
    plan.step()
    assert plan.steps(0) == MAX_STEPS
    assert (p == 0.5).all()


def test_interleaved_arrays_are_accepted_where_the_caller_vouches(api):
    block = np.ones((6, 4), np.float32)
    p, q, g, buffer = block.T
    plan = Plan(api)
    plan.add_group(fo.option_struct("sgd", lr=1.0, momentum=0.5))
    plan.add_row(0, p)
    for add in (
        lambda *a: plan.add_row(0, q, [buffer], *a),
        lambda *a: plan.set_gradient(0, g, *a),
    ):
        with pytest.raises(Refused, match="shares memory") as caught:
            add()
        assert caught.value.status == OVERLAP
        add(DISJOINT)
        # It was for that call alone.
        with pytest.raises(Refused, match="shares memory"):
            add()
    plan.set_gradient(1, g, DISJOINT)
    plan.step()
    plan.step()
    assert block.tolist() == [[-1.5, -1.5, 1, 1.5]] * 6
    assert [plan.steps(0), plan.steps(1)] == [2, 2]


def test_rows_and_gradients_at_any_addresses(api, rng):
    block, taken = np.zeros(3000, np.float32), np.zeros(3000, bool)
    plan, lengths = Plan(api), []
    plan.add_group(fo.option_struct("sgd"))

    def tries(call, piece):
        if not taken[piece].any():
            call()
            return True
        with pytest.raises(Refused, match="shares memory") as caught:
            call()
        assert caught.value.status == OVERLAP
        return False

    for turn in range(600):
        begin, length = rng.integers(2990), rng.integers(1, 8)
        piece = slice(begin, begin + length)
        if tries(lambda piece=piece: plan.add_row(0, block[piece]), piece):
            taken[piece] = True
            lengths.append(length)
        row = rng.integers(len(lengths))
        begin = rng.integers(2990)
        piece = slice(begin, begin + lengths[row])
        if tries(lambda row=row, piece=piece: plan.set_gradient(row, block[piece]), piece):
            if turn % 7 == 0:
                plan.step()
            plan.set_gradient(row, None)
    assert taken.any()
    assert not taken.all()


VIEWS = {
    "contiguous": np.ones((3, 4)),
    "transposed": np.ones((3, 4), np.float32).T,
    "reversed": np.ones((6, 8))[::-2, ::-1],
    "broadcast": np.broadcast_to(np.ones(4), (3, 4)),
    "empty": np.ones((3, 0, 2)),
    "0-d": np.ones(()),
    "long": np.ones((70, 90))[:, 1:].transpose(),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_arrays(api, view):
    begin, end, overlaps = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_int(7)
    array = ctypes.byref(described(view))
    api.array_extent(array, ctypes.byref(begin), ctypes.byref(end))
    reaches = [(n - 1) * stride for n, stride in zip(view.shape, view.strides, strict=True)]
    first = view.ctypes.data + sum(reach for reach in reaches if reach < 0)
    last = view.ctypes.data + sum(reach for reach in reaches if reach > 0)
    expected = (first, last + view.itemsize) if view.size else (view.ctypes.data,) * 2
    assert (begin.value, end.value) == expected
    api.array_overlaps_itself(array, ctypes.byref(overlaps))
    assert overlaps.value == (view.size > 0 and 0 in view.strides)


@pytest.mark.parametrize("offset", [0, 8, 40])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_state_lies_as_its_parameter_does(api, view, offset):
    block = np.zeros(view.nbytes + 64 + offset, np.uint8)[offset:]
    parameter, strides, placed = described(view), (ctypes.c_ssize_t * view.ndim)(), Array()
    api.array_place_state(ctypes.byref(parameter), block.ctypes, strides, ctypes.byref(placed))
    wanted = view.ctypes.data % 64 if view.nbytes >= 2**14 else 0
    assert placed.data % 64 == wanted
    state = viewed(placed)
    assert block.ctypes.data <= placed.data
    assert placed.data + state.nbytes <= block.ctypes.data + block.nbytes
    assert (state.shape, state.dtype) == (view.shape, view.dtype)
    if view.size and 0 not in view.strides:
        assert state.strides == np.empty_like(view, order="K").strides
