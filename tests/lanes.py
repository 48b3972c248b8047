"""The choice of the quick lane: of each test function, cases in which all pairs of values meet.

Most faults show with one value of one parameter, or where two of them meet, and far fewer cases
than the full product have all pairs (Cohen et al. 1997, "The AETG system"). The choice is made from
the cases that pytest has collected, so that it knows of new parameters and values by itself; it is
the same each time.
"""

import heapq
import itertools
from collections import defaultdict
from zlib import crc32

import pytest


def quick(items: list[pytest.Item]) -> list[pytest.Item]:
    """Those without the marker `slow`, and of each function's cases a choice by :func:`pairs`."""
    functions = defaultdict(list)
    for item in items:
        if item.get_closest_marker("slow") is None:
            functions[item.nodeid.partition("[")[0]].append(item)
    chosen = {item for cases in functions.values() for item in pairs(cases)}
    return [item for item in items if item in chosen]


def pairs(items: list[pytest.Item]) -> list[pytest.Item]:
    """Choose of one function's cases, with a greedy algorithm."""
    if len(items) == 1:
        return items
    goals = [set() for _ in items]
    lists = parameter_lists(items)
    for columns in lists:
        for goal, *entry in zip(goals, *columns.values(), strict=True):
            goal.add((*columns, *entry))
    for one, other in itertools.combinations(map(coarsest, lists), 2):
        for a, b in itertools.product(one, other):
            for goal, *pair in zip(goals, one[a], other[b], strict=True):
                goal.add((a, b, *pair))

    met = set()
    # Ties are broken as if by chance, so that functions with the same parameters choose otherwise.
    queue = [(-len(case), crc32(items[i].nodeid.encode()), i) for i, case in enumerate(goals)]
    heapq.heapify(queue)
    chosen = []
    while queue:
        promised, tie, i = heapq.heappop(queue)
        found = len(goals[i] - met)
        if found == -promised:
            chosen.append(items[i])
            met |= goals[i]
        elif found:
            heapq.heappush(queue, (-found, tie, i))
    return chosen


#: For each parameter its values, case by case. A value is known by its identity, as not everything
#: that is a parameter can be compared.
Columns = dict[str, list[int]]


def parameter_lists(items: list[pytest.Item]) -> list[Columns]:
    """The parameters, those together of which the tests list certain combinations only."""
    together = {
        frozenset(pair)
        for mark in items[0].iter_markers("parametrize")
        if not isinstance(mark.args[0], str)
        for pair in itertools.combinations(mark.args[0], 2)
    }
    lists: list[Columns] = []
    for name in items[0].callspec.params:
        column = [id(item.callspec.params[name]) for item in items]
        related = [
            columns
            for columns in lists
            if any(
                {name, other} in together or settles(column, c) or settles(c, column)
                for other, c in columns.items()
            )
        ]
        lists = [columns for columns in lists if columns not in related]
        lists.append({k: c for columns in related for k, c in columns.items()} | {name: column})
    return lists


def coarsest(columns: Columns) -> Columns:
    """Of parameters that are listed together, those whose pairs with others are asked for.

    A case of an optimizer, say, settles which optimizer it is: then each entry of the list
    occurs, but it is the optimizer of which all pairs do.
    """
    return {
        name: column
        for name, column in columns.items()
        if not any(
            settles(column, coarse) and not settles(coarse, column) for coarse in columns.values()
        )
    }


def settles(fine: list[int], coarse: list[int]) -> bool:
    """Whether of two parameters, of several values each, the one says what the other is."""
    several = min(len(set(fine)), len(set(coarse))) > 1
    return several and len(set(zip(fine, coarse, strict=True))) == len(set(fine))
