"""L-BFGS: the same minima as torch and scipy, and the same bits however it is run."""

import copy
import math

import numpy as np
import pytest
from arrays import same_bits
from threads import run_threads

import pyfastopt as fo
from pyfastopt import _core
from pyfastopt.reference import ReferenceLBFGS, Vectors


def rosenbrock(x):
    r, s = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * x[:-1] * r - 2 * s
    gradient[1:] += 200 * r
    return (100 * r**2 + s**2).sum(), gradient


def start(n=2, dtype=np.float64):
    x = np.full(n, -1.2, dtype)
    x[1::2] = 1
    return x


class Counted:
    """A closure over parameters, which counts its calls."""

    def __init__(self, function, *params):
        self.function, self.params, self.calls = function, params, 0

    def __call__(self):
        self.calls += 1
        loss, *grads = self.function(*self.params)
        return loss, grads[0] if len(grads) == 1 else grads


def logistic(x, y):
    """The mean loss of a logistic regression, its gradients for weights and intercept, and L2."""

    def function(w, b):
        z = y * (x @ w + b)
        loss = np.logaddexp(0, -z).mean() + 0.5e-3 * (w @ w)
        slope = -y / (1 + np.exp(z)) / len(y)
        return loss, x.T @ slope + 1e-3 * w, slope.sum(keepdims=True)

    return function


# ---- vector functions ---------------------------------------------------------------------------

SIZES = [0, 1, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 100_003, 300_001]


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("n", SIZES)
def test_vector_functions(n, dtype, isa, threads, rng):
    x, y, z, d = rng.standard_normal((4, n)).astype(dtype)
    for second, third in [(None, None), (y, None), (None, z), (y, z)]:
        ours, numpys = np.empty((2, n), dtype)
        dot = _core.combine(ours, 0.3, x, second, third, threads)
        assert dot == Vectors.combine(numpys, 0.3, x, second, third, threads)
        assert same_bits(ours, numpys)
    before, changes, steps = np.empty((3, 2, n), dtype)
    before[:] = z
    dots = [
        functions.secant(x, before[i], 0.7, d, changes[i], steps[i], threads)
        for i, functions in enumerate([_core, Vectors])
    ]
    assert dots[0] == dots[1]
    for arrays in (before, changes, steps):
        assert same_bits(*arrays)
    assert _core.magnitudes(x, threads) == Vectors.magnitudes(x, threads)
    if n:
        x[n // 2] = np.nan
        assert all(math.isnan(value) for value in _core.magnitudes(x, threads))


def test_vectors_in_place(rng):
    x, y = rng.standard_normal((2, 1000))
    expected = y + 2 * x
    _core.combine(y, 2.0, x, y, None, 1)
    assert same_bits(y, expected)


def test_vectors_must_fit():
    x, y = np.ones(3), np.ones(4)
    for bad in (y, np.ones(3, np.float32), np.ones(6)[::2]):
        with pytest.raises(ValueError, match="vectors must be contiguous, of one type and length"):
            _core.combine(x, 1.0, x, bad, None, 1)
    assert (x == 1).all()


# ---- the same as others -------------------------------------------------------------------------

SETTINGS = [
    {"line_search_fn": "strong_wolfe", "max_iter": 100},
    {"line_search_fn": "strong_wolfe", "max_iter": 100, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "max_iter": 30, "max_eval": 7},
    {"line_search_fn": "strong_wolfe", "lr": 30.0},
    {"line_search_fn": "strong_wolfe", "tolerance_grad": 1.0, "max_iter": 100},
    {"line_search_fn": "strong_wolfe", "tolerance_change": 1e-2, "max_iter": 100},
    {"lr": 1e-3, "max_iter": 50},
    {"lr": 0.1, "history_size": 1},
    {},
]


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("steps", [1, 3])
def test_torch_takes_the_same_steps(settings, steps):
    torch = pytest.importorskip("torch")
    ours, theirs = start(), torch.tensor(start(), requires_grad=True)
    closure = Counted(rosenbrock, ours)
    optimizer = fo.LBFGS(ours, **settings)
    reference = torch.optim.LBFGS([theirs], **settings)
    calls = 0

    def torch_closure():
        nonlocal calls
        calls += 1
        loss, gradient = rosenbrock(theirs.detach().numpy())
        theirs.grad = torch.from_numpy(gradient)
        return torch.tensor(loss)

    with np.errstate(all="ignore"):
        for _ in range(steps):
            loss = optimizer.step(closure)
            assert loss == pytest.approx(
                float(reference.step(torch_closure)), rel=1e-6, nan_ok=True
            )
    assert closure.calls == calls
    # Without a line search, roundings grow from step to step.
    rtol = 1e-9 if steps == 1 or "line_search_fn" in settings else 1e-5
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=rtol)
    state = optimizer.state_dict()["state"][0]
    torchs = reference.state_dict()["state"][0]
    assert state["func_evals"] == torchs["func_evals"] == calls
    assert state["n_iter"] == torchs["n_iter"]
    assert len(state["ro"]) == len(torchs["ro"])


