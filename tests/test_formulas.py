"""Every rule, variant and dtype gives the bits of its NumPy formula, however it is run."""

import functools
import warnings

import numpy as np
import pytest
from arrays import offset_array, same_bits
from oracles import ORACLES
from table import SANITIZED

import pyfastopt as fo
from pyfastopt.reference import Reference

THREADS = [1, 2, 3, 7]
STEPS = 3

# On both sides of every vector width, primes, and one above the second-level cache.
SIZES = [*range(71), 127, 251, 257, 1009, 8191, 65_537, 300_007]
if SANITIZED:
    SIZES.remove(300_007)


def check_equal(optimizer, reference):
    for i, (ours, numpys) in enumerate(zip(optimizer.state, reference.state, strict=True)):
        assert ours.keys() == numpys.keys()
        for name in ours:
            assert same_bits(ours[name], numpys[name], any_nan=True), (i, name)
    params = [p for group in optimizer.param_groups for p in group["params"]]
    for i, (ours, numpys) in enumerate(zip(params, reference.params, strict=True)):
        assert same_bits(ours, numpys, any_nan=True), i


@functools.cache
def numbers(dtype):
    rng = np.random.default_rng(7)
    return [[rng.standard_normal(n).astype(dtype) for n in SIZES] for _ in range(1 + STEPS)]


@pytest.fixture(scope="module")
def expected():
    """The reference's result over all SIZES, computed once for each case and dtype."""
    cache = {}

    def get(row, options, dtype):
        key = (row.name, str(options), dtype)
        if key not in cache:
            cache.clear()
            start, *grads = numbers(dtype)
            reference = Reference(row.optimizer, [p.copy() for p in start], **options)
            for step in grads:
                reference.step(step)
            cache[key] = start, grads, reference
        return cache[key]

    return get


@pytest.mark.parametrize("threads", THREADS)
def test_sizes_threads_alignments(row, options, dtype, isa, threads, expected):
    start, grads, reference = expected(row, options, dtype)
    params = [offset_array(p, (3 * i + threads) % 16) for i, p in enumerate(start)]
    optimizer = row.optimizer(params, num_threads=threads, **options)
    for k, step in enumerate(grads):
        optimizer.step([offset_array(g, (5 * i + k) % 16) for i, g in enumerate(step)])
    check_equal(optimizer, reference)


@pytest.mark.parametrize("elements", range(16))
def test_every_alignment(row, dtype, isa, elements, rng):
    start = rng.standard_normal(67).astype(dtype)
    grad = rng.standard_normal(67).astype(dtype)
    for options in map(row.explicit, row.variants):
        reference = Reference(row.optimizer, [start.copy()], **options)
        reference.step([grad])
        for gradient_elements in range(16):
            optimizer = row.optimizer([offset_array(start, elements)], **options)
            optimizer.step([offset_array(grad, gradient_elements)])
            check_equal(optimizer, reference)


SHAPE = (6, 7, 5)
LAYOUTS = {
    "C": lambda rng: rng(SHAPE),
    "Fortran": lambda rng: np.asfortranarray(rng(SHAPE)),
    "middle axis first": lambda rng: rng((7, 6, 5)).transpose(1, 0, 2),
    "every second": lambda rng: rng((12, 7, 10))[::2, :, ::2],
    "columns": lambda rng: rng((6, 7, 9))[:, :, 2:7],
    "reversed": lambda rng: rng(SHAPE)[::-1, :, ::-1],
    "all reversed": lambda rng: rng(SHAPE)[::-1, ::-1, ::-1],
    "transposed, every third, reversed": lambda rng: rng((15, 21, 6)).T[:, ::-3, ::3],
}


