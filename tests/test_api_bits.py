"""The C API: one-shots and plans give the bits of the Python classes."""

import ctypes
import math

import numpy as np
import pytest
from arrays import laid_out, same_bits
from c_library import RULES, Array, Plan, Refused, assert_same, described, of_class
from table import TABLE

import pyfastopt as fo

#: Around the widths of vectors and cache lines, one dimension and more, and one for many threads.
SHAPES = [(n,) for n in (0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 255, 256, 257, 70_001)]
SHAPES += [(), (3, 7), (0, 4), (9, 7, 5), (1, 40, 1), (30, 70), (130, 131)]

#: Drawn once, because drawing takes longer than the steps.
DRAWN = np.random.default_rng(21).standard_normal(1 << 17)


def numbers(rng, shape, dtype, kind=0):
    count = math.prod(shape)
    first = rng.integers(DRAWN.size - count)
    return laid_out(DRAWN[first : first + count].reshape(shape).astype(dtype), kind)


def test_one_shots(api, row, options, dtype, rng):
    for kind, shape in enumerate(shape for shape in SHAPES if len(shape) == 1):
        (n,) = shape
        p = numbers(rng, shape, dtype, 4 * (kind % 2))
        optimizer = row.optimizer(p.copy(), num_threads=1, **options)
        record = of_class(optimizer)
        state = {k: laid_out(v, 4) for k, v in optimizer.state[0].items() if k != "step"}
        slots = [state[s].ctypes if s in state else None for s in RULES[row.rule][2]]
        one_shot = getattr(api, f"{row.rule}_f{8 * p.itemsize}")
        for step, threads in enumerate([1, 2, 3, 0], start=1):
            g = numbers(rng, shape, dtype, 4 * (step % 2))
            optimizer.step(g)
            one_shot(record.ctypes, step, n, p.ctypes, g.ctypes, *slots, threads)
        assert same_bits(p, optimizer.param_groups[0]["params"][0]), n
        for name, array in state.items():
            assert same_bits(array, optimizer.state[0][name]), (name, n)


def test_one_step_of_any_layout(api, row, options, dtype, rng):
    for kind, shape in enumerate(SHAPES):
        p = numbers(rng, shape, dtype, kind)
        optimizer = row.optimizer(p.copy(), num_threads=1, **options)
        record = of_class(optimizer)
        initial = row.describe(options)[1].values()
        slots = [laid_out(np.full_like(p, v), kind + k) for k, v in enumerate(initial, 1)]
        arrays = (Array * 4)(*map(described, slots))
        for step, threads in enumerate([1, 2, 3, 0], start=1):
            g = numbers(rng, shape, dtype, 2 * kind + step)
            optimizer.step(g)
            api.apply(
                record.ctypes, step, *map(ctypes.byref, map(described, (p, g))), arrays, 1, threads
            )
        assert same_bits(p, optimizer.param_groups[0]["params"][0]), shape
        for slot, name in zip(slots, row.describe(options)[1], strict=True):
            assert same_bits(slot, optimizer.state[0][name]), (shape, name)


def test_plans(api, row, options, dtype, rng):
    params = [numbers(rng, shape, dtype, kind) for kind, shape in enumerate(SHAPES)]
    optimizer = row.optimizer([p.copy() for p in params], num_threads=1, **options)
    names = row.describe(options)[1]
    plan = Plan(api)
    group = plan.add_group(of_class(optimizer))
    rows = []
    for i, p in enumerate(params):
        # Of each other row the state is the caller's.
        slots = [laid_out(np.full_like(p, v), i + k) for k, v in enumerate(names.values(), 1)]
        rows.append(plan.add_row(group, p, slots if i % 2 else None))
    for step, threads in enumerate([1, 2, 3, 0, 7]):
        grads = []
        for i, p in enumerate(params):
            g = None if (i + step) % 5 == 4 else numbers(rng, p.shape, dtype, 2 * i + step)
            changes = {"strides": None} if g is not None and g.flags.c_contiguous else {}
            plan.set_gradient(rows[i], g, **changes)
            grads.append(g)
        record = plan.options(group)
        record["lr"] = optimizer.lr = 0.1 / (1 + step)
        plan.set_options(group, record)
        plan.step(threads)
        optimizer.step(grads)
    assert_same(plan, rows, optimizer, params)


