"""The Python API: structures, groups, options, state, checkpoints, raw functions, other arrays."""

import array
import copy
import math
import pickle

import numpy as np
import pytest
from table import TABLE

import pyfastopt as fo
from pyfastopt import _core
from pyfastopt.reference import Reference


def vector(n=5, value=1.0, dtype=np.float32):
    return np.full(n, value, dtype)


# ---- structures and groups ----------------------------------------------------------------------


def test_one_array():
    p = vector()
    assert fo.SGD(p, lr=0.5).step(vector()) is None
    assert np.array_equal(p, vector(value=0.5))


def test_list_tuple_and_dict():
    for make in (list, tuple, lambda arrays: dict(enumerate(arrays))):
        arrays = [vector(), vector(3)]
        opt = fo.SGD(make(arrays), lr=0.5)
        opt.step(make([vector(), vector(3)]))
        assert all((p == 0.5).all() for p in arrays)


def test_list_of_parameters_takes_tuple_of_gradients():
    p, q = vector(), vector()
    fo.SGD([p, q], lr=1.0).step((vector(), vector()))
    assert not p.any()
    assert not q.any()


def test_nested_structures_pair_by_key_not_by_order():
    params = {"a": {"W": vector(2), "b": vector(3)}, "c": [vector(4), (vector(5),)]}
    opt = fo.SGD(params, lr=1.0)
    opt.step({"c": [vector(4, 4), (vector(5, 5),)], "a": {"b": vector(3, 3), "W": vector(2, 2)}})
    assert [params["a"]["W"][0], params["a"]["b"][0]] == [-1, -2]
    assert [params["c"][0][0], params["c"][1][0][0]] == [-3, -4]
    assert opt.param_groups[0]["params"][1] is params["a"]["b"]


def test_none_skips_and_counts_steps_for_each_parameter(row):
    params = [vector(), vector(), vector()]
    reference = Reference(row.optimizer, [p.copy() for p in params])
    opt = row.optimizer(params)
    for step in range(6):
        grads = [vector(), vector() if step % 2 else None, None]
        opt.step(grads)
        reference.step(grads)
    assert [s["step"] for s in opt.state] == [6, 3, 0]
    assert all(np.array_equal(a, b) for a, b in zip(params, reference.params, strict=True))


def test_mixed_dtypes_in_one_optimizer(row):
    params = [vector(7), vector(7, dtype=np.float64), vector(9)]
    reference = Reference(row.optimizer, [p.copy() for p in params])
    opt = row.optimizer(params)
    for _ in range(3):
        grads = [np.full_like(p, 0.3) for p in params]
        opt.step(grads)
        reference.step(grads)
    assert all(np.array_equal(a, b) for a, b in zip(params, reference.params, strict=True))


def test_groups_have_their_own_options():
    a, b, c = vector(), vector(), vector()
    opt = fo.SGD([{"params": [a, b], "lr": 0.5}, {"params": {"c": c}}], lr=0.25)
    opt.step([[vector(), vector()], {"c": vector()}])
    assert (a[0], b[0], c[0]) == (0.5, 0.5, 0.75)
    assert [group["lr"] for group in opt.param_groups] == [0.5, 0.25]
    assert opt.param_groups[1]["params"][0] is c
    with pytest.raises(ValueError, match=r"lr = \[0.5, 0.25\] differs between parameter groups"):
        _ = opt.lr
    opt.lr = 0.125
    assert opt.lr == 0.125
    opt.param_groups[0]["lr"] = 1.0
    assert [group["lr"] for group in opt.param_groups] == [1.0, 0.125]


def test_groups_may_differ_in_their_state():
    a, b = vector(), vector()
    opt = fo.SGD([{"params": a, "momentum": 0.9}, {"params": b}])
    opt.step([vector(), vector()])
    assert [sorted(s) for s in opt.state] == [["momentum_buffer", "step"], ["step"]]
    with pytest.raises(ValueError, match="would change which state arrays there are"):
        opt.momentum = 0.5
    assert [group["momentum"] for group in opt.param_groups] == [0.9, 0.0]
    opt.param_groups[0]["momentum"] = 0.5