@pytest.mark.parametrize("gradient", [*LAYOUTS, "broadcast"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(row, dtype, layout, gradient, rng):
    blocks = []

    def draw(shape):
        blocks.append(rng.standard_normal(shape).astype(dtype))
        return blocks[-1]

    def positions(shape):
        return np.arange(np.prod(shape)).reshape(shape)

    options = row.explicit(row.cases[-1])
    param = LAYOUTS[layout](draw)
    block, before = blocks[0], blocks[0].copy()
    outside = np.setdiff1d(np.arange(block.size), LAYOUTS[layout](positions))

    reference = Reference(row.optimizer, [param.copy()], **options)
    optimizer = row.optimizer(param, **options)
    for _ in range(STEPS):
        if gradient == "broadcast":
            grad = np.broadcast_to(draw((7, 1)), SHAPE)
        else:
            grad = LAYOUTS[gradient](draw)
        reference.step([grad])
        optimizer.step(grad)
    check_equal(optimizer, reference)
    assert np.array_equal(block.flat[outside], before.flat[outside])


@pytest.mark.parametrize("threads", THREADS)
def test_large_views_across_threads(row, dtype, threads, rng):
    base = rng.standard_normal((180, 701)).astype(dtype)
    start = [base[:, ::2].copy(), base[::-3].copy(), base.T.copy()]
    params = [base.copy()[:, ::2], base.copy()[::-3], base.copy().T]
    options = row.explicit(row.cases[-1])
    reference = Reference(row.optimizer, start, **options)
    optimizer = row.optimizer(params, num_threads=threads, **options)
    for _ in range(2):
        grads = [rng.standard_normal(p.shape).astype(dtype) for p in params]
        reference.step(grads)
        optimizer.step(grads)
    check_equal(optimizer, reference)


@pytest.mark.parametrize("optimizer", [fo.LARS, fo.LAMB])
def test_norms_beyond_float64_scale_nothing(optimizer):
    for p, g in ((1e200, 1e200), (1e200, 1.0), (1.0, 1e200)):
        param = np.full(40, p)
        reference = Reference(optimizer, [param.copy()], lr=0.1)
        ours, plain = optimizer(param, lr=0.1), optimizer(param.copy(), lr=0.1, layerwise=False)
        ours.step(np.full(40, g))
        plain.step(np.full(40, g))
        with np.errstate(over="ignore"):
            reference.step([np.full(40, g)])
        check_equal(ours, reference)
        assert np.isfinite(param).all()


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_norms_of_more_blocks_than_are_measured_at_once(threads, rng):
    shapes = [(2_000_003,), (3,), (1500, 1600), (0,), (70,)]
    params = [rng.standard_normal(shape, np.float32) for shape in shapes]
    grads = [rng.standard_normal(shape, np.float32) for shape in shapes]
    reference = Reference(fo.LARS, [p.copy() for p in params])
    optimizer = fo.LARS(params, num_threads=threads)
    for _ in range(2):
        optimizer.step(grads)
        reference.step(grads)
    check_equal(optimizer, reference)


def test_scalars_and_empty_arrays(row, options, dtype, isa):
    shapes = [(), (0,), (3, 0, 2), (1, 1)]
    params = [np.ones(shape, dtype) for shape in shapes]
    reference = Reference(row.optimizer, [p.copy() for p in params], **options)
    optimizer = row.optimizer(params, **options)
    for _ in range(STEPS):
        grads = [np.full(shape, 0.25, dtype) for shape in shapes]
        reference.step(grads)
        optimizer.step(grads)
    check_equal(optimizer, reference)


def test_special_values(row, options, dtype, isa):
    info = np.finfo(dtype)
    values = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        np.inf,
        -np.inf,
        np.nan,
        info.max,
        -info.max,
        info.tiny,
        info.smallest_subnormal,
        -info.smallest_subnormal,
        3 * info.smallest_subnormal,
    ]
    p, g = (a.reshape(-1).astype(dtype) for a in np.meshgrid(values, values))
    reference = Reference(row.optimizer, [p.copy()], **options)
    optimizer = row.optimizer([p.copy()], **options)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        for step in range(STEPS):
            reference.step([np.roll(g, step)])
            optimizer.step([np.roll(g, step)])
    check_equal(optimizer, reference)


def test_accuracy_against_longdouble(row, options, dtype, rng):
    """After 20 steps the error is a few roundings of the way that an element has gone."""
    n = 2000
    start = rng.standard_normal(n).astype(dtype)
    wide = Reference(row.optimizer, [start.astype(np.longdouble)], **options)
    optimizer = row.optimizer([start.copy()], **options)
    reach = np.zeros(n, np.longdouble)
    for _ in range(20):
        before = wide.params[0].copy()
        grad = rng.standard_normal(n).astype(dtype)
        wide.step([grad.astype(np.longdouble)])
        optimizer.step([grad])
        reach = np.maximum(reach, np.abs(before)) + np.abs(wide.params[0] - before)
    error = np.abs(optimizer.param_groups[0]["params"][0] - wide.params[0])
    assert np.max(error / reach) < 40 * np.finfo(dtype).eps


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the frameworks
def test_oracles(asking, asked, rng):
    shapes = [(17,), (4, 5), ()]
    params = [np.asarray(rng.standard_normal(shape)) for shape in shapes]
    start = [p.copy() for p in params]
    optimizer = asking.optimizer(params, convention=asked.convention, **asked.options)
    name = asking.names[asked.framework]
    step = ORACLES[asked.framework](name, asked.options, optimizer.lr, start)
    for _ in range(50):
        grads = [np.asarray(rng.standard_normal(shape)) for shape in shapes]
        expected = step(grads)
        optimizer.step(grads)
    for ours, theirs in zip(params, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


COMPLEX_VIEWS = [
    lambda a: a,
    lambda a: a.T,
    lambda a: a[::2],
    lambda a: a[:, ::-3],
    lambda a: a[0, 0],
    lambda a: a[:0],
]


@pytest.mark.parametrize("view", COMPLEX_VIEWS, ids=range(6))
def test_complex_numbers_are_pairs(row, options, dtype, view):
    def numbers(seed):
        pairs = np.random.default_rng(seed).standard_normal((6, 35, 2)).astype(dtype)
        return view(pairs.view(np.result_type(dtype, np.complex64))[..., 0])

    def as_pairs(a):
        return np.stack([a.real, a.imag], -1)

    p = numbers(0)[...]
    pairs = as_pairs(p)
    opt, other = row.optimizer([p], **options), row.optimizer([pairs], **options)
    for step in range(1, 4):
        g = numbers(step)[...]
        opt.step([g])
        other.step([as_pairs(g)])
    assert same_bits(as_pairs(p), pairs)
    for name, slot in opt.state[0].items():
        if name != "step":
            assert slot.dtype == p.dtype
            assert same_bits(as_pairs(slot), other.state[0][name])
    again = row.optimizer([p.copy()], **options)
    again.load_state_dict(opt.state_dict())


def test_complex_and_real_numbers_do_not_mix():
    real, other = np.ones(3), np.ones(3, complex)
    opt = fo.SGD([real, other])
    for grads, message in (
        ([other, None], r"grads\[0\]: it is complex, and its parameter real"),
        ([None, real], r"grads\[1\]: it is real, and its parameter complex"),
        ([None, other.astype(np.complex64)], r"grads\[1\]: type float32 differs"),
    ):
        with pytest.raises(TypeError, match=message):
            opt.step(grads)
    with pytest.raises(ValueError, match=r"grads\[1\]: dtype >c16 is not in native byte order"):
        opt.step([None, other.astype(">c16")])
    with pytest.raises(TypeError, match="LBFGS lacks"):
        fo.LBFGS(other)
    with pytest.raises(ValueError, match="dimension"):
        fo.SGD(np.ones((1,) * 64, complex))
    assert (real == 1).all()
    assert (other == 1).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_rate_of_zero_moves_no_parameter(row, dtype, isa, threads):
    for n in (1, 7, 8, 33, 70_001):
        p = np.linspace(-1, 1, n).astype(dtype)
        opt = row.optimizer(p, num_threads=threads)
        opt.step(np.full(n, 0.5, dtype))
        opt.lr = 0.0
        before, linear = p.copy(), np.copy(opt.state[0].get("linear", 0))
        opt.step(np.full(n, -0.25, dtype))
        # The step sizes of Rprop begin with the rate, and leave it; a velocity goes on.
        if row.optimizer is not fo.Rprop and not getattr(opt, "lr_inside", False):
            assert same_bits(p, before)
        assert same_bits(opt.state[0].get("linear", linear), linear)
        assert opt.state[0]["step"] == 2


@pytest.mark.parametrize("rate", [0.0, 1e-50])
@pytest.mark.parametrize("power", [-0.5, -1.0, 0.0])
def test_ftrl_rests_at_a_rate_of_zero(dtype, isa, power, rate):
    for step in (1, 2):
        p = np.linspace(-1, 1, 134).astype(dtype)[::step]
        opt = fo.FTRL(p, l1=0.1, l2_shrinkage=0.1, weight_decay=0.1, learning_rate_power=power)
        opt.step(np.full(p.shape, 0.5, dtype))
        before = [p.copy(), *(np.copy(opt.state[0][name]) for name in ("sum", "linear"))]
        opt.lr = rate
        opt.step(np.resize(np.array([0.25, np.nan, -np.inf, 0.0], dtype), p.shape))
        after = [p, opt.state[0]["sum"], opt.state[0]["linear"]]
        assert all(same_bits(*pair) for pair in zip(after, before, strict=True))


def test_nesterov_without_momentum():
    options = {"lr": 0.5, "nesterov": True, "momentum": 0.0, "convention": "keras"}
    p, q = np.ones(5), np.ones(5)
    fo.SGD(p, **options).step(np.full(5, 0.25))
    fo.SGD(q, lr=0.5).step(np.full(5, 0.25))
    assert same_bits(p, q)
    with pytest.raises(ValueError, match="nesterov = True needs momentum > 0"):
        fo.SGD([{"params": np.ones(3), "nesterov": True}], lr=1.0)