@pytest.mark.parametrize("n", [2, 200])
def test_rosenbrock(n):
    x = start(n)
    optimizer = fo.LBFGS(
        x, line_search_fn="strong_wolfe", max_iter=5000, tolerance_change=0, max_eval=10_000
    )
    optimizer.step(Counted(rosenbrock, x))
    np.testing.assert_allclose(x, 1, atol=1e-6)


@pytest.mark.slow
def test_breast_cancer_as_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_breast_cancer(return_X_y=True)
    function = logistic((x - x.mean(0)) / x.std(0), 2.0 * y - 1)
    w, b = np.zeros(30), np.zeros(1)
    optimizer = fo.LBFGS([w, b], line_search_fn="strong_wolfe", max_iter=500, tolerance_change=0)
    optimizer.step(Counted(function, w, b))

    def flat(v):
        loss, gw, gb = function(v[:30], v[30:])
        return loss, np.concatenate([gw, gb])

    found = optimize.minimize(
        flat, np.zeros(31), jac=True, method="L-BFGS-B", options={"gtol": 1e-8, "ftol": 0}
    )
    assert function(w, b)[0] == pytest.approx(found.fun, rel=1e-8)
    np.testing.assert_allclose(np.concatenate([w, b]), found.x, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_rejected_pairs_leave_a_full_history_as_it_was():
    torch = pytest.importorskip("torch")
    scale = np.linspace(1, 5, 6)
    ours, theirs = np.ones(6), torch.ones(6, dtype=torch.float64, requires_grad=True)
    settings = {"lr": 0.1, "history_size": 3, "max_iter": 1, "tolerance_change": 0.0}
    optimizer, reference = fo.LBFGS(ours, **settings), torch.optim.LBFGS([theirs], **settings)
    for i in range(14):
        factor = 3.0 if i in (6, 9) else 1.0  # then the gradient rises against the step

        def torch_closure(factor=factor):
            theirs.grad = factor * torch.from_numpy(scale) * theirs.detach()
            return torch.tensor(0.0)

        optimizer.step(lambda factor=factor: (0.0, factor * scale * ours))
        reference.step(torch_closure)
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-9)
    assert len(optimizer.state_dict()["state"][0]["ro"]) == 3


# ---- the same bits ------------------------------------------------------------------------------


def quadratic(n, dtype):
    rng = np.random.default_rng(5)
    scale = rng.uniform(0.5, 4, n).astype(dtype)
    middle = rng.standard_normal(n).astype(dtype)

    def function(x):
        g = scale * (x - middle)
        return float((g * (x - middle)).sum()), g

    return function


@pytest.mark.parametrize("line_search_fn", [None, "strong_wolfe"])
def test_bits(dtype, line_search_fn, isa):
    n = 140_001
    function = quadratic(n, dtype)
    found = []
    makers = [(fo.LBFGS, threads) for threads in (1, 2, 3, 7)] + [(ReferenceLBFGS, 1)]
    for make, threads in makers:
        x = np.zeros(n, dtype)
        optimizer = make(
            x, 0.4, num_threads=threads, history_size=3, line_search_fn=line_search_fn, max_iter=6
        )
        for _ in range(2):
            optimizer.step(Counted(function, x))
        found.append(x)
    assert np.isfinite(found[0]).all()
    assert all(same_bits(x, found[0]) for x in found)


def test_structures_and_layouts(rng):
    a, c = rng.standard_normal((4, 6)), rng.standard_normal(5)

    def function(params):
        (first, second), third = params["w"], params["b"]
        loss = ((first - a) ** 2).sum() + ((second - c) ** 2).sum() + (third - 2) ** 2
        return loss, {"w": (2 * (first - a), 2 * (second - c)), "b": 2 * (third - 2)}

    results = []
    for layout in (np.copy, np.asfortranarray, lambda p: p.repeat(2, 1)[:, ::2]):
        params = {"w": (layout(np.zeros((4, 6))), np.zeros(5)), "b": np.zeros(())}
        fo.LBFGS(params, line_search_fn="strong_wolfe").step(lambda params=params: function(params))
        results.append(np.concatenate([p.ravel() for p in (*params["w"], params["b"])]))
        np.testing.assert_allclose(params["w"][0], a)
    assert all(same_bits(result, results[0]) for result in results)