@pytest.mark.parametrize(
    ("optimizer", "options", "option", "value"),
    [
        (fo.FTRL, {"learning_rate_power": -1.0}, "learning_rate_power", -0.5),
        (fo.FTRL, {}, "initial_accumulator_value", 0.5),
        (fo.SGD, {"momentum": 0.9}, "lr_inside", True),
        (fo.Momentum, {}, "lr_inside", False),
        (fo.RMSProp, {"momentum": 0.9}, "lr_inside", True),
        (fo.LARS, {}, "lr_inside", False),
        (fo.Adam, {"amsgrad": True}, "amsgrad_corrected", True),
        (fo.Adam, {"convention": "optax", "amsgrad": True}, "amsgrad_corrected", False),
    ],
)
def test_what_state_holds_cannot_change_between_steps(optimizer, options, option, value):
    opt = optimizer(vector(), **options)
    present = getattr(opt, option)
    message = rf"^{option} = {value:g} would .* what they hold"
    for change in (
        lambda: setattr(opt, option, value),
        lambda: opt.param_groups[0].update({option: value}),
        lambda: copy.deepcopy(opt).param_groups[0].update({option: value}),
        lambda: opt.load_state_dict(
            {
                **(saved := opt.state_dict()),
                "param_groups": [{**saved["param_groups"][0], option: value}],
            }
        ),
    ):
        with pytest.raises(ValueError, match=message):
            change()
    assert getattr(opt, option) == present


@pytest.mark.parametrize(
    ("optimizer", "option"),
    [(fo.SGD, "lr_inside"), (fo.RMSProp, "lr_inside"), (fo.Adam, "amsgrad_corrected")],
)
def test_options_that_state_does_not_know_may_change(optimizer, option):
    opt = optimizer(vector())
    opt.step(vector())
    setattr(opt, option, True)
    opt.step(vector())


def test_group_is_a_mapping():
    group = fo.Adam(vector()).param_groups[0]
    assert set(group) == {"params", *_core.describe("adam", {})[0]}
    assert len(group) == len(list(group))
    assert "lr=0.001" in repr(group)
    with pytest.raises(TypeError, match="'lr' cannot be removed"):
        del group["lr"]
    with pytest.raises(KeyError):
        _ = group["learning_rate"]
    with pytest.raises(TypeError, match="'params' cannot be assigned"):
        group["params"] = []


# ---- options ------------------------------------------------------------------------------------


def test_python_and_cpp_agree_on_names_and_defaults(row):
    defaults, _ = row.describe({})
    opt = row.optimizer(vector())
    for name, value in defaults.items():
        assert getattr(opt, name) == value, name


def test_every_rule_has_an_optimizer_and_every_variant_a_test():
    tested = {row.variant(case): row.rule for row in TABLE for case in row.cases}
    assert sorted(tested.values()) == sorted(rule for rule, _ in _core.variants())
    public = {getattr(fo, name) for name in fo.__all__}
    optimizers = {c for c in public if isinstance(c, type) and issubclass(c, fo.Optimizer)}
    assert optimizers == {row.optimizer for row in TABLE} | {fo.Optimizer}


def test_options_may_change_between_steps(row, dtype, rng):
    p = rng.standard_normal(50).astype(dtype)
    options = row.explicit(row.cases[-1])
    reference = Reference(row.optimizer, [p.copy()], **options)
    opt = row.optimizer(p, **options)
    for lr in (0.1, 0.01, 0.5):
        opt.lr = reference.options.lr = lr
        opt.weight_decay = reference.options.weight_decay = lr / 2
        opt.maximize = reference.options.maximize = not opt.maximize
        grad = rng.standard_normal(50).astype(dtype)
        opt.step(grad)
        reference.step([grad])
    assert np.array_equal(p, reference.params[0])


