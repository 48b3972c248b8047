"""pyfastopt.torch: torch's L-BFGS with the steps of pyfastopt's."""

import copy
import pickle

import numpy as np
import pytest
from torch_models import assert_close, both, flat, network, optim, saved_and_loaded, torch

import pyfastopt as fo

LBFGS_OPTIONS = [
    {},
    {"lr": 0.5, "line_search_fn": "strong_wolfe"},
    {"lr": torch.tensor(0.3), "history_size": 3, "max_iter": 4},
]


def minimise(model, optimizer, steps, dtype=torch.float64):
    """Fit random numbers; return the losses, and how often the closure was called."""
    numbers = torch.Generator().manual_seed(1)
    x = torch.randn(64, 5, generator=numbers, dtype=dtype)
    y = torch.randn(64, 2, generator=numbers, dtype=dtype)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        return loss

    return [optimizer.step(closure).item() for _ in range(steps)], calls


@pytest.mark.parametrize("options", LBFGS_OPTIONS, ids=str)
def test_lbfgs_takes_torchs_steps(options):
    (ours, optimizer), (torchs, reference) = both("LBFGS", options)
    assert isinstance(optimizer, torch.optim.LBFGS)
    found, calls = minimise(ours, optimizer, 3)
    assert (found, calls) == (pytest.approx(minimise(torchs, reference, 3)[0], rel=1e-10), calls)
    assert_close(flat(ours), flat(torchs), 1e-8)
    ours_dict, torchs_dict = optimizer.state_dict(), reference.state_dict()
    assert ours_dict["param_groups"] == torchs_dict["param_groups"]
    state, expected = ours_dict["state"][0], torchs_dict["state"][0]
    assert state.keys() == expected.keys() - {"al"}  # which torch uses within a step
    assert [state[k] for k in ("n_iter", "func_evals")] == [
        expected[k] for k in ("n_iter", "func_evals")
    ]
    assert calls == state["func_evals"]
    for name in ("d", "prev_flat_grad"):
        assert_close(state[name], expected[name], 1e-6)
    assert_close(torch.stack(state["old_dirs"]), torch.stack(expected["old_dirs"]), 1e-6)


def test_lbfgs_has_the_bits_of_the_plain_class(rng):
    target = rng.standard_normal((6, 8)).astype(np.float32)
    array, memory = np.zeros((6, 4), np.float32), torch.zeros(6, 8)
    settings = {"lr": 0.3, "max_iter": 7, "line_search_fn": "strong_wolfe"}
    plain = fo.LBFGS(array, **settings)
    p = torch.nn.Parameter(memory[:, ::2])
    optimizer = optim.LBFGS([p], **settings)

    def loss_and_gradient(x):
        change = x - target[:, ::2]
        return float((change**4).sum()), 4 * change**3

    def closure():
        loss, gradient = loss_and_gradient(p.detach().numpy())
        p.grad = torch.from_numpy(gradient)
        return loss

    for threads in (1, 2):
        optimizer.num_threads = threads
        assert optimizer.step(closure) == plain.step(lambda: loss_and_gradient(array))
        assert np.array_equal(memory[:, ::2].numpy(), array)
    assert not memory[:, 1::2].any()