def test_resume_bit_for_bit():
    settings = {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 5}
    whole, half = start(20), start(20)
    optimizer = fo.LBFGS(whole, **settings)
    for _ in range(6):
        optimizer.step(Counted(rosenbrock, whole))
    first = fo.LBFGS(half, **settings)
    for _ in range(3):
        first.step(Counted(rosenbrock, half))
    saved = copy.deepcopy(first.state_dict())
    second = fo.LBFGS(half, history_size=5)
    second.load_state_dict(saved)
    assert second.max_iter == 4
    for _ in range(3):
        second.step(Counted(rosenbrock, half))
    assert same_bits(whole, half)
    counts = [o.state_dict()["state"][0]["n_iter"] for o in (optimizer, second)]
    assert counts[0] == counts[1] > 6


# ---- what goes wrong ----------------------------------------------------------------------------


def test_a_gradient_of_none_is_zero():
    p, q = np.ones(3), np.ones(2)
    fo.LBFGS([p, q]).step(lambda: ((p**2).sum(), [2 * p, None]))
    assert abs(p).max() < 1e-3
    assert (q == 1).all()


@pytest.mark.parametrize(
    ("options", "calls", "iterations"),
    [
        ({"max_iter": 0}, 1, 0),
        ({"max_eval": 0}, 2, 1),
        ({}, 1, 0),
        ({"tolerance_grad": -1.0}, 1, 1),
        ({"tolerance_grad": math.inf}, 1, 0),
        ({"tolerance_grad": -1.0, "tolerance_change": -1.0}, 4, 4),
    ],
    ids=str,
)
def test_limits(options, calls, iterations):
    slope = 1.0 if "max_eval" in options else 0.0
    x = np.zeros(3)
    function = Counted(lambda x: (1.0, np.full(3, slope)), x)
    optimizer = fo.LBFGS(x, **{"max_iter": 4, "max_eval": 9, **options})
    optimizer.step(function)
    assert function.calls == calls
    assert optimizer.state_dict()["state"][0]["n_iter"] == iterations


def test_a_closure_may_change_the_parameters():
    x = np.ones(2)

    def closure():
        if (x == 1).all():
            return 2.0, 2 * x
        x[...] = 7
        return 1.0, np.zeros(2)

    fo.LBFGS(x).step(closure)
    assert (x == 7).all()


def test_losses_that_are_not_finite_are_walls():
    x = np.array([3.0])

    def function(x):
        with np.errstate(all="ignore"):
            return float((np.log(x) + 1 / x).sum()), 1 / x - 1 / x**2

    fo.LBFGS(x, 50.0, line_search_fn="strong_wolfe", max_iter=50).step(Counted(function, x))
    assert x[0] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("line_search_fn", [None, "strong_wolfe"])
def test_sums_beyond_float64_are_refused(line_search_fn):
    x = np.ones(4)
    optimizer = fo.LBFGS(x, line_search_fn=line_search_fn)
    with pytest.raises(
        ValueError, match=r"grads: with elements up to 2e\+200, sums of their squar"
    ):
        optimizer.step(lambda: (4e200, 2e200 * x))
    assert (x == 1).all()
    twin = np.ones(4)
    fresh = fo.LBFGS(twin, line_search_fn=line_search_fn)
    optimizer.step(lambda: (float(x @ x), 2 * x))
    fresh.step(lambda: (float(twin @ twin), 2 * twin))
    assert same_bits(x, twin)


@pytest.mark.parametrize("failing_call", [1, 2, 5])
def test_an_exception_leaves_the_parameters_where_the_last_iteration_did(failing_call):
    x, twin = start(), start()
    settings = {"line_search_fn": "strong_wolfe"}
    optimizer = fo.LBFGS(x, **settings)
    calls, seen = 0, []

    def closure():
        nonlocal calls
        calls += 1
        seen.append(x.copy())
        if calls == failing_call:
            raise RuntimeError("the data has run out")
        return rosenbrock(x)

    with pytest.raises(RuntimeError, match="run out"):
        optimizer.step(closure)
    assert any(same_bits(x, earlier) for earlier in seen[:failing_call])
    assert same_bits(x, seen[0]) or failing_call == 5
    # It goes on from there.
    fo.LBFGS(twin, **settings).step(Counted(rosenbrock, twin))
    for _ in range(5):
        optimizer.step(Counted(rosenbrock, x))
    np.testing.assert_allclose(x, 1, atol=1e-3)