def test_what_changes_between_steps_is_noticed(row, dtype, rng):
    shapes = [(5,), (30, 20), (0,), (), (300, 3), (64,)]
    params = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    reference = Reference(row.optimizer, [p.copy() for p in params])
    opt = row.optimizer(params, num_threads=2)
    grads = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    blocks = [np.empty(p.size, dtype) for p in params]
    for step in range(90):
        i = int(rng.integers(len(params)))
        event = rng.integers(10)
        if event == 0:
            grads[i] = None
        elif event <= 2:
            grads[i] = rng.standard_normal(shapes[i]).astype(dtype)
        elif event == 3:
            grads[i] = rng.standard_normal(shapes[i][::-1]).astype(dtype).T
        elif event == 4:
            saved = opt.state_dict()
            saved["state"][i]["step"] = reference.state[i]["step"] = int(rng.integers(100))
            opt.load_state_dict(saved)
        elif event <= 8:  # at the same address, in one of two orders
            blocks[i][:] = rng.standard_normal(blocks[i].size)
            order = "CF"[int(rng.integers(2))]
            grads[i] = blocks[i].reshape(shapes[i], order=order)
        opt.step(grads)
        reference.step(grads)
        for a, b in zip(params, reference.params, strict=True):
            assert np.array_equal(a, b), step
    assert [s["step"] for s in opt.state] == [s["step"] for s in reference.state]


#: These have no meaning for a rate below 0.
NEVER_BACK = {"asgd", "ftrl", "rprop"}


def test_a_rate_below_0_goes_back(row, dtype, rng):
    p = rng.standard_normal(50).astype(dtype)
    with pytest.raises(ValueError, match=r"lr .* >= 0"):
        row.optimizer(p, lr=-1.0)
    opt = row.optimizer(p)
    with pytest.raises(ValueError, match=r"lr .* >= 0"):
        opt.add_param_group({"params": vector(), "lr": -1.0})
    assert len(opt.param_groups) == 1
    reference = Reference(row.optimizer, [p.copy()])
    for lr in (0.1, -0.05, 0.1):
        grad = rng.standard_normal(50).astype(dtype)
        if lr < 0 and row.rule in NEVER_BACK:
            with pytest.raises(ValueError, match="lr must be >= 0, because"):
                opt.lr = lr
            continue
        opt.lr = reference.options.lr = lr
        opt.step(grad)
        reference.step([grad])
    assert np.array_equal(p, reference.params[0])


def test_unknown_attributes_are_refused():
    with pytest.raises(AttributeError):
        fo.Adam(vector()).learning_rate = 0.1


def test_numpy_scalars_are_numbers():
    opt = fo.Adam(vector(), lr=np.float32(0.5), betas=[np.float64(0.5), 0], amsgrad=np.True_)
    assert (opt.lr, opt.betas, opt.amsgrad) == (0.5, (0.5, 0.0), True)


def test_num_threads():
    opt = fo.SGD(vector())
    assert opt.num_threads is None
    opt.num_threads = 3
    assert opt.num_threads == 3
    for bad, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match=f"num_threads = {bad} must be an integer from 1 to 1024"):
            opt.num_threads = bad
    assert opt.num_threads == 3


# ---- state and checkpoints ----------------------------------------------------------------------


def test_state_is_live_and_laid_out_like_its_parameter(dtype):
    p = np.asfortranarray(np.ones((30, 40), dtype))
    opt = fo.Adam(p)
    state = opt.state[0]["exp_avg"]
    opt.step(p.copy())
    assert state.flat[0] != 0
    assert state.strides == p.strides


def test_state_shares_the_cache_lines_of_its_parameter(dtype):
    def place(a):
        return a.__array_interface__["data"][0] % 64

    for first in range(5):
        params = [np.ones(70 + first, dtype)[first:], np.ones(5000 + first, dtype)[first:]]
        short, long = fo.Adam(params).state
        for name in ("exp_avg", "exp_avg_sq"):
            assert place(short[name]) == 0
            assert place(long[name]) == place(params[1])


@pytest.mark.parametrize(
    "through", [lambda d: d, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))]
)
def test_resume_bit_for_bit(row, options, dtype, through, rng):
    def grads():
        return {
            "a": rng.standard_normal((4, 5)).astype(dtype),
            "b": rng.standard_normal(3).astype(dtype),
        }

    straight = {"a": np.ones((4, 5), dtype), "b": np.ones(3, dtype)}
    opt = row.optimizer(straight, **options)
    for _ in range(5):
        opt.step(grads())
    opt.lr = 0.03
    saved = through(opt.state_dict())
    resumed = copy.deepcopy(straight)
    other = row.optimizer(resumed, **options)
    other.load_state_dict(saved)
    assert other.lr == 0.03
    for _ in range(5):
        step = grads()
        opt.step(step)
        other.step(step)
    for name in straight:
        assert straight[name].tobytes() == resumed[name].tobytes()
    for a, b in zip(opt.state, other.state, strict=True):
        assert a.keys() == b.keys()
        assert all(np.asarray(a[k]).tobytes() == np.asarray(b[k]).tobytes() for k in a)