@pytest.mark.parametrize("direction", ["torch to ours", "ours to torch", "ours to ours"])
@pytest.mark.parametrize("options", LBFGS_OPTIONS, ids=str)
def test_lbfgs_exchanges_state_dicts(options, direction):
    classes = {"torch": torch.optim.LBFGS, "ours": optim.LBFGS}
    first, second = (classes[word] for word in direction.split(" to "))
    whole, model = network(), network()
    minimise(whole, first(whole.parameters(), **options), 4)
    optimizer = first(model.parameters(), **options)
    minimise(model, optimizer, 2)
    other = second(model.parameters())
    other.load_state_dict(saved_and_loaded(optimizer.state_dict()))
    minimise(model, other, 2)
    assert_close(flat(model), flat(whole), 0 if direction == "ours to ours" else 1e-8)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_lbfgs_copies(copied):
    whole, half = network(torch.float32), network(torch.float32)
    minimise(whole, optim.LBFGS(whole.parameters(), history_size=7), 4, torch.float32)
    optimizer = optim.LBFGS(half.parameters(), history_size=7)
    optimizer.num_threads = 1
    minimise(half, optimizer, 2, torch.float32)
    before = flat(half)
    model, other = copied((half, optimizer))
    minimise(model, other, 2, torch.float32)
    assert torch.equal(flat(model), flat(whole))
    assert torch.equal(flat(half), before)
    assert other.num_threads == 1


def test_lbfgs_follows_what_was_moved_or_replaced():
    def bowl(p, optimizer):
        def closure():
            p.grad = scale * p.detach()
            return 0.5 * (scale * p.detach() ** 2).sum()

        optimizer.step(closure)
        return p.detach().clone()

    scale = torch.tensor([1.0, 2.0, 5.0])
    settings = {"lr": 0.3, "max_iter": 3}
    p, q = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer, other = (optim.LBFGS([x], **settings) for x in (p, q))
    assert torch.equal(bowl(p, optimizer), bowl(q, other))
    old = p.data
    kept = old.clone()
    p.data = old.clone()
    assert torch.equal(bowl(p, optimizer), bowl(q, other))
    assert torch.equal(old, kept)
    assert optimizer.state[p]["n_iter"] == other.state[q]["n_iter"] > 3
    for x in (p, q):
        x.data.fill_(1.0)
    optimizer.state.clear()
    assert torch.equal(bowl(p, optimizer), bowl(q, optim.LBFGS([q], **settings)))
    assert optimizer.state[p]["n_iter"] <= 3
    pairs = optimizer.state[p]["old_dirs"][-1:]
    optimizer.param_groups[0].update(history_size=1, lr=0.0, max_iter=1)
    bowl(p, optimizer)
    assert len(pairs) == len(optimizer.state[p]["old_dirs"]) == 1


def test_lbfgs_runs_closures_with_gradients_and_hooks():
    p = torch.nn.Parameter(torch.ones(3))
    optimizer = optim.LBFGS([p], max_iter=2)
    seen = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(o))

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    stale = (p * p).sum()
    with torch.no_grad():
        assert optimizer.step(closure).item() == 3.0
    assert seen == [optimizer]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        stale.backward()


@pytest.mark.parametrize("line_search_fn", [None, "strong_wolfe"])
def test_lbfgs_with_a_closure_that_projects(line_search_fn):
    torch.manual_seed(4)
    a, b = torch.randn(30, 20, dtype=torch.float64), torch.randn(30, dtype=torch.float64)
    found = []
    for library in (optim, torch.optim):
        p = torch.nn.Parameter(torch.full((20,), 0.5, dtype=torch.float64))
        optimizer = library.LBFGS([p], max_iter=5, line_search_fn=line_search_fn)

        def closure(p=p, optimizer=optimizer):
            with torch.no_grad():
                p.clamp_(0, 1)
            optimizer.zero_grad()
            loss = ((a @ p - b) ** 2).sum()
            loss.backward()
            return loss

        for _ in range(5):
            optimizer.step(closure)
        found.append(p.detach())
    assert_close(*found, 1e-8)


def test_lbfgs_counts_while_it_steps():
    seen = []
    for library in (optim, torch.optim):
        p = torch.nn.Parameter(torch.linspace(-1, 1, 5))
        optimizer = library.LBFGS([p], lr=0.5, max_iter=3)
        counts = []

        def closure(p=p, optimizer=optimizer, counts=counts):
            counts.append([optimizer.state[p][name] for name in ("n_iter", "func_evals")])
            p.grad = 2 * p.detach() - 1
            return float((p.detach() ** 2 - p.detach()).sum())

        optimizer.step(closure)
        optimizer.step(closure)
        seen.append(counts)
    assert seen[0] == seen[1] != []