def test_an_exception_in_the_first_iteration_leaves_it_the_first():
    target, x = np.array([1.0, 2, 3]), np.zeros(3)
    optimizer = fo.LBFGS(x, max_iter=2)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return 1000 * ((x - target) ** 2).sum(), 2000 * (x - target)

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(closure)
    optimizer.max_iter = 1
    optimizer.step(closure)
    np.testing.assert_allclose(x, [1 / 6, 1 / 3, 1 / 2])


def test_a_closure_must_not_use_the_optimizer():
    x = np.ones(2)
    optimizer = fo.LBFGS(x)
    state = optimizer.state_dict()
    for use in (
        lambda: optimizer.step(lambda: (0.0, x)),
        optimizer.state_dict,
        lambda: optimizer.load_state_dict(state),
    ):
        with pytest.raises(RuntimeError, match="used again from within its own step"):
            optimizer.step(use)
        assert (x == 1).all()


def test_threads_take_turns():
    x = np.ones(2000)
    scale = np.linspace(1, 3, 2000)
    optimizer = fo.LBFGS(x, 0.5, max_iter=3)

    def steps():
        for _ in range(5):
            optimizer.step(lambda: (float((scale * x * x).sum()), 2 * scale * x))

    run_threads(steps, steps, steps)
    assert abs(x).max() < 1e-3


@pytest.mark.parametrize(
    "returned",
    [
        None,
        1.0,
        (0.0,),
        (0.0, np.ones(2), 3),
        (None, np.ones(2)),
        ("1.5", np.ones(2)),
        (10**400, np.ones(2)),
        (np.complex128(1), np.ones(2)),
        (np.ones(2), np.ones(2)),
    ],
    ids=str,
)
def test_what_a_closure_returns(returned):
    x = np.ones(2)
    with pytest.raises(TypeError, match="closure has to return the loss, a real number, and the"):
        fo.LBFGS(x).step(lambda: returned)
    assert (x == 1).all()


@pytest.mark.parametrize("loss", [1, np.float32(1), np.ones(()), np.ones(1), np.ones((1, 1))])
def test_losses_are_numbers(loss):
    assert fo.LBFGS(np.ones(2)).step(lambda: (loss, np.zeros(2))) == 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_iter", "abc"),
        ("n_iter", -3),
        ("n_iter", 1.5),
        ("t", None),
        ("prev_loss", "x"),
        ("H_diag", math.nan),
        ("d", np.ones((2, 1))),
        ("d", np.ones(2, np.float32)),
        ("old_dirs", np.ones((1, 2, 1))),
        ("func_evals", None),
        ("ro", np.ones(200)),
        ("ro", np.array(["1"])),
        ("t", "1"),
        ("H_diag", b"1"),
        ("prev_loss", "nan"),
        ("prev_loss", 1j),
        ("n_iter", True),
        ("func_evals", 10**30),
    ],
)
def test_load_state_dict_reads_all_before_it_writes(name, value):
    x = start()
    optimizer = fo.LBFGS(x, max_iter=2)
    optimizer.step(Counted(rosenbrock, x))
    state = fo.LBFGS(start(), 0.3).state_dict()
    state["state"][0][name] = value
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"state_dict does not fit .*; pass what state_dict"):
        optimizer.load_state_dict(state)
    assert str(optimizer.state_dict()) == str(before)


@pytest.mark.parametrize("name", ["func_evals", "H_diag", "ro", "old_stps"])
def test_what_does_not_fit_is_named(name):
    x = start()
    optimizer = fo.LBFGS(x, max_iter=3)
    optimizer.step(Counted(rosenbrock, x))
    state = optimizer.state_dict()
    entry = state["state"][0]
    entry[name] = np.full_like(entry[name], math.nan) if name in ("ro", "old_stps") else "x"
    with pytest.raises(ValueError, match=f"state_dict does not fit .*{name} "):
        optimizer.load_state_dict(state)


