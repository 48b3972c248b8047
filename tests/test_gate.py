"""Bad input: an error that names the argument, shows the value and says the remedy; no write."""

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pyfastopt as fo
from pyfastopt.reference import Reference


def vector(n=5, dtype=np.float32):
    return np.arange(1, n + 1, dtype=dtype)


def read_only(a):
    a.flags.writeable = False
    return a


def misaligned(n=5):
    return np.zeros(4 * n + 1, np.uint8)[1:].view(np.float32)


def overlapping_elements():
    return np.lib.stride_tricks.as_strided(vector(), (3, 3), (4, 4))


def self_containing_list():
    endless = [vector()]
    endless.append(endless)
    return endless


BLOCK = vector(20)

BAD_PARAMETERS = [
    ([vector(dtype=np.int64)], TypeError, r"params\[0\]: dtype int64 .*float32 or float64"),
    ([vector(dtype=np.float16)], TypeError, r"params\[0\]: dtype float16 .*float32 or float64"),
    ([vector(dtype=np.longdouble)], TypeError, r"params\[0\]: dtype (float128|longdouble)"),
    ([np.zeros(3, np.clongdouble)], TypeError, r"params\[0\]: dtype c"),
    ([np.array([None])], TypeError, r"params\[0\]: dtype object"),
    ({"W": vector().astype(">f4")}, ValueError, r"params\['W'\]: dtype >f4 .*astype\('float32'\)"),
    ([vector(), read_only(vector())], ValueError, r"params\[1\]: .*read-only.*copy"),
    ([np.broadcast_to(vector(), (3, 5))], ValueError, r"params\[0\]: .*read-only"),
    ([misaligned()], ValueError, r"params\[0\]: address .*not a multiple.*aligned copy"),
    ([overlapping_elements()], ValueError, r"params\[0\]: elements share memory.*copy"),
    ([BLOCK, BLOCK], ValueError, r"params\[1\]: shares memory with params\[0\].*copy"),
    ([BLOCK[:10], BLOCK[9:]], ValueError, r"params\[1\]: shares memory with params\[0\]"),
    ([BLOCK[::2], BLOCK[::3]], ValueError, r"params\[1\]: shares memory with params\[0\]"),
    ([3.0], TypeError, r"params\[0\]: expected an array, got 3.0 of type float.*NumPy array"),
    ("abc", TypeError, r"params: expected an array, got 'abc' of type str"),
    ([vector().tolist()], TypeError, r"params\[0\]\[0\]: expected an array, got 1.0"),
    (iter([]), ValueError, r"params = \[\] has no arrays"),
    (b"12345678", TypeError, r"params: dtype uint8"),
    (np.ma.array(vector()), TypeError, r"params: a masked array.*filled"),
    (None, TypeError, r"params: expected an array, got None"),
    ([], ValueError, r"params = \[\] has no arrays"),
    ({}, ValueError, r"params = \{\} has no arrays"),
    (self_containing_list(), ValueError, r"params(\[1\])+\[0\]: nested more than 32 deep"),
    ([{"params": []}, {"params": {}}], ValueError, "has no arrays"),
    ({"params": vector(), "lr": 1}, TypeError, "a parameter group; put it into a list"),
    (
        [{"params": vector(), "weigth_decay": 1}],
        TypeError,
        "'weigth_decay'; did you mean 'weight_d",
    ),
    ([{"params": vector(), "LR": 1}], TypeError, "no option 'LR'; did you mean 'lr'"),
    ([{"params": vector(), "num_threads": 1}], TypeError, "num_threads is one for all groups; giv"),
    ([{"params": vector(), 3: 1}], TypeError, "the key 3 of a parameter group must be a str"),
    ([{"params": vector(), "lr": -1}], ValueError, "lr = -1 must be"),
]


@pytest.mark.parametrize(("params", "error", "message"), BAD_PARAMETERS)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=message):
        fo.Adam(params)