def test_lbfgs_takes_no_gradient_for_zeros_and_sparse_ones():
    p, embedding = torch.nn.Parameter(torch.ones(2)), torch.nn.Embedding(4, 3, sparse=True)
    before = embedding.weight.detach().clone()
    optimizer = optim.LBFGS([p, embedding.weight], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (embedding(torch.tensor([1])) ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert p.tolist() == [1.0, 1.0]
    changed = (embedding.weight != before).any(1)
    assert changed.tolist() == [False, True, False, False]


def test_lbfgs_resolves_negated_gradients():
    p = torch.nn.Parameter(torch.zeros(3))

    def closure():
        p.grad = (torch.ones(3) * 1j).conj().imag
        assert p.grad.is_neg()
        return 1.0

    optim.LBFGS([p], max_iter=1).step(closure)
    assert (p > 0).all()


def test_lbfgs_after_an_exception():
    models = network(), network()
    for model in models:
        optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")
        minimise(model, optimizer, 1)
        if model is models[0]:
            before = flat(model)

            def fails():
                raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                optimizer.step(fails)
            assert torch.equal(flat(model), before)
        minimise(model, optimizer, 1)
    assert torch.equal(*map(flat, models))


def test_lbfgs_refuses():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.LBFGS([p])
    state = optimizer.state_dict()
    for use in (lambda: optimizer.step(lambda: 0.0), lambda: optimizer.load_state_dict(state)):
        with pytest.raises(RuntimeError, match="used again from within its own step"):
            optimizer.step(use)
    with pytest.raises(ValueError, match="max_iter = -1 must be an integer >= 0"):
        optim.LBFGS([p], max_iter=-1)
    with pytest.raises(TypeError, match="closure = None must be a function"):
        optimizer.step(None)
    with pytest.raises(TypeError, match=r"\['params'\]\[0\].*torch.bfloat16"):
        optim.LBFGS([p.detach().bfloat16()]).step(lambda: 0.0)
    optimizer.param_groups[0]["lr"] = -1.0
    with pytest.raises(ValueError, match=r"lr = -1.0 must be a finite number >= 0"):
        optimizer.step(lambda: 0.0)
    optimizer.param_groups[0]["lr"] = 1.0
    optimizer.step(lambda: 0.0)
    optimizer.state[p]["d"] = torch.ones(3)
    after = p.detach().clone()
    with pytest.raises(ValueError, match=r"state\[param_groups.*d has shape \(3,\)"):
        optimizer.step(lambda: 0.0)
    with pytest.raises(RuntimeError, match="the closure has given a parameter other memory"):
        optim.LBFGS([p]).step(lambda: setattr(p, "data", after.clone()))
    optimizer.add_param_group({"params": [torch.ones(2)]})
    with pytest.raises(ValueError, match="param_groups has 2 groups"):
        optimizer.step(lambda: 0.0)
    assert torch.equal(p, after)


def test_lbfgs_state_exchanged_in_place():
    p = [torch.nn.Parameter(torch.arange(1.0, 5.0, dtype=torch.float64)) for _ in range(2)]
    steps = []
    for q, library in zip(p, (optim, torch.optim), strict=True):
        optimizer = library.LBFGS([q], max_iter=3)

        def closure(q=q):
            q.grad = 3 * q.detach() ** 3
            return (q.detach() ** 4).sum()

        optimizer.step(closure)
        state = optimizer.state[q]
        state["d"], state["prev_flat_grad"] = state["prev_flat_grad"], state["d"]
        optimizer.step(closure)
        steps.append(q.detach())
    assert_close(*steps)


@pytest.mark.parametrize(
    ("group", "error", "message"),
    [
        ({"tolerence_grad": 1.0}, TypeError, "did you mean 'tolerance_grad'"),
        ({"lr": 10**400}, ValueError, "lr = 1000.* must be a finite number >= 0"),
        ({"max_iter": 10**5000}, ValueError, "max_iter = <int object> must be an integer >= 0 and"),
    ],
)
def test_lbfgs_refuses_groups(group, error, message):
    p = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(error, match=message):
        optim.LBFGS([{"params": [p], **group}])
    optimizer = optim.LBFGS([p])
    optimizer.param_groups[0].update(group)
    with pytest.raises(error, match=message):
        optimizer.step(lambda: 0.0)


@pytest.mark.parametrize("rate", [torch.ones(2), torch.ones((), device="meta")])
def test_lbfgs_refuses_rates_that_are_no_number(rate):
    optimizer = optim.LBFGS([torch.nn.Parameter(torch.ones(2))])
    optimizer.param_groups[0]["lr"] = rate
    with pytest.raises(ValueError, match=r"lr = tensor.* must be a finite number >= 0"):
        optimizer.step(lambda: 0.0)


def test_lbfgs_state_may_be_a_plain_dict():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.LBFGS([p])
    optimizer.state = {}
    optimizer.step(lambda: 1.0)
    assert optimizer.state[p]["n_iter"] > 0
    for bad in ([], None):
        optimizer.state = bad
        with pytest.raises(TypeError, match=r"^state = .* must be a dict"):
            optimizer.step(lambda: 1.0)


@pytest.mark.parametrize("name", ["lr", "max_iter", "params"])
def test_lbfgs_needs_all_entries_of_its_group(name):
    optimizer = optim.LBFGS([torch.nn.Parameter(torch.ones(2))])
    del optimizer.param_groups[0][name]
    with pytest.raises((TypeError, ValueError), match=rf"param_groups\[0\].*'{name}'"):
        optimizer.step(lambda: 0.0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("old_dirs", torch.ones(2, 3), r"old_dirs = tensor[^*]* must be a list"),
        ("ro", 5, "ro = 5 must be a list"),
        ("n_iter", torch.ones(2), r"n_iter = tensor\(\[1., 1.\]\) must be an integer >= 0"),
        ("n_iter", True, "n_iter = True must be an integer"),
        ("func_evals", -1, "func_evals = -1 must be an integer >= 0"),
        ("old_stps", [torch._neg_view(torch.ones(3))], "old_stps: .*negative"),
        ("prev_flat_grad", torch._neg_view(torch.ones(3)), "prev_flat_grad: .*negative"),
        ("t", "1", "t = '1'"),
        ("H_diag", torch.ones(2), r"H_diag = tensor"),
        ("H_diag", b"1", r"H_diag = b'1'"),
    ],
)
def test_lbfgs_names_what_is_wrong_in_its_state(name, value, message):
    p = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
    optimizer = optim.LBFGS([p], lr=0.01, max_iter=2)

    def closure():
        p.grad = 4 * p.detach() ** 3
        return (p.detach() ** 4).sum()

    optimizer.step(closure)
    optimizer.state[p][name] = value
    before = p.detach().clone()
    with pytest.raises(ValueError, match=rf"^state\[param_groups\[0\].*{message}"):
        optimizer.step(closure)
    assert torch.equal(p, before)
    optimizer.state[p] = [name]
    with pytest.raises(TypeError, match=r"^state\[param_groups.* must be a dict"):
        optimizer.step(closure)


@pytest.mark.parametrize(
    "loss", [None, "x", "1", 10**400, 1j, torch.tensor(1j), torch.ones(2), np.ones(2), True]
)
def test_lbfgs_refuses_a_loss_that_is_no_number(loss):
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    with pytest.raises(TypeError, match="closure has to return the loss, a real number; it ret"):
        optim.LBFGS([p]).step(lambda: loss)
    assert (p == 1).all()
