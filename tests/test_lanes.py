"""The quick lane: what it keeps of a test function's cases."""

import itertools
from types import SimpleNamespace

import lanes
import pytest


class Case:
    """What a lane looks at of a test."""

    def __init__(self, *marks, **params):
        self.nodeid = f"test[{params}]"
        self.callspec = SimpleNamespace(params=params)
        self.marks = marks

    def iter_markers(self, name):
        return (mark.mark for mark in self.marks if mark.name == name)

    def get_closest_marker(self, name):
        return next(self.iter_markers(name), None)


def product(**lists):
    return [
        Case(**dict(zip(lists, values, strict=True)))
        for values in itertools.product(*lists.values())
    ]


def values(cases, *names):
    return {tuple(case.callspec.params[name] for name in names) for case in cases}


def test_all_pairs_meet_in_few_cases():
    cases = product(
        isa=["baseline", "avx2", "avx512"], threads=[1, 2, 3, 7], dtype="fd", n=range(13)
    )
    kept = lanes.quick(cases)
    for pair in itertools.combinations(["isa", "threads", "dtype", "n"], 2):
        assert values(kept, *pair) == values(cases, *pair)
    assert 13 * 4 <= len(kept) < len(cases) / 3
    assert kept == lanes.quick(cases) == [case for case in cases if case in kept]


def test_each_variant_occurs_and_each_optimizer_in_all_pairs():
    rows = ["Adam", "Lion"]
    cases = [
        Case(row=row, options=options, threads=threads)
        for row, name in itertools.product(rows, ["a", "b", "c"])
        for options in [(row, name)]
        for threads in [1, 2]
    ]
    kept = lanes.quick(cases)
    assert len(kept) == len(values(kept, "options")) == 6
    assert values(kept, "row", "threads") == set(itertools.product(rows, [1, 2]))


def test_what_a_test_lists_is_all_kept():
    listed = [("f", "small"), ("f", "large"), ("g", "small"), ("g", "large")]
    mark = pytest.mark.parametrize(("function", "value"), listed)
    cases = [
        Case(mark, function=function, value=value, dtype=dtype)
        for function, value in listed
        for dtype in "fd"
    ]
    kept = lanes.quick(cases)
    assert len(kept) == 4
    assert values(kept, "function", "value") == set(listed)
    assert values(kept, "function", "dtype") == values(cases, "function", "dtype")


def test_slow_ones_are_left_out():
    slow, quick = Case(pytest.mark.slow, n=1), Case(n=1)
    quick.nodeid = "test_other"
    assert lanes.quick([slow, quick]) == [quick]