def test_interleaved_parameters_are_apart():
    block = np.zeros((10, 12), np.float32)
    params = [block[:, :6], block[:, 6::2], block[:, 7::2]]
    fo.SGD(params, lr=1.0).step([np.full(p.shape, i + 1, np.float32) for i, p in enumerate(params)])
    assert [p.mean() for p in params] == [-1, -2, -3]


NUMBERS = {
    "lr": [-1, -1e-300, float("nan"), float("inf"), 1e39, 10**400, "0.1", [1], 1j, True],
    "weight_decay": [-0.1, float("nan"), "x"],
    "grad_scale": [0, -1, 1e-60, float("inf"), float("nan")],
    "clip_value": [0, -1, 1e-60, float("nan"), None],
    "maximize": [1, 0, None, "yes", 1.0],
}
BAD_OPTIONS = [(fo.SGD, {name: value}, name) for name in NUMBERS for value in NUMBERS[name]] + [
    (fo.SGD, {"momentum": -0.1}, "momentum"),
    (fo.SGD, {"nesterov": True}, "nesterov = True needs momentum > 0"),
    (fo.SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov needs"),
    (fo.SGD, {"dampening": float("nan")}, "dampening = nan"),
    (fo.Momentum, {"nesterov": True, "momentum": 0.0}, "nesterov = True needs momentum > 0"),
    (fo.RMSProp, {"alpha": 1.0}, r"alpha = 1 must be a number in \[0, 1\)"),
    (fo.RMSProp, {"eps": -1e-8}, "eps = -1e-08 must be a finite number >= 0"),
    (fo.RMSProp, {"centered": 1}, "centered = 1 must be True or False"),
    (fo.Adam, {"betas": (0.9, 1.0)}, r"betas\[1\] = 1 must be a number in \[0, 1\)"),
    (fo.Adam, {"betas": (-0.1, 0.9)}, r"betas\[0\] = -0.1 must be"),
    (fo.Adam, {"betas": (0.9,)}, r"betas = \(0.9,\) must be a tuple of two"),
    (fo.Adam, {"betas": 0.9}, "betas = 0.9 must be a tuple of two"),
    (fo.Adam, {"betas": ("a", 0.9)}, r"betas\[0\] = 'a' must be"),
    (fo.Adam, {"convention": "caffe"}, "convention = 'caffe' must be one of 'torch', 'keras', 'op"),
    (fo.Adam, {"convention": None}, "convention = None must be one of 'torch', 'keras'"),
    (fo.ASGD, {"convention": "keras"}, "convention = 'keras' has no ASGD; it has SGD, "),
    (fo.RAdam, {"threshold": 3.0}, "threshold = 3 must be a finite number >= 4"),
    (fo.Adam, {"lr": np.complex64(1)}, r"lr = .* must be a finite number"),
    (fo.Adam, {"eps": np.array(1j)}, r"eps = array\(0\.\+1\.j\) must be a finite number"),
    (fo.Adam, {"beta1": 0.9}, "there is no option 'beta1'; the options are lr, "),
    (fo.AdamW, {"num_threads": 0}, "num_threads = 0 must be an integer from 1 to 1024"),
    (fo.AdamW, {"num_threads": np.array([1, 2])}, r"num_threads = array\(\[1, 2\]\) must be"),
    (fo.AdamW, {"num_threads": 10**9}, "num_threads = 1000000000 must be"),
    (fo.AdamW, {"num_threads": 10**30}, "num_threads = 1000000000000000000000000000000 must be"),
]


@pytest.mark.parametrize(("optimizer", "options", "message"), BAD_OPTIONS)
def test_bad_options(optimizer, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        optimizer(vector(), **options)


def test_refused_option_changes_nothing():
    opt = fo.SGD([{"params": vector(), "momentum": 0.5}, {"params": vector(), "momentum": 0.9}])
    before = opt.state_dict()["param_groups"]
    for name, value in [
        ("weight_decay", -1),
        ("momentum", 0.0),
        ("dampening", float("inf")),
        ("maximize", 2),
    ]:
        with pytest.raises((TypeError, ValueError), match=name):
            setattr(opt, name, value)
        with pytest.raises((TypeError, ValueError), match=name):
            opt.param_groups[1][name] = value
    opt.nesterov = True
    with pytest.raises(ValueError, match="nesterov needs dampening = 0"):
        opt.dampening = 0.5
    opt.nesterov = False
    assert opt.state_dict()["param_groups"] == before


@pytest.mark.parametrize("name", ["betas", "amsgrad"])
def test_option_that_raises_when_it_is_read(name):
    def explode(self):
        raise KeyError("mine")

    pair = type("pair", (list,), {"__iter__": explode})
    flag = type("numpy.bool", (), {"__bool__": explode})
    value = pair([0.5, 0.5]) if name == "betas" else flag()
    opt = fo.Adam(vector())
    with pytest.raises(KeyError, match="mine"):
        fo.Adam(vector(), **{name: value})
    with pytest.raises(KeyError, match="mine"):
        setattr(opt, name, value)
    assert opt.betas == (0.9, 0.999)


BAD_GRADIENTS = [
    (lambda p: None, TypeError, "grads: expected a list or tuple of 2 entries, got None"),
    (lambda p: [vector()], ValueError, "grads: expected a list or tuple of 2 entries, got 1"),
    (lambda p: [vector()] * 3, ValueError, "grads: expected a list or tuple of 2 entries, got 3"),
    (lambda p: {"a": vector()}, TypeError, "grads: expected a list or tuple of 2"),
    (lambda p: vector(), TypeError, "grads: expected a list or tuple of 2"),
    (
        lambda p: [vector(), vector(6)],
        ValueError,
        r"grads\[1\]: shape \(6,\) .*\(5,\); pass an array",
    ),
    (lambda p: [vector(), vector().reshape(5, 1)], ValueError, r"grads\[1\]: shape \(5, 1\)"),
    (lambda p: [vector(), np.float32(1)], ValueError, r"grads\[1\]: shape \(\) differs"),
    (
        lambda p: [vector(), vector(dtype=np.float64)],
        TypeError,
        r"grads\[1\]: type float64 differs .*float32; convert it",
    ),
    (lambda p: [vector(), vector(dtype=np.int32)], TypeError, r"grads\[1\]: dtype int32"),
    (lambda p: [vector(), vector().astype(">f4")], ValueError, r"grads\[1\]: dtype >f4"),
    (lambda p: [vector(), misaligned()], ValueError, r"grads\[1\]: address .*not a multiple"),
    (lambda p: [vector(), [1.0] * 5], TypeError, r"grads\[1\]: expected an array"),
    (lambda p: [vector(), 1.0], TypeError, r"grads\[1\]: expected an array, got 1.0"),
    (lambda p: [vector(), np.ma.array(vector())], TypeError, r"grads\[1\]: a masked array"),
    (lambda p: [vector(), p[1]], ValueError, r"grads\[1\]: shares memory with params\[1\]"),
    (lambda p: [vector(), p[0]], ValueError, r"grads\[1\]: shares memory with params\[0\]"),
    (lambda p: [vector(), p[0][::-1]], ValueError, r"grads\[1\]: shares memory with params\[0\]"),
]


def contents(opt, params):
    return (
        [p.tobytes() for p in params]
        + [np.asarray(value).tobytes() for entry in opt.state for value in entry.values()]
        + [repr(opt)]
    )


@pytest.mark.parametrize(("make", "error", "message"), BAD_GRADIENTS)
def test_bad_gradients_change_nothing(make, error, message):
    params = [vector(), vector()]
    opt = fo.Adam(params)
    opt.step([vector(), vector()])
    before = contents(opt, params)
    grads = make(params)
    with pytest.raises(error, match=message):
        opt.step(grads)
    assert contents(opt, params) == before
    opt.step([vector(), vector()])
    assert [s["step"] for s in opt.state] == [2, 2]


@pytest.mark.parametrize("size", [4, 8])
def test_complex_numbers_are_no_pairs(size):
    real, pairs = f"f{size}", f"c{2 * size}"
    for kinds, word in [((real, pairs), "complex"), ((pairs, real), "real")]:
        p, g = (np.ones((3, 2) if kind == real else 3, kind) for kind in kinds)
        opt = fo.Adam(p)
        with pytest.raises(TypeError, match=rf"^grads: it is {word}, and its parameter"):
            opt.step(g)
        with pytest.raises(TypeError, match=rf"^g: it is {word}, and its parameter"):
            fo.sgd_(p, g, step=1)
        with pytest.raises(TypeError, match=rf"^exp_avg_sq: it is {word}, and its parameter"):
            fo.adam_(p, p.copy(), p.copy(), g, step=1)
        assert (p == 1).all()
        good = np.ones_like(p)
        opt.step(good)
        same_memory = good.view(pairs)[:, 0] if word == "complex" else good.view(real).reshape(3, 2)
        with pytest.raises(TypeError, match=rf"^grads: it is {word}, and its parameter"):
            opt.step(same_memory)


def test_gradient_in_the_optimizers_own_state():
    opt = fo.Adam({"W": vector()})
    with pytest.raises(
        ValueError, match=r"grads\['W'\]: shares memory with the state .exp_avg. of params"
    ):
        opt.step({"W": opt.state[0]["exp_avg"]})


def test_gradient_structure_of_dictionaries():
    opt = fo.Adam({"W": vector(), "b": vector()})
    for bad, error, message in [
        ({"W": vector()}, ValueError, r"expected a dict with the keys 'W', 'b', got \['W'\]"),
        ({"W": vector(), "c": vector()}, ValueError, "keys 'W', 'b'"),
        ([vector(), vector()], TypeError, "keys 'W', 'b'"),
        ({"W": vector(), "b": [vector()]}, TypeError, r"grads\['b'\]: expected an array"),
    ]:
        with pytest.raises(error, match=message):
            opt.step(bad)


def test_parameter_that_became_read_only():
    p = vector()
    opt = fo.SGD([p])
    read_only(p)
    with pytest.raises(ValueError, match=r"params\[0\]: the array has become read-only"):
        opt.step([vector()])
    opt.step([None])
    assert np.array_equal(p, vector())


def test_parameter_that_became_another_array():
    p, q = vector(), vector()
    opt = fo.SGD([p, q])
    q.dtype = np.int32
    with pytest.raises(ValueError, match=r"params\[1\]: the array has been given other memory"):
        opt.step([vector(), vector()])
    p.resize(1 << 20, refcheck=False)
    with pytest.raises(ValueError, match=r"params\[0\]: the array has been given other memory"):
        opt.step([vector(), None])
    assert np.array_equal(p[:5], vector())


def smaller(p):
    p.resize(3, refcheck=False)


def larger(p):
    p.resize(1 << 16, refcheck=False)


def with_an_axis_more(p):
    p.shape = p.size, 1


def transposed(p):
    p.shape = 2, p.size // 2
    p.strides = p.itemsize, 2 * p.itemsize


def in_steps(p):
    p.strides = (0,)


def of_another_type(p):
    p.dtype = np.int64


def sgd(p):
    opt = fo.SGD([p, vector(6)])
    return lambda: opt.step([vector(p.size), vector(6)])


def lbfgs(p):
    opt = fo.LBFGS([p, vector(6, dtype=np.float64)])
    return lambda: opt.step(lambda: (1.0, [vector(p.size, dtype=np.float64), None]))


def lbfgs_without_a_gradient(p):
    opt = fo.LBFGS([vector(6, dtype=np.float64), p])
    return lambda: opt.step(lambda: (1.0, [vector(6, dtype=np.float64), None]))


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize(
    "change", [smaller, larger, with_an_axis_more, transposed, in_steps, of_another_type, read_only]
)
@pytest.mark.parametrize("make_step", [sgd, lbfgs, lbfgs_without_a_gradient])
def test_parameter_that_was_changed_under_the_optimizer(make_step, change):
    """NumPy lets everybody change an array that others hold: its size, layout, dtype and flags."""
    p = np.arange(1.0, 60_001.0)
    step = make_step(p)
    change(p)
    before = p.tobytes()
    with pytest.raises(ValueError, match=r"params\[[01]\]: the array has (been given|become)"):
        step()
    assert p.tobytes() == before


def test_interleaved_gradient_is_apart():
    block = np.ones((6, 2), np.float32)
    opt = fo.SGD(block[:, 0], lr=1.0)
    opt.step(block[:, 1])
    assert block.tolist() == [[0, 1]] * 6


class Meddler:
    """Becomes an array by way of arbitrary Python code."""

    def __init__(self, action, array=None):
        self.action = action
        self.array = vector() if array is None else array

    def __dlpack__(self, **kwargs):
        self.action()
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return vector().__dlpack_device__()


def test_dlpack_parameter_whose_owner_lends_other_memory():
    class Owner:
        array = np.zeros(3)

        def __dlpack__(self, **kwargs):
            return self.array.__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    owner, first = Owner(), Owner.array
    opt = fo.SGD([owner, np.zeros(3)], lr=1.0)
    opt.step([np.ones(3), None])
    assert (first == -1).all()
    owner.array = np.zeros(3)
    with pytest.raises(ValueError, match=r"params\[0\]: the array has been given other memory"):
        opt.step([np.ones(3), None])
    opt.step([None, np.ones(3)])
    assert (first == -1).all()
    assert not owner.array.any()


class DoublingDict(dict):
    def __getitem__(self, key):
        return 2 * super().__getitem__(key)


class DoublingList(list):
    def __getitem__(self, index):
        return 2 * super().__getitem__(index)


@pytest.mark.parametrize(
    ("params", "grads"),
    [
        ({"a": np.zeros(3)}, DoublingDict(a=np.ones(3))),
        ([np.zeros(3)], DoublingList([np.ones(3)])),
        ((np.zeros(3),), DoublingList([np.ones(3)])),
    ],
)
def test_gradients_in_containers_that_give_their_entries_in_their_own_way(params, grads):
    opt = fo.SGD(params, lr=1.0)
    opt.step(grads)
    assert (opt.param_groups[0]["params"][0] == -2).all()


def test_parameters_in_containers_that_give_their_entries_in_their_own_way():
    class Later(dict):
        def __getitem__(self, key):
            return super().__getitem__(key)[1:]

    base = np.zeros(3)
    opt = fo.SGD(Later(a=base), lr=1.0)
    opt.step({"a": np.ones(2)})
    assert list(base) == [0, -1, -1]


def test_a_defaultdict_makes_no_gradients():
    opt = fo.SGD({"a": vector(), "b": vector()}, lr=1.0)
    grads = defaultdict(lambda: None, a=vector(), c=vector())
    with pytest.raises(ValueError, match="grads: expected a dict with the keys 'a', 'b', got"):
        opt.step(grads)
    assert [*grads] == ["a", "c"]


def test_gradients_that_run_code():
    params = [vector(), vector()]
    opt = fo.SGD(params)
    with pytest.raises(TypeError, match=r"grads\[0\]") as caught:
        opt.step([Meddler(lambda: opt.step([vector(), vector()])), vector()])
    assert "used again from within its own step" in str(caught.value.__cause__)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opt.step([vector(), Meddler(interrupt)])
    grads = [Meddler(lambda: grads.clear()), vector()]
    with pytest.raises(ValueError, match="expected a list or tuple of 2 entries, got 0"):
        opt.step(grads)
    assert all(np.array_equal(p, vector()) for p in params)
    opt.step([Meddler(lambda: None), vector()])
    assert not np.array_equal(params[0], vector())


CHANGES = [smaller, larger, with_an_axis_more, transposed, in_steps, of_another_type]


def big():
    return np.arange(1.0, 60_001.0)


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize("change", [*CHANGES, read_only])
@pytest.mark.parametrize("order", ["pq", "qp"])
@pytest.mark.parametrize("optimizer", [fo.SGD, fo.LBFGS])
def test_parameter_that_a_gradient_changes(optimizer, order, change):
    """Whether its turn is before or after that of the gradient whose conversion runs the code."""
    params = {"p": big(), "q": np.ones(3)}
    grads = {"p": big(), "q": Meddler(lambda: change(params["p"]), np.ones(3))}
    opt = optimizer({name: params[name] for name in order})
    with pytest.raises(ValueError, match=r"params\['p'\]: the array has (been given|become)"):
        opt.step(grads if optimizer is fo.SGD else lambda: (0.0, grads))
    assert params["p"].tobytes()[:8] == big().tobytes()[:8]
    assert (params["q"] == 1).all()


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", ["by another gradient", "after a step"])
def test_gradient_that_is_changed(change, when):
    params, first = [np.zeros(60_000), np.zeros(3)], big()
    opt = fo.SGD(params, lr=1.0)
    grads = [first, np.ones(3)]
    if when == "after a step":
        opt.step(grads)
        for p in params:
            p[:] = 0
        change(first)
    else:
        grads[1] = Meddler(lambda: change(first), np.ones(3))
    if change is in_steps:  # it still fits
        opt.step(grads)
        assert np.array_equal(params[0], -first)
    else:
        with pytest.raises((TypeError, ValueError), match=r"^grads\[0\]: (shape|dtype)"):
            opt.step(grads)
        assert not any(p.any() for p in params)


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize("change", [smaller, larger, of_another_type])
@pytest.mark.parametrize("changed", ["p", "g"])
def test_array_of_a_raw_function_that_another_array_changes(changed, change):
    arrays = {"p": big(), "g": big()}
    buf = Meddler(lambda: change(arrays[changed]), np.zeros(60_000))
    with pytest.raises((TypeError, ValueError), match=r"^(p|g): (shape|dtype)"):
        fo.sgd_(arrays["p"], arrays["g"], buf, step=1, momentum=0.9)
    assert arrays["p"].tobytes()[:8] == big().tobytes()[:8]


@pytest.mark.parametrize("change", [smaller, larger])
def test_parameter_that_another_parameter_changes(change):
    first = big()
    opt = fo.Adam([first, Meddler(lambda: change(first), np.ones(3))], lr=1.0)
    before = first.copy()
    opt.step([np.ones(first.shape), None])
    np.testing.assert_allclose(first, before - 1, rtol=1e-6, atol=1e-6)
    assert opt.state[0]["exp_avg"].shape == first.shape


def test_dlpack_parameter_whose_owner_replaces_its_memory():
    torch = pytest.importorskip("torch")
    for replace in (
        lambda t: t.untyped_storage().resize_(0),
        lambda t: setattr(t, "data", torch.ones(1000)),
    ):
        t = torch.ones(1000)
        opt = fo.SGD([t, np.ones(3)], lr=1.0)
        opt.step([np.ones(1000, np.float32), None])
        assert not t.any()
        replace(t)
        with pytest.raises(ValueError, match=r"params\[0\]: the array has been given other memory"):
            opt.step([np.ones(1000, np.float32), None])


def test_dlpack_gradient_whose_owner_replaces_its_memory():
    torch = pytest.importorskip("torch")
    g, params = torch.ones(1000), [np.zeros(1000, np.float32), np.zeros(3)]
    opt = fo.SGD(params, lr=1.0)
    with pytest.raises(TypeError, match=r"grads\[0\]: a Tensor that has no memory of its own"):
        opt.step([g, Meddler(lambda: g.untyped_storage().resize_(0), np.ones(3))])
    assert not any(p.any() for p in params)
    for bad in (g, torch.empty(1000, device="meta")):
        with pytest.raises(TypeError, match=r"^grads\[0\]: "):
            opt.step([bad, None])


@pytest.mark.slow
def test_a_hundred_thousand_bad_calls_change_no_bit(rng):
    """Draws calls of which at least one part is bad, over all kinds of entry points."""
    chance = random.Random(5)
    params = {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(7)[::-1]}
    opt = fo.Adam(params, amsgrad=True)

    def good():
        return {"W": np.ones((4, 3)), "b": np.ones(7)}

    opt.step(good())
    m, v = np.zeros((2, 4, 3))
    before = contents(opt, [*params.values(), m, v])

    def bad_array():
        return chance.choice(
            [
                lambda: np.ones(chance.randrange(8, 20)),
                lambda: np.ones((3, 4)),
                lambda: np.ones((4, 3), chance.choice("fiegF?")),
                lambda: np.ones((4, 3), ">f8"),
                lambda: np.ones(97, np.uint8)[1:].view(float).reshape(4, 3),
                lambda: chance.choice([3, "W", [], (), {}, 2.5, object(), b"x"]),
            ]
        )()

    def own_array():
        return chance.choice(
            [params["W"], params["W"][::-1], params["W"].T, opt.state[0]["exp_avg_sq"]]
        )

    def bad_step():
        grads = good()
        key = chance.choice(["W", "b", None])
        if key is None:
            grads.pop(chance.choice(["W", "b"]))
        else:
            grads[key] = chance.choice([bad_array, own_array])()
        opt.step(grads)

    def bad_option():
        name = chance.choice(["eps_root", "betas", "eps", "weight_decay", "amsgrad", "clip_value"])
        setattr(opt, name, chance.choice([-1.0, float("nan"), "x", None, (1, 1), False, [0.5]]))

    def bad_raw():
        arrays = [params["W"], np.ones((4, 3)), m, v]
        arrays[chance.randrange(4)] = bad_array()
        fo.adam_(*arrays, step=chance.choice([1, 2, 3]))

    def bad_load():
        state = opt.state_dict()
        chance.choice(
            [
                lambda: state["state"].pop(chance.randrange(2)),
                lambda: state["state"][1].update(step=chance.choice([-1, None, 0.5])),
                lambda: state["state"][1].update(exp_avg=bad_array()),
                lambda: state["param_groups"][0].update(eps=chance.choice([-1, "x", None])),
            ]
        )()
        opt.load_state_dict(state)

    for _ in range(100_000):
        with pytest.raises((TypeError, ValueError)):
            chance.choice([bad_step, bad_option, bad_raw, bad_load])()
        assert contents(opt, [*params.values(), m, v]) == before


ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.float16, np.int32, np.dtype(">f4")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements=st.integers(-3, 3),
)


@st.composite
def views(draw):
    """An array of any layout, with the slices that made it."""
    base = draw(ARRAYS)
    if base.ndim == 0:
        return base
    view = base[draw(hnp.basic_indices(base.shape, allow_ellipsis=False, allow_newaxis=False))]
    view = np.asarray(view)
    return view.T if draw(st.booleans()) else view


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(param=views(), grad=st.one_of(views(), st.none(), st.integers(), st.lists(st.floats())))
def test_any_pair_is_updated_rightly_or_refused(param, grad):
    before = param.copy()
    try:
        opt = fo.SGD([param], lr=0.5, momentum=0.5)
        opt.step([grad])
    except (TypeError, ValueError) as error:
        assert str(error).startswith(("params[0]", "grads[0]"))  # noqa: PT017
        assert np.array_equal(param, before)
        fits = (
            isinstance(grad, np.ndarray)
            and grad.dtype == param.dtype
            and grad.shape == param.shape
            and param.dtype in (np.float32, np.float64)
            and param.flags.writeable
            and param.flags.aligned
            and grad.flags.aligned
        )
        assert not fits
        return
    if grad is not None:
        reference = Reference(fo.SGD, [before], lr=0.5, momentum=0.5)
        reference.step([grad])
    assert np.array_equal(param, before)
