"""pyfastopt.torch: sparse gradients."""

import numpy as np
import pytest
from torch_models import assert_close, optim, saved_and_loaded, torch

import pyfastopt as fo

# Torch says once that it does not check sparse tensors.
pytestmark = pytest.mark.filterwarnings("ignore:Sparse invariant checks")

#: What takes sparse gradients, and with which options.
CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 0.1}),
    ("SparseAdam", {"lr": 0.1}),
    ("SparseAdam", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 0.1, "maximize": True}),
]
BY_ROWS = [case for case in CASES if "momentum" not in case[1]]
cases = pytest.mark.parametrize(("name", "options"), CASES)
by_rows = pytest.mark.parametrize(("name", "options"), BY_ROWS)


#: By their names.
SPARSE = ["SGD", "Momentum", "Adagrad", "SparseAdam"]


class Words(torch.nn.Module):
    """Words that are looked up one by one and in bags, some of them more than once."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.one = torch.nn.Embedding(30, 5, sparse=True, padding_idx=3, dtype=torch.float64)
        self.bag = torch.nn.EmbeddingBag(9, 5, sparse=True, mode="sum", dtype=torch.float64)

    def forward(self, step):
        draw = torch.Generator().manual_seed(step)
        words = torch.randint(0, 30, (4, 3), generator=draw)
        bags = torch.randint(0, 9, (4, 6), generator=draw)
        return (self.one(words).sum(1) * self.bag(bags) + self.one(words[:, 0])).mean()


def train(model, optimizer, steps):
    for step in steps:
        optimizer.zero_grad()
        model(step).backward()
        optimizer.step()


def sparse(indices, values, size):
    return torch.sparse_coo_tensor(indices, values, size, check_invariants=False)


@cases
def test_formula(name, options):
    models = Words(), Words()
    optimizers = [
        getattr(library, name)(model.parameters(), **options)
        for model, library in zip(models, (optim, torch.optim), strict=True)
    ]
    for step in range(10):
        for model, optimizer in zip(models, optimizers, strict=True):
            train(model, optimizer, [step])
        for ours, torchs in zip(*(model.parameters() for model in models), strict=True):
            assert_close(ours, torchs)
    for ours, torchs in zip(*(o.state_dict()["state"].values() for o in optimizers), strict=True):
        assert ours.keys() == {key for key, value in torchs.items() if value is not None}
        for key, value in ours.items():
            expected = torch.as_tensor(torchs[key], dtype=value.dtype)
            assert_close(value, expected.to_dense() if expected.is_sparse else expected)


@by_rows
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_bits_of_rows(name, options, threads, transposed, rng):
    """Those of the plain class on the rows that a gradient has, added up in their order."""
    rows, columns = 3000, 33
    weights = rng.standard_normal((rows, columns)).astype(np.float32)
    tensor = torch.from_numpy(np.asfortranarray(weights) if transposed else weights.copy())
    p = torch.nn.Parameter(tensor)
    assert p.is_contiguous() != transposed
    optimizer = getattr(optim, name)([p], **options)
    optimizer.num_threads = threads
    plain_options = {**options, "eps_hat": True} if name == "SparseAdam" else options
    plain = getattr(fo, name.removeprefix("Sparse"))(weights, **plain_options)
    for _ in range(4):
        indices = rng.integers(0, rows, 2000)
        values = rng.standard_normal((2000, columns)).astype(np.float32)
        sums = np.zeros_like(weights)
        np.add.at(sums, indices, values)
        p.grad = sparse(torch.from_numpy(indices[None]), torch.from_numpy(values), p.shape)
        optimizer.step()
        before = {"p": weights.copy(), **{k: np.copy(v) for k, v in plain.state[0].items()}}
        plain.step(sums)
        missing = np.setdiff1d(np.arange(rows), indices)
        assert missing.size
        for key, array in {"p": weights, **plain.state[0]}.items():
            if key != "step":
                array[missing] = before[key][missing]
        assert np.array_equal(p.detach().numpy(), weights)
    for key, value in optimizer.state[p].items():
        assert np.array_equal(value.numpy(), plain.state[0][key])


def test_coalesced_gradients_are_used_where_they_are():
    p = torch.nn.Parameter(torch.zeros(4, 2))
    p.grad = sparse([[2, 0, 2]], torch.ones(3, 2), p.shape).coalesce()
    optim.SGD([p], lr=1.0).step()
    assert p.tolist() == [[-1, -1], [0, 0], [-2, -2], [0, 0]]


@by_rows
def test_several_sparse_dimensions(name, options):
    found = []
    for library in (optim, torch.optim):
        p = torch.nn.Parameter(torch.ones(3, 4, 2, dtype=torch.float64))
        optimizer = getattr(library, name)([p], **options)
        for _ in range(3):
            places = [[2, 0, 2, 1], [3, 1, 3, 0]]
            values = torch.arange(1.0, 9, dtype=torch.float64).reshape(4, 2)
            p.grad = sparse(places, values, p.shape)
            optimizer.step()
        found.append(p)
    assert_close(*found)


def test_gradients_without_rows_count_a_step():
    p = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = optim.SparseAdam([p])
    p.grad = sparse(torch.zeros(1, 0, dtype=torch.int64), torch.zeros(0, 2), p.shape)
    optimizer.step()
    assert torch.equal(p, torch.ones(3, 2))
    assert optimizer.state[p]["step"] == 1


@pytest.mark.parametrize(
    ("name", "options"),
    # Torch adds no dense buffer to a sparse gradient.
    [case for case in CASES if case[0] != "SparseAdam" and "nesterov" not in case[1]],
)
def test_sparse_and_dense_in_turns(name, options):
    found = []
    for library in (optim, torch.optim):
        p = torch.nn.Parameter(torch.ones(4, 2, dtype=torch.float64))
        other = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
        optimizer = getattr(library, name)([p, other], **options)
        for kind in "dsdnsnd" if "momentum" not in options else "dsdnnd":
            dense = torch.full_like(p, 0.5)
            dense[1] = 0
            p.grad = {"d": dense, "s": dense.to_sparse(1), "n": None}[kind]
            other.grad = torch.ones_like(other)
            optimizer.step()
        found.append(torch.cat([p.flatten(), other]))
    assert_close(*found)


@pytest.mark.parametrize(
    ("name", "options", "to"),
    [
        (*case, to)
        for case in CASES
        for to in ("ours", "torch's")
        # Torch adds no dense buffer to a sparse gradient.
        if not (to == "torch's" and "nesterov" in case[1])
    ],
)
def test_checkpoints_go_from_either_to_the_other(name, options, to):
    before, after = (torch.optim, optim) if to == "ours" else (optim, torch.optim)
    whole, model = Words(), Words()
    optimizer = getattr(torch.optim, name)(whole.parameters(), **options)
    train(whole, optimizer, range(6))
    first = getattr(before, name)(model.parameters(), **options)
    train(model, first, range(3))
    second = getattr(after, name)(model.parameters(), lr=7.0)
    second.load_state_dict(saved_and_loaded(first.state_dict()))
    train(model, second, range(3, 6))
    # Torch's own count of SparseAdam is a number, which in float32 has fewer digits.
    rtol = 1e-4 if name == "SparseAdam" and to != "ours" else 1e-12
    for ours, torchs in zip(model.parameters(), whole.parameters(), strict=True):
        assert_close(ours, torchs, rtol)


def refused(optimizer, p, error, message):
    before, state = p.detach().clone(), optimizer.state_dict()
    for _ in range(2):
        with pytest.raises(error, match=rf"param_groups\[0\]\['params'\]\[0\].*{message}"):
            optimizer.step()
    assert torch.equal(p, before)
    assert repr(optimizer.state_dict()) == repr(state)


@pytest.mark.parametrize("name", sorted({*optim.__all__} - {"LBFGS", *SPARSE}))
def test_what_takes_no_sparse_gradients(name):
    p = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = getattr(optim, name)([p])
    p.grad = torch.ones_like(p).to_sparse(1)
    refused(optimizer, p, TypeError, f"a sparse gradient is not supported by {name}; use")


def test_a_dense_gradient_has_all_rows():
    found = []
    for make in (
        lambda p: optim.SparseAdam([p]),
        lambda p: optim.Adam([{"params": [p], "eps_hat": True}]),
    ):
        p = torch.nn.Parameter(torch.ones(4, 2))
        optimizer = make(p)
        for step in range(3):
            p.grad = torch.full((4, 2), 1.0 + step)
            optimizer.step()
        found.append(p)
    assert torch.equal(*found)


@pytest.mark.parametrize("name", SPARSE)
def test_weight_decay_is_refused(name):
    p = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = getattr(optim, name)([p])
    optimizer.param_groups[0]["weight_decay"] = 0.5
    p.grad = torch.ones_like(p).to_sparse(1)
    refused(optimizer, p, ValueError, r"\.grad: a sparse gradient, and weight_decay = 0.5")
    optimizer.param_groups[0]["weight_decay"] = 0.0
    optimizer.step()


@pytest.mark.parametrize("name", SPARSE)
@pytest.mark.parametrize("index", [-1, 3, 2**62])
def test_indices_out_of_range_are_refused(name, index):
    p = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = getattr(optim, name)([p])
    p.grad = sparse([[0, index]], torch.ones(2, 2), p.shape)
    refused(optimizer, p, ValueError, r"\.grad: indices from .* for an axis of 3; make them")


@pytest.mark.parametrize("name", SPARSE)
def test_a_gradient_of_another_shape(name):
    p = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = getattr(optim, name)([p])
    p.grad = sparse([[0, 2]], torch.ones(2, 2), p.shape)
    p.data = torch.ones(5, 2)
    refused(optimizer, p, ValueError, r"shape \(3, 2\) differs .* \(5, 2\); pass")


@pytest.mark.parametrize("name", SPARSE)
def test_gradients_that_are_said_to_be_coalesced(name):
    steps = []
    for is_said in (False, True):
        p = torch.nn.Parameter(torch.ones(3, 2))
        optimizer = getattr(optim, name)([p])
        p.grad = sparse([[2, 0, 2]], torch.ones(3, 2), p.shape)._coalesced_(is_said)
        optimizer.step()
        steps.append(p)
    assert torch.equal(*steps)


def test_a_gradient_in_the_memory_of_its_parameter():
    p = torch.nn.Parameter(torch.ones(4, 2))
    p.grad = sparse([[0, 3]], p.detach()[1:3], p.shape)
    refused(optim.SGD([p]), p, ValueError, "shares memory")


@pytest.mark.parametrize(("name", "options"), [case for case in CASES if case[0] != "SparseAdam"])
def test_gradients_that_are_sparse_along_no_axis(name, options):
    found = []
    for library in (optim, torch.optim):
        p = torch.nn.Parameter(torch.ones(3, 2, dtype=torch.float64))
        places = torch.zeros(0, 2, dtype=torch.int64)
        p.grad = sparse(places, torch.ones(2, 3, 2, dtype=torch.float64), p.shape)
        getattr(library, name)([p], **options).step()
        found.append(p)
    assert_close(*found)


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Adagrad"])
def test_complex_gradients(name):
    p = torch.nn.Parameter(torch.ones(3, 2, dtype=torch.complex64))
    optimizer = getattr(optim, name)([p], lr=1.0)
    p.grad = sparse([[2, 0]], torch.full((2, 2), 1 + 2j), p.shape)
    if name == "Adagrad":
        refused(optimizer, p, ValueError, r"\.grad: a sparse gradient of complex numbers")
    else:
        optimizer.step()
        assert p.tolist() == [[-2j] * 2, [1 + 0j] * 2, [-2j] * 2]


@pytest.mark.parametrize("name", SPARSE)
@pytest.mark.parametrize("part", ["_indices", "_values"])
def test_gradients_whose_memory_is_gone(name, part):
    p = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = getattr(optim, name)([p])
    p.grad = sparse([[2, 0]], torch.ones(2, 2), p.shape)
    getattr(p.grad, part)().untyped_storage().resize_(0)
    refused(optimizer, p, ValueError, r"\.grad: a sparse gradient that has no memory")


def test_a_checkpoint_of_torch_with_a_sparse_buffer():
    model = Words()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    train(model, optimizer, range(3))
    params = [p.detach().numpy() for p in model.parameters()]
    plain = fo.SGD(params, lr=0.1, momentum=0.9)
    plain.load_state_dict(optimizer.state_dict())
    for state, torchs in zip(plain.state, optimizer.state.values(), strict=True):
        assert_close(torch.tensor(state["momentum_buffer"]), torchs["momentum_buffer"].to_dense())


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "SparseAdam"])
def test_values_that_grow_into_the_parameter(name):
    memory = torch.zeros(100)
    p = torch.nn.Parameter(memory.as_strided((4, 2), (8, 1), 0))
    optimizer = getattr(optim, name)([p], lr=1.0)

    def gradient(indices):
        values = memory.as_strided((len(indices), 2), (4, 1), 4)
        return torch.sparse_coo_tensor(torch.tensor([indices]), values, (4, 2))

    p.grad = gradient([3])
    optimizer.step()
    before = memory.clone()
    p.grad = gradient([1, 2, 0])
    with pytest.raises(ValueError, match=r"\.grad: shares memory with param_groups"):
        optimizer.step()
    assert torch.equal(memory, before)