def test_sparse_gradients(api, row, options, dtype, rng):
    """Slices get the bits of a step with what they add up to, and the others stay."""
    plan = Plan(api)
    of_slices = Plan(api)
    plan.add_group(of_class(row.optimizer(np.zeros(1), **options)))
    of_slices.add_group(plan.options(0))
    shapes = [(7, 3), (40, 17), (6, 5, 4), (9,), (3, 4, 1), (300, 64), (5, 0), (0, 3)]
    shapes += [(8, 5, 3), (20, 33), (17, 2, 3)]
    params = [numbers(rng, shape, dtype, kind) for kind, shape in enumerate(shapes)]
    expected = [p.copy() for p in params]
    for i, p in enumerate(params):
        plan.add_row(0, p)
        of_slices.add_row(0, expected[i])
    if row.rule in ("lars", "lamb"):
        with pytest.raises(Refused, match=r"^values: the rule works with norms of the whole"):
            plan.set_sparse_gradient(0, [1], np.ones((1, 3), dtype))
        return
    for step, threads in enumerate([1, 2, 3, 0]):
        before = [{"p": p.copy(), **copies(plan.state(i))} for i, p in enumerate(params)]
        masks = []
        for i, p in enumerate(params):
            axes = 1 + (i + step) % p.ndim
            total = math.prod(p.shape[:axes])
            chosen = (
                rng.integers(0, total, (0, total // 3, total, 2 * total)[step]) if total else []
            )
            values = numbers(rng, (len(chosen), *p.shape[axes:]), dtype, 2 * i + step)
            plan.set_sparse_gradient(i, chosen, values)
            dense = np.zeros((total, *p.shape[axes:]), dtype)
            np.add.at(dense, chosen, values)
            of_slices.set_gradient(i, dense.reshape(p.shape))
            masks.append(np.isin(np.arange(total), chosen).reshape(p.shape[:axes]))
        plan.step(threads)
        of_slices.step()
        for i, p in enumerate(params):
            after = {"p": p, **plan.state(i)}
            stepped = {"p": expected[i], **of_slices.state(i)}
            for name, array in after.items():
                assert same_bits(array[masks[i]], stepped[name][masks[i]]), (name, p.shape)
                assert same_bits(array[~masks[i]], before[i][name][~masks[i]]), (name, p.shape)
                stepped[name][...] = array
            assert plan.steps(i) == step + 1


def test_sparse_and_dense_gradients_in_turns(api, dtype):
    plan = Plan(api)
    plan.add_group(fo.option_struct("sgd", lr=1.0))
    params = [np.zeros((4, 3), dtype), np.zeros(2, dtype)]
    for i, p in enumerate(params):
        plan.add_row(0, p)
        plan.set_gradient(i, np.full_like(p, -1))
    plan.step()
    plan.set_sparse_gradient(0, [1, 3], np.full((2, 3), -1, dtype))
    plan.step()
    plan.add_row(0, np.zeros(3, dtype))
    plan.set_sparse_gradient(0, [0, 1, 2, 3], np.full((4, 3), -1, dtype))
    plan.step(2)
    assert params[0].T.tolist() == [[2, 3, 2, 3]] * 3
    plan.set_gradient(0, None)
    plan.step()
    plan.set_gradient(0, np.full((4, 3), -1, dtype))
    plan.step()
    assert params[0].T.tolist() == [[3, 4, 3, 4]] * 3
    assert params[1].tolist() == [5, 5]
    assert [plan.steps(i) for i in range(3)] == [4, 5, 0]


def copies(arrays):
    return {name: array.copy() for name, array in arrays.items()}


def test_groups_of_all_rules(api, dtype, rng):
    plan = Plan(api)
    jobs = []
    cases = [(row.optimizer, row.explicit(case)) for row in TABLE for case in row.cases]
    for make, options in cases:
        params = [numbers(rng, shape, dtype, 1) for shape in [(17,), (5, 6), (4000,)]]
        optimizer = make([p.copy() for p in params], **options)
        group = plan.add_group(of_class(optimizer))
        jobs.append((optimizer, params, [plan.add_row(group, p) for p in params]))
    for threads in (1, 2, 3):
        for optimizer, params, rows in jobs:
            grads = [numbers(rng, p.shape, dtype, threads) for p in params]
            optimizer.step(grads)
            for row, g in zip(rows, grads, strict=True):
                plan.set_gradient(row, g)
        plan.step(threads)
    for optimizer, params, rows in jobs:
        assert_same(plan, rows, optimizer, params)


@pytest.mark.parametrize("whose", ["the plan's", "the caller's"])
def test_checkpoints(api, row, options, dtype, whose, rng):
    """Half the steps, and all that a plan tells of itself, into a new plan: the same bits."""
    params = [numbers(rng, shape, dtype, kind) for kind, shape in enumerate([(19,), (4, 5), ()])]
    optimizer = row.optimizer([p.copy() for p in params], **{**options, "lr": 0.1})
    plan = Plan(api)
    plan.add_group(of_class(optimizer))
    rows = [plan.add_row(0, p) for p in params]
    for step in range(6):
        if step == 3:
            before, plan = plan, Plan(api)
            # The one group of the new plan has the options that the old one was changed to.
            plan.add_group(before.options(0))
            for i, p in enumerate(params):
                params[i] = p.copy()
                state = {name: slot.copy() for name, slot in before.state(i).items()}
                slots = list(state.values()) if whose == "the caller's" else None
                plan.add_row(0, params[i], slots)
                for name, slot in plan.state(i).items():
                    slot[...] = state[name]
                api.plan_set_steps(plan.handle, i, before.steps(i))
            del before
        grads = [
            None if (i, step) == (1, 2) else numbers(rng, p.shape, dtype, i)
            for i, p in enumerate(params)
        ]
        if step == 1:
            record = plan.options(0)
            record["weight_decay"] = optimizer.weight_decay = 0.3
            plan.set_options(0, record)
        optimizer.step(grads)
        for i, g in zip(rows, grads, strict=True):
            plan.set_gradient(i, g)
        plan.step()
    assert [plan.steps(i) for i in rows] == [6, 5, 6]
    assert_same(plan, rows, optimizer, params)