BAD = [
    ({"lr": -1.0}, ValueError, "lr = -1.0 must be a finite number >= 0"),
    ({"lr": None}, TypeError, "lr = None must be a finite number >= 0"),
    ({"lr": math.inf}, ValueError, "lr = inf must be"),
    ({"lr": 10**400}, ValueError, r"lr = 10{79}\.\.\. must be a finite number >= 0"),
    ({"lr": 10**5000}, ValueError, "lr = <int object> must be a finite number >= 0"),
    ({"lr": np.longdouble("1e400")}, ValueError, "lr = np.longdouble.* must be a finite number"),
    ({"tolerance_grad": 10**400}, ValueError, "tolerance_grad = 10.* must be a number > -inf"),
    ({"history_size": 10**30}, ValueError, "history_size = 10* must be an integer >= 1 and <= 2"),
    ({"max_iter": 10**30}, ValueError, "max_iter = 10* must be an integer >= 0 and <= 9"),
    ({"max_iter": -1}, ValueError, "max_iter = -1 must be an integer >= 0"),
    ({"max_iter": 2.0}, TypeError, "max_iter = 2.0 must be an integer >= 0"),
    ({"max_iter": np.array([1, 2])}, TypeError, r"max_iter = array\(\[1, 2\]\) must be an integer"),
    ({"max_eval": True}, TypeError, "max_eval = True must be an integer >= 0"),
    ({"history_size": 0}, ValueError, "history_size = 0 must be an integer >= 1"),
    ({"tolerance_grad": math.nan}, ValueError, "tolerance_grad = nan must be a number > -inf"),
    ({"line_search_fn": "armijo"}, ValueError, "line_search_fn = 'armijo' must be None or 'str"),
    ({"num_threads": 0}, ValueError, "num_threads = 0 must be an integer from 1 to 1024"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        fo.LBFGS(np.zeros(2), **options)
    (name,) = options
    if name != "history_size":
        optimizer = fo.LBFGS(np.zeros(2))
        before = optimizer.state_dict()["param_groups"]
        with pytest.raises(error, match=message):
            setattr(optimizer, name, options[name])
        assert optimizer.state_dict()["param_groups"] == before


@pytest.mark.parametrize("without_gradient", [False, True])
def test_a_parameter_that_was_resized_is_refused(without_gradient):
    params = [np.ones(4), np.ones(3), np.ones(2)]
    optimizer = fo.LBFGS(params, 0.1, max_iter=2)

    def closure():
        return sum(float((p * p).sum()) for p in params), [
            None if p is params[1] and without_gradient else 2 * p for p in params
        ]

    optimizer.step(closure)
    params[1].resize(2, refcheck=False)
    before = [p.tobytes() for p in params], str(optimizer.state_dict())
    with pytest.raises(ValueError, match=r"^params\[1\]: .*make a new one"):
        optimizer.step(closure)
    assert ([p.tobytes() for p in params], str(optimizer.state_dict())) == before


def test_a_closure_that_resizes_a_parameter_leaves_the_others_where_they_were():
    params = [np.ones(4), np.ones(3), np.ones(2)]
    optimizer = fo.LBFGS(params, 0.1)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        grads = [2 * np.ones(p.shape) for p in params]
        if calls == 2:
            params[1].resize(2, refcheck=False)
        return -float(calls), grads

    with pytest.raises(ValueError, match=r"^params\[1\]: .*make a new one"):
        optimizer.step(closure)
    assert params[0].tolist() == [1.0] * 4
    assert params[2].tolist() == [1.0] * 2


def test_what_cannot_be_done():
    x = np.zeros(2)
    with pytest.raises(TypeError, match="params have the dtypes float32, float64; LBFGS works on"):
        fo.LBFGS([x, np.zeros(2, np.float32)])
    with pytest.raises(TypeError, match="params are parameter groups, which LBFGS lacks"):
        fo.LBFGS([{"params": [x]}])
    optimizer = fo.LBFGS(x)
    with pytest.raises(AttributeError):
        optimizer.history_size = 3
    with pytest.raises(ValueError, match=r"grads: shape \(3,\) differs"):
        optimizer.step(lambda: (0.0, np.zeros(3)))
    with pytest.raises(TypeError, match="closure = None must be a function that returns the loss"):
        optimizer.step(None)
    with pytest.raises(TypeError, match="a shallow copy of LBFGS would update the same arrays"):
        copy.copy(optimizer)
    other = fo.LBFGS(np.zeros(3)).state_dict()
    with pytest.raises(ValueError, match="state_dict does not fit"):
        optimizer.load_state_dict(other)
    with pytest.raises(ValueError, match="state_dict does not fit"):
        optimizer.load_state_dict({})
    assert "max_iter=20" in repr(optimizer)


def test_an_infinite_gradient_gives_a_step_of_0():
    x = np.array([1.0, np.inf])
    opt = fo.LBFGS(x, line_search_fn="strong_wolfe")
    assert opt.step(lambda: ((x**2).sum(), 2 * x)) == np.inf
    assert x[0] == 1
