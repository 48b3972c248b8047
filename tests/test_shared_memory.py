"""Arrays that interleave: told apart exactly, and in a time that grows with their number alone."""

import time

import interpreter
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyfastopt as fo


def slices(length):
    """What cuts an axis of this length."""
    bounds = st.tuples(st.integers(0, length), st.integers(0, length))
    return st.builds(
        lambda two, step: (
            slice(min(two), max(two), step)
            if step > 0
            else slice(max(two) - 1 if max(two) else None, min(two) - 1 if min(two) else None, step)
        ),
        bounds,
        st.sampled_from([1, 1, 1, 2, 3, 5, -1, -2]),
    )


VIEWS = st.builds(
    lambda shape, rows, columns, turned, kind: (shape, rows, columns, turned, kind),
    st.sampled_from([(16, 12), (12, 16), (192, 1), (4, 48)]),
    slices(12),
    slices(12),
    st.booleans(),
    st.sampled_from(["f", "f", "d"]),
)


def view(block, drawn):
    shape, rows, columns, turned, kind = drawn
    array = block.reshape(shape).view(kind)[rows, columns]
    return array.T if turned else array


@settings(max_examples=300, deadline=None)
@given(st.lists(VIEWS, min_size=2, max_size=7))
def test_any_views_of_one_block(drawn):
    block = np.zeros(192, np.float32)
    try:
        arrays = [view(block, one) for one in drawn]
    except ValueError:  # no view of that dtype
        return
    pairs = [
        (i, k)
        for k in range(len(arrays))
        for i in range(k)
        if np.shares_memory(arrays[i], arrays[k])
    ]
    if not pairs:
        fo.SGD(arrays).step([np.zeros_like(a) for a in arrays])
        return
    with pytest.raises(ValueError, match="shares memory with") as refused:
        fo.SGD(arrays)
    named = {f"params[{k}]: shares memory with params[{i}];" for i, k in pairs}
    assert str(refused.value).split(" pass")[0] in named


@settings(max_examples=300, deadline=None)
@given(st.lists(VIEWS, min_size=1, max_size=4), VIEWS, st.integers(0, 3))
def test_any_gradient_among_them(drawn, other, which):
    block = np.zeros(192, np.float32)
    try:
        arrays = [view(block, one) for one in drawn]
        found = view(block, other)
    except ValueError:
        return
    if any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i]):
        return
    which %= len(arrays)
    if found.shape != arrays[which].shape or found.dtype != arrays[which].dtype:
        return
    grads = [None] * len(arrays)
    grads[which] = found
    opt = fo.SGD(arrays)
    for _ in range(2):
        if any(np.shares_memory(found, a) for a in arrays):
            with pytest.raises(ValueError, match=rf"grads\[{which}\]: shares memory with params"):
                opt.step(grads)
        else:
            opt.step(grads)


SEARCHES = """
import numpy as np
searches = 0
exact = np.shares_memory
def counted(*arguments):
    global searches
    searches += 1
    return exact(*arguments)
np.shares_memory = counted
import pyfastopt as fo

block = np.ones((6, 4000))
tiles = block[:, :3996].reshape(6, 999, 4)
for params, grads in (
    ([block[:, i] for i in range(4000)], None),
    ([block[:, i] for i in range(0, 4000, 2)], [block[:, i] for i in range(1, 4000, 2)]),
    ([block[::-1, i] for i in range(0, 4000, 2)], [block[:, i] for i in range(1, 4000, 2)]),
    ([tiles[k : k + 2, i] for k in (0, 2, 4) for i in range(999)], None),
    ([tiles[k : k + 2, i, :2] for k in (0, 4) for i in range(999)],
     [tiles[k : k + 2, i, 2:] for k in (0, 4) for i in range(999)]),
    (list(np.ones((2000, 3))), None),
):
    opt = fo.SGD(params)
    for _ in range(2):
        opt.step(grads or [np.ones(p.shape) for p in params])
print(searches)
"""


@pytest.mark.slow
def test_slices_of_one_array_need_no_search():
    assert interpreter.output(SEARCHES) == "0"


@pytest.mark.slow
def test_many_parameters_take_a_time_that_grows_with_their_number():
    def construct(count):
        columns = [*np.ones((3, count), np.float32).T]
        began = time.perf_counter()
        fo.Adam(columns)
        return time.perf_counter() - began

    few, many = (min(construct(count) for _ in range(3)) for count in (5_000, 80_000))
    # 16 times as many; where each row moved those behind it, they took 200 times as long.
    assert many < 70 * few