def test_state_dict_is_a_copy_in_the_layout_of_torch():
    opt = fo.Adam({"W": vector(), "b": vector(2)})
    opt.step({"W": vector(), "b": vector(2)})
    saved = opt.state_dict()
    before = saved["state"][0]["exp_avg"].copy()
    opt.step({"W": vector(), "b": vector(2)})
    assert np.array_equal(saved["state"][0]["exp_avg"], before)
    assert saved["state"][0]["step"] == 1
    assert saved["param_groups"][0]["params"] == [0, 1]
    assert saved["param_groups"][0]["param_names"] == ["['W']", "['b']"]
    assert saved["param_groups"][0]["betas"] == (0.9, 0.999)


def test_load_state_dict_refuses_what_does_not_fit():
    def fresh(**options):
        return fo.Adam({"W": vector(), "b": vector(2)}, **options)

    opt = fresh()
    opt.step({"W": vector(), "b": vector(2)})
    good = opt.state_dict()

    def changed(change):
        bad = copy.deepcopy(good)
        change(bad)
        return bad

    cases = [
        ({}, "no entry 'param_groups'"),
        ([], r"state_dict = \[\] must be a dict"),
        (changed(lambda d: d.pop("state")), "no entry 'state'"),
        (fo.AdamW({"W": vector(), "b": vector(2)}).state_dict(), "is 'AdamW', expected 'Adam'"),
        (changed(lambda d: d["param_groups"][0].pop("lr")), r"\[0\] has no entry \['lr'\]"),
        (changed(lambda d: d["state"][1].update(step=2**63 - 1)), r"\['step'\] = 92233720368"),
        (changed(lambda d: d.update(state=[])), r"state_dict\['state'\] = \[\] must be a dict"),
        (changed(lambda d: d.pop("param_groups")), "no entry 'param_groups'"),
        (changed(lambda d: d["param_groups"].append({})), r"\[1\] has no entry 'params'"),
        (
            changed(lambda d: d["param_groups"][0].update(param_names=["x", "y"])),
            "other parameters",
        ),
        (
            changed(lambda d: d["param_groups"].__setitem__(0, 3)),
            r"\['param_groups'\]\[0\] = 3 must",
        ),
        (changed(lambda d: d["param_groups"][0].update(eps=-1)), "eps = -1 must be"),
        (changed(lambda d: d["param_groups"][0].update(amsgrad=True)), "which state arrays"),
        (changed(lambda d: d["state"].pop(1)), r"state_dict\['state'\] lacks the keys \[1\]"),
        (changed(lambda d: d["state"].update(x=1)), "= 'x' must be the number of a parameter"),
        (changed(lambda d: d["state"].update({7: {}})), r"has the keys \[7\], which no group has"),
        (
            changed(lambda d: d["state"][1].pop("exp_avg")),
            r"\['state'\]\[1\]: has no entry 'exp_avg'",
        ),
        (changed(lambda d: d["state"][1].update(more=1)), r"\['state'\]\[1\]: .*more"),
        (
            changed(lambda d: d["state"][1].update(step=-1)),
            r"\['state'\]\[1\]\['step'\] = -1 must be",
        ),
        (
            changed(lambda d: d["state"][1].update(step=1.5)),
            r"\['state'\]\[1\]\['step'\] = 1.5 must be",
        ),
        (changed(lambda d: d["state"][1].update(exp_avg=vector(3))), r"shape \(3,\) differs"),
        (changed(lambda d: d["state"][1].update(step="3")), r"\['step'\] = '3' must be an integer"),
        (changed(lambda d: d["state"][1].update(step=np.ones(2))), r"\['step'\] = array"),
        (changed(lambda d: d["state"].update({"1": {}})), r"a parameter twice, \[0, 1, '1'\]"),
        (changed(lambda d: d["state"].update({"01": {}})), "= '01' must be the number"),
        (changed(lambda d: d["state"].update({"9" * 5000: {}})), "= '9999.* must be the number"),
        (
            changed(lambda d: d["state"][1].update(exp_avg=vector(2, dtype=np.float64))),
            r"\['state'\]\[1\]\['exp_avg'\]: type float64 differs",
        ),
    ]
    before = pickle.dumps(opt.state_dict())
    for bad, message in cases:
        with pytest.raises((TypeError, ValueError), match=message):
            opt.load_state_dict(bad)
        assert pickle.dumps(opt.state_dict()) == before, message
    fresh().load_state_dict(good)


def test_load_state_dict_reads_all_before_it_writes():
    opt = fo.Adam([vector(3), vector(3)])
    opt.step([vector(3, 1.0), vector(3, 2.0)])
    swapped = opt.state_dict()
    swapped["state"] = {0: opt.state[1], 1: opt.state[0]}
    opt.load_state_dict(swapped)
    assert opt.state[0]["exp_avg"][0] == 2 * opt.state[1]["exp_avg"][0] != 0


def test_what_is_done_to_the_arrays_handed_out_does_not_reach_the_optimizer():
    opt = fo.Adam([vector(4), vector(4)])
    opt.step([vector(4), vector(4)])
    saved = opt.state_dict()
    handed_out = opt.state[1]["exp_avg"]
    handed_out.shape = (2, 2)
    handed_out.flags.writeable = False
    opt.step([vector(4), vector(4)])
    opt.load_state_dict(saved)
    assert [s["step"] for s in opt.state] == [1, 1]


def test_a_shallow_copy_is_refused():
    with pytest.raises(TypeError, match="a shallow copy of Adam would update the same arrays"):
        copy.copy(fo.Adam(vector()))


# ---- raw functions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layout",
    [
        np.copy,
        np.asfortranarray,
        lambda a: a[:, ::-1].copy()[:, ::-1],
        lambda a: a.repeat(2, 1)[:, ::2],
    ],
)
def test_raw_functions(row, options, dtype, isa, layout, rng):
    p = rng.standard_normal((9, 11)).astype(dtype)
    reference = Reference(row.optimizer, [p.copy()], **options)
    initial = reference.state[0]
    p = layout(p)
    slots = {k: np.array(v) for k, v in initial.items() if k != "step"}
    for step in range(1, 4):
        g = rng.standard_normal((9, 11)).astype(dtype)
        reference.step([g])
        assert row.raw(p, g, **slots, step=step, **options) is None
    assert np.array_equal(p, reference.params[0])
    for name, array_ in slots.items():
        assert np.array_equal(array_, initial[name])


def test_raw_first_step_overwrites_the_momentum_buffer():
    p, buf = vector(), vector(value=np.nan)
    fo.sgd_(p, vector(), buf, step=1, lr=0.5, momentum=0.9)
    assert np.array_equal(p, vector(value=0.5))
    assert np.array_equal(buf, vector())


def test_raw_functions_name_what_does_not_fit():
    p, g, m, v = vector(), vector(), vector(), vector()
    cases = [
        (lambda: fo.adam_(p, g, m, v, v.copy(), step=1), "max_exp_avg_sq is given, but"),
        (lambda: fo.adam_(p, g, m, v, step=1, amsgrad=True), "max_exp_avg_sq = None, but"),
        (lambda: fo.sgd_(p, g, step=1, momentum=0.9), "momentum_buffer = None, but"),
        (lambda: fo.adam_(p, g, m, v, step=0), "step = 0 must be an integer from 1"),
        (lambda: fo.adam_(p, g, m, v, step=1.0), "step = 1.0 must be an integer from 1"),
        (lambda: fo.adam_(p, g, m, v, step=2**64), "step = 18446744073709551616 must be"),
        (lambda: fo.adam_(p, g, m, m, step=1), "exp_avg_sq: shares memory with exp_avg"),
        (lambda: fo.adam_(p, p, m, v, step=1), "g: shares memory with p"),
        (lambda: fo.adam_(p, g, m, vector(4), step=1), r"exp_avg_sq: shape \(4,\) differs"),
        (lambda: fo.adam_(p, g, m, v, step=1, eps=-1.0), "eps = -1 must be"),
        (lambda: fo.adam_(p, g, m, v, step=1, rate=1.0), "no option 'rate'"),
        (lambda: fo.adam_(p, g, m, v, step=1, num_threads=0), "num_threads = 0 must be"),
        (lambda: fo.adam_(p, None, m, v, step=1), "g: expected an array, got None"),
    ]
    for call, message in cases:
        with pytest.raises((TypeError, ValueError), match=message):
            call()
        assert all((a == 1).all() for a in (p, g, m, v))


# ---- arrays of others ---------------------------------------------------------------------------


def test_buffers_are_arrays():
    p = vector(4)
    opt = fo.SGD(p, lr=1.0)
    opt.step(array.array("f", [1, 1, 1, 1]))
    assert not p.any()
    opt.step(memoryview(vector(8))[::2])
    assert (p == -1).all()
    scalar = np.ones((), np.float32)
    fo.SGD(scalar, lr=1.0).step(vector().sum() / np.float32(5))
    assert scalar == 0
    mine = array.array("d", [1.0, 2.0])
    fo.SGD(mine, lr=1.0).step(np.ones(2))
    assert mine.tolist() == [0, 1]


def test_matrix():
    with pytest.warns(PendingDeprecationWarning):
        p, g = np.matrix(np.ones((2, 3))), np.matrix(np.ones((2, 3)))
    fo.SGD(p, lr=1.0).step(g)
    assert not p.any()


def test_memmap(tmp_path):
    p = np.memmap(tmp_path / "p", np.float32, "w+", shape=(5,))
    fo.SGD(p, lr=1.0).step(vector())
    p.flush()
    assert (np.fromfile(tmp_path / "p", np.float32) == -1).all()


@pytest.mark.slow
def test_dlpack_tensors():
    torch = pytest.importorskip("torch")
    p, t = vector((3, 4)), torch.ones(3, 4)
    opt = fo.SGD([p, t], lr=0.5)
    opt.step([torch.ones(4, 3).T, torch.ones(3, 4)])
    assert (p == 0.5).all()
    assert (t == 0.5).all()
    for bad in (torch.ones(3, 4, requires_grad=True), torch.ones(3, 4).to_sparse()):
        with pytest.raises(TypeError, match=r"grads\[0\]: the memory of"):
            opt.step([bad, None])
    with pytest.raises(TypeError, match=r"grads\[0\]"):
        opt.step([torch.ones(3, 4, dtype=torch.bfloat16), None])
    with pytest.raises(ValueError, match=r"grads\[0\]: its negation is still .*\.resolve_neg\(\)"):
        opt.step([torch.ones(3, 4, dtype=torch.complex64).conj().imag, None])
    assert (p == 0.5).all()


def test_learning_rate_schedule_reads_and_writes():
    p = vector()
    opt = fo.Adam(p, lr=1.0)
    for _ in range(3):
        opt.step(vector())
        opt.lr *= 0.5
    assert opt.lr == 0.125
    assert math.isfinite(p[0])


@pytest.mark.parametrize("kind", [np.float64, np.complex128])
def test_state_is_complex_as_its_parameter_is(kind):
    """Complex numbers look as pairs of real ones do, along one more axis."""
    params = [np.ones((2, 2), kind), np.ones((2, 2), kind)]
    opt = fo.Momentum(params)
    opt.step([np.ones((2, 2), kind)] * 2)
    saved = opt.state_dict()
    saved["state"][0].update(momentum_buffer=np.full((2, 2), 7, kind), step=42)
    is_complex = kind == np.complex128
    wrong = np.ones((2, 2, 2)) if is_complex else np.ones(2, np.complex128)
    saved["state"][1]["momentum_buffer"] = wrong
    before = opt.state_dict()
    message = r"^state_dict\['state'\]\[1\]\['momentum_buffer'\]: it is " + (
        "real" if is_complex else "complex"
    )
    with pytest.raises(TypeError, match=message):
        opt.load_state_dict(saved)
    for entry, known in zip(opt.state, before["state"].values(), strict=True):
        assert entry["step"] == known["step"]
        np.testing.assert_array_equal(entry["momentum_buffer"], known["momentum_buffer"])
