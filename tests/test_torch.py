"""pyfastopt.torch: torch's optimizers in all but the loop."""

import copy
import functools
import inspect
import io
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from table import TABLE

import pyfastopt as fo

torch = pytest.importorskip("torch")
optim = pytest.importorskip("pyfastopt.torch")

EXAMPLES = Path(__file__).parent.parent / "examples" / "embed" / "torch"

#: torch's name of an optimizer, and options: the variants of the table that torch.optim knows.
CASES = [
    (row.names["torch"], variant.options)
    for row in TABLE
    if "torch" in row.names
    for variant in row.variants
    if variant.framework == "torch"
]
NAMES = [name + "".join(f"-{k}={v}" for k, v in options.items()) for name, options in CASES]


@pytest.fixture
def in_double():
    """With torch keeping the scalars of its state in float64, as ours are."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(params=CASES, ids=NAMES)
def case(request, in_double):
    return request.param


def network(dtype=torch.float64):
    torch.manual_seed(3)
    layers = torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)
    return torch.nn.Sequential(*layers).to(dtype)


def run(model, optimizer, steps, *, first=0, zero_grad=True):
    """Train on random numbers that depend on the step alone; return the losses."""
    losses = []
    dtype = next(model.parameters()).dtype
    for step in range(first, first + steps):
        numbers = torch.Generator().manual_seed(step)
        x = torch.randn(16, 5, generator=numbers, dtype=dtype)
        y = torch.randn(16, 2, generator=numbers, dtype=dtype)
        if zero_grad:
            optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def assert_close(ours, torchs, rtol=1e-12):
    torch.testing.assert_close(ours, torchs, rtol=rtol, atol=rtol)


def both(name, options):
    """The same model twice, with our optimizer and with torch's."""
    models = network(), network()
    makers = getattr(optim, name), getattr(torch.optim, name)
    return [(m, make(m.parameters(), **options)) for m, make in zip(models, makers, strict=True)]


# ---- the same as torch.optim --------------------------------------------------------------------


def test_every_optimizer_has_its_class():
    plain = {c for c in vars(fo).values() if isinstance(c, type) and issubclass(c, fo.Optimizer)}
    fused = set(optim.__all__) - {"LBFGS"}
    assert {getattr(optim, name)._plain for name in fused} == plain - {fo.Optimizer}
    for name in set(optim.__all__) & set(torch.optim.__all__):
        ours, torchs = getattr(optim, name), getattr(torch.optim, name)
        assert issubclass(ours, torchs)
        assert inspect.signature(ours) == inspect.signature(torchs)


def test_formula(case):
    (ours, optimizer), (torchs, reference) = both(*case)
    assert isinstance(optimizer, type(reference))
    run(ours, optimizer, 50)
    run(torchs, reference, 50)
    assert_close(flat(ours), flat(torchs))
    ours_dict, torchs_dict = optimizer.state_dict(), reference.state_dict()
    assert ours_dict["param_groups"] == torchs_dict["param_groups"]
    assert ours_dict["state"].keys() == torchs_dict["state"].keys()
    for index, state in torchs_dict["state"].items():
        assert ours_dict["state"][index].keys() == {k for k, v in state.items() if v is not None}
        for name, tensor in ours_dict["state"][index].items():
            assert tensor.dtype == state[name].dtype
            assert_close(tensor, state[name])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_bits_are_those_of_the_plain_class(row, options, threads, rng):
    name = row.names.get("torch", row.name)
    arrays = [rng.standard_normal(n).astype(np.float32) for n in (7, 300_000)]
    tensors = [torch.nn.Parameter(torch.from_numpy(a.copy())) for a in arrays]
    plain = row.optimizer(arrays, num_threads=threads, **options)
    group = {**plain.param_groups[0], "params": tensors}
    # torch.optim.Adagrad makes its state before there are groups.
    own = {k: v for k, v in options.items() if name == "Adagrad" and k.startswith("initial")}
    optimizer = getattr(optim, name)([group], **own)
    optimizer.num_threads = threads
    for _ in range(3):
        grads = [rng.standard_normal(a.shape).astype(np.float32) for a in arrays]
        for tensor, grad in zip(tensors, grads, strict=True):
            tensor.grad = torch.from_numpy(grad.copy())
        plain.step(grads)
        optimizer.step()
    for tensor, array in zip(tensors, arrays, strict=True):
        assert np.array_equal(tensor.detach().numpy(), array)


def test_options_of_pyfastopt_beyond_torchs():
    p, q = torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(torch.zeros(3))
    p.grad = q.grad = torch.tensor([1.0, -2.0, 0.5])
    optim.SGD([{"params": [p], "clip_value": 1.0}, {"params": [q]}], lr=1.0).step()
    assert p.tolist() == [-1.0, 1.0, -0.5]
    assert q.tolist() == [-1.0, 2.0, -0.5]


def test_a_group_may_lose_an_option():
    p = torch.nn.Parameter(torch.zeros(1))
    p.grad = torch.tensor([2.0])
    optimizer = optim.SGD([{"params": [p], "clip_value": 1.0}], lr=1.0)
    optimizer.step()
    del optimizer.param_groups[0]["clip_value"]
    optimizer.step()
    assert p.item() == -3.0


def test_an_optimizer_that_torch_has_not():
    p = torch.nn.Parameter(torch.zeros(3))
    optimizer = optim.Momentum([p], 0.5, momentum=0.8)
    assert optimizer.defaults["lr"] == 0.5
    assert optimizer.defaults["momentum"] == 0.8
    assert optimizer.defaults["nesterov"] is False
    with pytest.raises(TypeError, match="there is no option 'momentums'"):
        optim.Momentum([p], momentums=0.8)


# ---- counts of steps ----------------------------------------------------------------------------


def move(optimizer, a):
    a.data = a.detach().clone()


def change_layout(optimizer, a):
    a.data = a.detach().to(memory_format=torch.channels_last)


def reverse_groups(optimizer, a):
    optimizer.param_groups.reverse()


def remove_option(optimizer, a):
    for group in optimizer.param_groups:
        del group["clip_value"]


def add_group(optimizer, a):
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(2))]})


def load_numbers(optimizer, a):
    """Load a state whose counts are numbers, as old checkpoints have them."""
    saved = copy.deepcopy(optimizer.state_dict())
    for entry in saved["state"].values():
        entry["step"] = int(entry["step"])
    optimizer.load_state_dict(saved)


EVENTS = {
    "first gradient": lambda optimizer, a: None,
    **{
        f.__name__.replace("_", " "): f
        for f in (move, change_layout, reverse_groups, remove_option, add_group, load_numbers)
    },
}


def train_in_turns(step, params, event, *, as_well):
    """Step six times, the second parameter as well or not; then it alone; then six times both."""
    numbers = np.random.default_rng(7)
    for number in range(13):
        if number == 6:
            event()
        grads = [numbers.standard_normal(tuple(p.shape)) for p in params]
        if number < 6 and not as_well:
            grads[1] = None
        if number == 6:
            grads[0] = None
        step(grads)


@pytest.mark.parametrize("event", EVENTS)
def test_counts_are_kept_where_a_new_plan_begins_without_a_gradient(row, event, in_double):
    name = row.names.get("torch", row.name)
    own = {"SGD": {"momentum": 0.9, "dampening": 0.3}, "Adagrad": {"lr_decay": 0.1}}
    options = own.get(name, {})
    if name == "SGD" and event == "load numbers":
        pytest.skip("SGD has no count")
    as_well = event != "first gradient"
    shapes = (2, 3, 4, 4), (5,)
    start = [np.linspace(-1, 1, int(np.prod(shape))).reshape(shape) for shape in shapes]

    arrays = [a.copy() for a in start]
    plain = row.optimizer(arrays, **options)
    train_in_turns(plain.step, arrays, lambda: None, as_well=as_well)

    def train(library):
        tensors = [torch.nn.Parameter(torch.from_numpy(a.copy())) for a in start]
        groups = [{"params": [p], "clip_value": float("inf")} for p in tensors]
        optimizer = getattr(library, name)(groups, **options)

        def step(grads):
            for p, grad in zip(tensors, grads, strict=True):
                p.grad = None if grad is None else torch.from_numpy(grad)
            optimizer.step()

        happen = functools.partial(EVENTS[event], optimizer, tensors[0])
        train_in_turns(step, tensors, happen, as_well=as_well)
        counts = [optimizer.state[p].get("step") for p in tensors]
        assert counts == ([None, None] if name == "SGD" else [12, 13 if as_well else 7])
        return [p.detach() for p in tensors]

    ours = train(optim)
    for tensor, array in zip(ours, arrays, strict=True):
        assert np.array_equal(tensor.numpy(), array)
    if "torch" in row.names:
        assert_close(ours, train(torch.optim), 1e-9)


def test_counts_of_parameters_without_gradients_are_checked():
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = optim.Adam([p, q])
    p.grad = q.grad = torch.ones(2)
    optimizer.step()
    optimizer.state[q]["step"] = torch.tensor(-1.0)
    before = p.detach().clone()
    q.grad = None
    with pytest.raises(ValueError, match="step = -1"):
        optimizer.step()
    assert torch.equal(p, before)


# ---- state dicts --------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["torch to ours", "ours to torch", "ours to ours"])
def test_state_dicts_are_exchanged_in_mid_training(case, direction):
    name, options = case
    classes = {"torch": getattr(torch.optim, name), "ours": getattr(optim, name)}
    first, second = (classes[word] for word in direction.split(" to "))
    whole = network()
    run(whole, classes["torch"](whole.parameters(), **options), 100)

    model = network()
    optimizer = first(model.parameters(), **options)
    run(model, optimizer, 50)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    other = second(model.parameters(), lr=123.0)
    other.load_state_dict(torch.load(file))
    run(model, other, 50, first=50)
    assert_close(flat(model), flat(whole))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies(case, copied):
    name, options = case
    whole, halves = network(), network()
    run(whole, getattr(optim, name)(whole.parameters(), **options), 10)
    optimizer = getattr(optim, name)(halves.parameters(), **options)
    run(halves, optimizer, 5)
    model, optimizer = copied((halves, optimizer))
    before = flat(halves)
    run(model, optimizer, 5, first=5)
    assert torch.equal(flat(model), flat(whole))
    assert torch.equal(flat(halves), before)


def test_load_state_dict_while_training():
    model = network()
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    run(model, optimizer, 3)
    saved = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    run(model, optimizer, 4, first=3)
    after = flat(model)
    model.load_state_dict(saved[0])
    optimizer.load_state_dict(saved[1])
    run(model, optimizer, 4, first=3)
    assert torch.equal(flat(model), after)


def test_steps_counted_in_numbers_as_old_checkpoints_have_them():
    model, other = network(), network()
    optimizer = optim.Adam(model.parameters())
    run(model, optimizer, 3)
    state = copy.deepcopy(optimizer.state_dict())
    for entry in state["state"].values():
        entry["step"] = int(entry["step"])
    other.load_state_dict(model.state_dict())
    loaded = optim.Adam(other.parameters())
    loaded.load_state_dict(state)
    run(model, optimizer, 3, first=3)
    run(other, loaded, 3, first=3)
    assert torch.equal(flat(model), flat(other))


# ---- state dicts of other optimizers ------------------------------------------------------------

STEPPING = [name for name in torch.optim.__all__ if name not in ("Optimizer", "SparseAdam", "Muon")]
SAVING = [
    (library, name)
    for library, names in ((torch.optim, STEPPING), (optim, optim.__all__))
    for name in names
    if isinstance(getattr(library, name), type)
]


def trained(library, name, steps=3, **options):
    """A parameter, and an optimizer that has stepped it."""
    p = torch.nn.Parameter(torch.linspace(-1, 1, 5))
    optimizer = getattr(library, name)([p], **options)

    def closure():
        p.grad = 3 * p.detach() + 1
        return 1.5 * (p.detach() ** 2).sum() + p.detach().sum()

    for _ in range(steps):
        closure()
        optimizer.step(closure)
    return p, optimizer


def saved(library, name, **options):
    return copy.deepcopy(trained(library, name, **options)[1].state_dict())


def assert_not_taken(load, p, optimizer, message):
    """Nothing has changed after the error, and the optimizer goes on."""
    before = copy.deepcopy((p, optimizer))
    objects = [id(x) for group in optimizer.param_groups for x in (group, group["params"])]
    with pytest.raises(ValueError, match=message):
        load(optimizer)
    assert objects == [id(x) for group in optimizer.param_groups for x in (group, group["params"])]
    for name, known in before[1].state_dict().items():
        torch.testing.assert_close(optimizer.state_dict()[name], known, rtol=0, atol=0)
    for q, o in ((p, optimizer), before):
        q.grad = torch.ones(5)
        o.step(lambda: 1.0)
    assert torch.equal(p, before[0])


@pytest.mark.parametrize(("library", "saving"), SAVING)
def test_state_dicts_of_other_optimizers_are_refused(library, saving):
    # The names of AdamW's options and state are Adam's, and RAdam's are those of an old Adam.
    alike = {"Adam": {"Adam", "AdamW"}, "AdamW": {"Adam", "AdamW"}}
    alike["RAdam"] = {"RAdam", "Adam", "AdamW"}
    state = saved(library, saving)
    for name in optim.__all__:
        p, optimizer = trained(optim, name, steps=1)
        if name in alike.get(saving, {saving}):
            optimizer.load_state_dict(state)
            continue
        message = r"state_dict: .*param_groups\[0\].* has .* it has .*Load what state_dict\(\) gave"
        assert_not_taken(lambda o: o.load_state_dict(state), p, optimizer, message)


def without(name, *path):
    """What removes an entry of a state dict."""

    def change(state):
        for key in path:
            state = state[key]
        del state[name]

    return change


def with_entries(*path, **entries):
    def change(state):
        for key in path:
            state = state[key]
        state.update(entries)

    return change


GROUP, STATE = ("param_groups", 0), ("state", 0)


@pytest.mark.parametrize(
    ("name", "options", "change", "message"),
    [
        (
            "SGD",
            {"momentum": 0.9},
            without("momentum", *GROUP),
            r"no entry \['momentum'\], which SGD",
        ),
        ("SGD", {}, without("lr", *GROUP), r"param_groups\[0\] has no entry \['lr'\]"),
        ("SGD", {}, with_entries(*GROUP, momentum_decay=1), r"has \['momentum_decay'\] of another"),
        (
            "SGD",
            {},
            with_entries(*GROUP, trust_coefficient=1),
            r"has \['trust_coefficient'\] of an",
        ),
        ("SGD", {}, with_entries(*GROUP, ns_steps=1), r"has \['ns_steps'\] of another"),
        ("SGD", {"momentum": 0.9}, with_entries("state", 0, step=1), r"has \['step'\] of another"),
        ("SGD", {}, with_entries(*GROUP, momentum=0.9), None),
        ("Adam", {}, without("betas", *GROUP), r"no entry \['betas'\], which Adam needs"),
        ("Adam", {}, without("exp_avg", *STATE), r"\['params'\]\[0\] has no entry \['exp_avg'\]"),
        ("Adam", {}, with_entries(*STATE, exp_avg=None), r"has no entry \['exp_avg'\]"),
        ("Adam", {}, without("step", *STATE), r"has no entry \['step'\], which Adam needs"),
        ("Adam", {}, with_entries(*GROUP, amsgrad=True), r"has no entry \['max_exp_avg_sq'\]"),
        ("Adam", {}, with_entries(*STATE, mu_product=1.0), r"has \['mu_product'\] of another"),
        ("Adam", {}, with_entries(*STATE, row_var=1.0), r"has \['row_var'\] of another"),
        ("RMSprop", {}, with_entries(*GROUP, momentum=0.5), r"no entry \['momentum_buffer'\]"),
        ("Lion", {}, without("betas", *GROUP), r"has no entry \['betas'\], which Lion needs"),
        ("Momentum", {}, without("step", *STATE), r"has no entry \['step'\], which Momentum"),
        ("LBFGS", {}, without("max_iter", *GROUP), r"has no entry \['max_iter'\], which LBFGS"),
        ("LBFGS", {}, without("old_dirs", *STATE), r"has no entry \['old_dirs'\]"),
        ("LBFGS", {}, without("n_iter", *STATE), r"has no entry \['n_iter'\]"),
        ("LBFGS", {}, with_entries(*STATE, exp_avg=1), r"has \['exp_avg'\] of another"),
        ("LBFGS", {}, with_entries(*GROUP, betas=1), r"has \['betas'\] of another"),
        ("Adam", {}, lambda s: s["state"].update({0: None}), r"\['params'\]\[0\] is None; it must"),
    ],
)
def test_state_dicts_with_gaps_are_refused(name, options, change, message):
    state = saved(optim, name, **options)
    change(state)
    p, optimizer = trained(optim, name, steps=2, **options)
    if message is None:
        optimizer.load_state_dict(state)
    else:
        assert_not_taken(lambda o: o.load_state_dict(state), p, optimizer, message)


OLDER = {"foreach", "maximize", "capturable", "differentiable", "fused"}
LATER = {
    "Adam": {"amsgrad", "decoupled_weight_decay"},
    "NAdam": {"decoupled_weight_decay"},
    "RAdam": {"decoupled_weight_decay"},
    "RMSprop": {"momentum", "centered"},
    "SGD": {"nesterov"},
}


@pytest.mark.parametrize("name", [name for name in optim.__all__ if name in STEPPING])
def test_state_dicts_of_older_versions_are_accepted(name):
    """Whatever of its options torch's own class fills in may be missing."""
    state = saved(torch.optim, name)
    for key in OLDER | LATER.get(name, set()):
        state["param_groups"][0].pop(key, None)
    if name != "LBFGS":
        for entry in state["state"].values():
            entry.update({k: float(v) for k, v in entry.items() if v is not None and v.ndim == 0})
    _, optimizer = trained(optim, name, steps=1)
    optimizer.load_state_dict(state)
    p = optimizer.param_groups[0]["params"][0]
    p.grad = torch.ones(5)
    optimizer.step(lambda: 1.0)


@pytest.mark.parametrize("name", optim.__all__)
def test_state_dicts_with_further_names_are_accepted(name):
    _, optimizer = trained(optim, name)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5)
    names = "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr", "name", "lr_scale"
    state = copy.deepcopy(optimizer.state_dict())
    state["param_groups"][0].update(dict.fromkeys(names, 0.1), param_names=["weight"])
    state["state"].get(0, {})["my own"] = torch.ones(3)
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0].keys() >= {"initial_lr", "param_names", *names}
    optimizer.step(lambda: 1.0)


def test_a_name_that_the_groups_have_is_accepted():
    p = torch.nn.Parameter(torch.ones(5))
    p.grad = torch.ones(5)
    optimizers = [optim.AdamW([{"params": [p], "momentum": 0.9}]) for _ in range(2)]
    optimizers[0].step()
    optimizers[1].load_state_dict(optimizers[0].state_dict())
    assert optimizers[1].param_groups[0]["momentum"] == 0.9


@pytest.mark.parametrize(
    ("name", "options", "later"),
    [
        ("Adam", {"amsgrad": True}, {"amsgrad": False}),
        ("RMSprop", {"momentum": 0.9, "centered": True}, {"momentum": 0, "centered": False}),
        ("SGD", {"momentum": 0.9}, {"momentum": 0.0}),
    ],
)
def test_state_of_another_variant_is_accepted(name, options, later):
    state = saved(torch.optim, name, **options)
    state["param_groups"][0].update(later)
    p, optimizer = trained(optim, name, steps=0)
    optimizer.load_state_dict(state)
    p.grad = torch.ones(5)
    optimizer.step()


def test_a_buffer_that_has_not_begun_is_accepted():
    p, optimizer = trained(optim, "SGD", momentum=0.9)
    state = copy.deepcopy(optimizer.state_dict())
    state["state"][0]["momentum_buffer"] = None
    optimizer.load_state_dict(state)
    p.grad = torch.full((5,), 2.0)
    optimizer.step()
    assert torch.equal(optimizer.state[p]["momentum_buffer"], p.grad)


@pytest.mark.parametrize("name", ["Adam", "LBFGS"])
def test_what_the_hooks_return_is_checked(name):
    _, optimizer = trained(optim, name)
    good, bad = copy.deepcopy(optimizer.state_dict()), saved(optim, "SGD")
    handle = optimizer.register_load_state_dict_pre_hook(lambda o, state: good)
    optimizer.load_state_dict(bad)
    handle.remove()
    handle = optimizer.register_load_state_dict_pre_hook(lambda o, state: bad)
    with pytest.raises(ValueError, match="state_dict: "):
        optimizer.load_state_dict(good)
    handle.remove()
    optimizer.load_state_dict(good)


# ---- what surrounds an optimizer ----------------------------------------------------------------


def test_schedulers():
    models = network(), network()
    for model, library in zip(models, (optim, torch.optim), strict=True):
        optimizer = library.AdamW(model.parameters(), lr=0.1)
        one = torch.optim.lr_scheduler.StepLR(optimizer, 3)
        two = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        for step in range(9):
            run(model, optimizer, 1, first=step)
            one.step()
            two.step()
    assert_close(*map(flat, models))


def test_one_cycle_changes_betas_too():
    models = network(), network()
    for model, library in zip(models, (optim, torch.optim), strict=True):
        optimizer = library.Adam(model.parameters())
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=20)
        for step in range(19):
            run(model, optimizer, 1, first=step)
            schedule.step()
    assert_close(*map(flat, models))


def test_a_rate_in_a_tensor():
    p = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    p.grad = torch.ones_like(p)
    rate = torch.tensor(0.5, dtype=torch.float64)
    optimizer = optim.SGD([p], lr=rate)
    optimizer.step()
    rate.fill_(0.25)
    optimizer.step()
    assert p.tolist() == [-0.75, -0.75]


def test_groups_and_groups_added_later():
    models = network(), network()
    for model, library in zip(models, (optim, torch.optim), strict=True):
        first, _, last = model
        optimizer = library.SGD([{"params": first.parameters(), "lr": 0.1}], momentum=0.9)
        run(model, optimizer, 5)
        optimizer.add_param_group({"params": last.parameters(), "weight_decay": 0.1})
        run(model, optimizer, 5, first=5)
        optimizer.param_groups[1]["lr"] = 0.01
        run(model, optimizer, 5, first=10)
    assert_close(*map(flat, models))


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("SGD", {}, {"momentum": 0.9}), ("SGD", {"momentum": 0.9}, {"momentum": 0.0})],
)
def test_options_that_change_the_state(name, before, after):
    pairs = both(name, before)
    for model, optimizer in pairs:
        run(model, optimizer, 4)
        optimizer.param_groups[0].update(after)
        run(model, optimizer, 4, first=4)
    (ours, _), (torchs, _) = pairs
    assert_close(flat(ours), flat(torchs))


def test_closures_run_with_gradients():
    p = torch.nn.Parameter(torch.ones(3))
    optimizer = optim.SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 3.0
    assert p.tolist() == [0.0, 0.0, 0.0]


def test_hooks():
    from torch.optim.optimizer import register_optimizer_step_post_hook

    model = network()
    optimizer = optim.Adam(model.parameters())
    seen = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after")),
        register_optimizer_step_post_hook(lambda *_: seen.append("any")),
    ]
    run(model, optimizer, 1)
    for handle in handles:
        handle.remove()
    run(model, optimizer, 1)
    assert seen == ["before", "after", "any"]
    with torch.profiler.profile() as profile:
        run(model, optimizer, 1)
    assert "Optimizer.step#Adam.step" in {event.name for event in profile.events()}


@pytest.mark.parametrize("set_to_none", [True, False])
def test_gradients_are_kept_or_made_anew(set_to_none):
    pairs = both("AdamW", {})
    for model, optimizer in pairs:
        for step in range(5):
            optimizer.zero_grad(set_to_none=set_to_none)
            run(model, optimizer, 1, first=step, zero_grad=False)
    (ours, _), (torchs, _) = pairs
    assert_close(flat(ours), flat(torchs))


def test_parameters_without_gradients_stay():
    p, q = (torch.nn.Parameter(torch.ones(2)) for _ in range(2))
    optimizer = optim.Adam([p, q], lr=0.1)
    p.grad = torch.ones(2)
    optimizer.step()
    assert q.tolist() == [1.0, 1.0]
    assert q not in optimizer.state
    q.grad = torch.ones(2)
    optimizer.step()
    p.grad = None
    optimizer.step()
    assert optimizer.state[p]["step"] == 2
    assert optimizer.state[q]["step"] == 2
    assert torch.equal(p, q)


@pytest.mark.parametrize("fused", [None, True])
def test_gradient_scaler(fused):
    scaled, plain = network(torch.float32), network(torch.float32)
    optimizer = optim.AdamW(scaled.parameters(), fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    reference = optim.AdamW(plain.parameters())
    x, y = torch.randn(4, 5), torch.randn(4, 2)
    for step in range(3):
        for model, o in ((scaled, optimizer), (plain, reference)):
            o.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            (scaler.scale(loss) if o is optimizer else loss).backward()
        if step == 1:  # is skipped
            next(scaled.parameters()).grad.fill_(float("inf"))
        else:
            reference.step()
        scaler.step(optimizer)
        scaler.update()
    assert torch.equal(flat(scaled), flat(plain))


def test_swa():
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    averaged = torch.optim.swa_utils.AveragedModel(model)
    schedule = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05)
    seen = []
    for step in range(4):
        run(model, optimizer, 1, first=step)
        averaged.update_parameters(model)
        schedule.step()
        seen.append(flat(model))
    assert_close(flat(averaged), torch.stack(seen).mean(0))


ZERO = """
import sys, torch, torch.distributed as dist
from torch.distributed.optim import ZeroRedundancyOptimizer
from pyfastopt import torch as optim

rank, path = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)

def model():
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))

def run(model, optimizer):
    for step in range(20):
        numbers = torch.Generator().manual_seed(step)
        x, y = torch.randn(16, 5, generator=numbers), torch.randn(16, 2, generator=numbers)
        optimizer.zero_grad()
        ((model(x) - y) ** 2).mean().backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])

for view in (False, True):
    sharded, whole = model(), model()
    zero = ZeroRedundancyOptimizer(
        sharded.parameters(), optim.AdamW, parameters_as_bucket_view=view, lr=0.1
    )
    assert torch.equal(run(sharded, zero), run(whole, optim.AdamW(whole.parameters(), lr=0.1)))
    zero.consolidate_state_dict(to=0)
    if rank == 0:
        assert len(zero.state_dict()["state"]) == 4
dist.destroy_process_group()
print("equal")
"""


@pytest.mark.slow
def test_zero_redundancy_optimizer(tmp_path):
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("this torch has no gloo")
    ranks = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", ZERO, str(rank), str(tmp_path / "meeting")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    for process in ranks:
        output, errors = process.communicate(timeout=300)
        assert output.endswith("equal\n"), errors


@pytest.mark.slow
def test_finetuning_changes_one_import(tmp_path):
    script = EXAMPLES / "finetune.py"
    lines = script.read_text().splitlines()
    ours = [line for line in lines if line.startswith("from pyfastopt")]
    assert len(ours) == 1
    other = tmp_path / "finetune.py"
    other.write_text("\n".join(["from torch import optim" if x in ours else x for x in lines]))

    def losses(path):
        command = [sys.executable, str(path), "--text", str(script)]
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=300, cwd=tmp_path, check=True
        )
        return [float(line.split()[-1]) for line in result.stdout.splitlines()]

    curve = losses(script)
    assert len(curve) == 50
    assert curve[-1] < curve[0] - 1
    assert curve == pytest.approx(losses(other), rel=1e-6)


# ---- L-BFGS -------------------------------------------------------------------------------------

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
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    other = second(model.parameters())
    other.load_state_dict(torch.load(file))
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
        with pytest.raises(RuntimeError, match="in a step already"):
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


# ---- memory -------------------------------------------------------------------------------------

LAYOUTS = {
    "transposed": lambda a: a.t(),
    "every other column": lambda a: a[:, ::2],
    "every third row": lambda a: a[::3],
    "block": lambda a: a[2:7, 3:9],
    "permuted": lambda a: a.view(4, 3, 15).permute(2, 0, 1),
    "channels last": lambda a: a.view(1, 3, 6, 10).to(memory_format=torch.channels_last),
    "zero-dimensional": lambda a: a[1, 2],
    "empty": lambda a: a[:0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["AdamW", "SGD"])
def test_strided_parameters(name, layout):
    options = {"momentum": 0.9} if name == "SGD" else {}
    results = []
    for library in (optim, torch.optim):
        torch.manual_seed(5)
        memory = torch.randn(12, 15, dtype=torch.float64)
        p = torch.nn.Parameter(LAYOUTS[layout](memory))
        assert (
            layout == "channels last"
            or p.data_ptr() == 0
            or p.untyped_storage().data_ptr() == (memory.untyped_storage().data_ptr())
        )
        optimizer = getattr(library, name)([p], lr=0.1, foreach=False, **options)
        for step in range(4):
            grad = torch.randn(p.shape, dtype=torch.float64)
            p.grad = grad if step % 2 else grad.t().contiguous().t() if p.ndim == 2 else grad
            optimizer.step()
        results.append((memory, p.detach()))
    (ours, p), (torchs, q) = results
    assert_close(ours, torchs)
    assert_close(p, q)


def test_gradients_of_any_layout():
    p = torch.nn.Parameter(torch.zeros(3, 4))
    optimizer = optim.SGD([p], lr=1.0)
    grad = torch.arange(12.0).view(3, 4)
    for layout in (
        grad,
        grad.t().contiguous().t(),
        torch.stack([grad, grad], -1)[..., 1],
        grad.flip(0).flip(0),
    ):
        p.grad = layout
        p.data.zero_()
        optimizer.step()
        assert torch.equal(p, -grad)
    p.grad = torch.ones(()).expand(3, 4)
    p.data.zero_()
    optimizer.step()
    assert p.unique().tolist() == [-1.0]


def test_interleaved_parameters_are_apart():
    memory = torch.zeros(4, 6)
    p, q = (torch.nn.Parameter(memory[:, i::2]) for i in (0, 1))
    p.grad, q.grad = torch.ones(4, 3), torch.full((4, 3), 2.0)
    optim.SGD([p, q], lr=1.0).step()
    assert memory[0].tolist() == [-1.0, -2.0] * 3


def test_moved_memory_is_followed():
    p = torch.nn.Parameter(torch.zeros(3))
    optimizer = optim.SGD([p], lr=1.0, momentum=0.5)
    p.grad = torch.ones(3)
    optimizer.step()
    old = p.data
    p.data = torch.full((3,), 10.0)
    optimizer.step()
    assert p.tolist() == [8.5, 8.5, 8.5]
    assert old.tolist() == [-1.0, -1.0, -1.0]
    p.data = p.data.clone().share_memory_()
    optimizer.step()
    assert p.tolist() == [6.75, 6.75, 6.75]
    p.grad.data = torch.zeros(3)
    optimizer.step()
    assert p.tolist() == [5.875, 5.875, 5.875]


def test_moved_or_replaced_state_is_followed():
    p = torch.nn.Parameter(torch.zeros(3))
    optimizer = optim.SGD([p], lr=1.0, momentum=0.5)
    p.grad = torch.ones(3)
    optimizer.step()
    state = optimizer.state[p]
    state["momentum_buffer"].fill_(4.0)
    optimizer.step()
    assert p[0] == -4.0
    state["momentum_buffer"] = torch.full((3,), 6.0)
    optimizer.step()
    assert p[0] == -8.0
    assert state["momentum_buffer"][0] == 4.0
    state["momentum_buffer"].share_memory_()
    optimizer.step()
    assert p[0] == -11.0
    assert state["momentum_buffer"][0] == 3.0
    optimizer.state.clear()
    optimizer.step()
    assert p[0] == -12.0


def test_the_shape_of_a_parameter_may_change():
    p = torch.nn.Parameter(torch.zeros(2, 3))
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = torch.ones(2, 3)
    optimizer.step()
    grad = torch.arange(6.0).view(3, 2)
    p.data, p.grad = torch.zeros(2, 3).t(), grad
    optimizer.step()
    assert torch.equal(p, -grad)


def test_autograd_knows_of_the_update():
    p = torch.nn.Parameter(torch.ones(3))
    optimizer = optim.SGD([p], lr=0.1)
    loss = (p * p).sum()
    p.grad = torch.ones(3)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


# ---- what is refused ----------------------------------------------------------------------------


def refused(params, grads, error, message, make=optim.Adam, **options):
    """Nothing has changed after the error, and the optimizer goes on."""
    good = torch.nn.Parameter(torch.ones(2))
    good.grad = torch.ones(2)
    params = [good, *params]
    optimizer = make(params, **options)
    for p, grad in zip(params[1:], grads, strict=True):
        p.grad = grad
    before = [p.detach().clone() for p in params]
    with pytest.raises(error, match=message):
        optimizer.step()
    assert not optimizer.state
    for p, b in zip(params, before, strict=True):
        assert p.is_meta or torch.equal(p, b)
    for p in params[1:]:
        p.grad = None
    optimizer.step()
    assert not torch.equal(good, before[0])


PLACE = r"param_groups\[0\]\['params'\]\[1\]"


@pytest.mark.parametrize("other", [torch.bfloat16, torch.float16, torch.complex64], ids=str)
def test_other_types_are_refused(other):
    p = torch.nn.Parameter(torch.ones(3, dtype=other))
    message = f"{PLACE}.*{other}.*use dense float32 or float64 tensors on the CPU"
    refused([p], [torch.ones_like(p)], TypeError, message)


def test_other_devices_are_refused():
    p = torch.nn.Parameter(torch.ones(3, device="meta"))
    refused([p], [torch.ones_like(p)], TypeError, "device meta is not supported")


def test_sparse_gradients_are_refused():
    embedding = torch.nn.Embedding(5, 3, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    grad = embedding.weight.grad
    refused([embedding.weight], [grad], TypeError, rf"{PLACE}\.grad.*torch.sparse_coo")


def test_shared_memory_is_refused():
    memory = torch.ones(4)
    p = torch.nn.Parameter(memory[:3])
    refused([p], [memory[1:]], ValueError, rf"{PLACE}\.grad: shares memory")
    q = torch.nn.Parameter(torch.ones(()).expand(3))
    refused([q], [torch.ones(3)], ValueError, f"{PLACE}, parameter: elements share memory")
    r = torch.nn.Parameter(memory[1:])
    message = r"\['params'\]\[2\]: shares memory with a parameter"
    refused([p, r], [torch.ones(3), torch.ones(3)], ValueError, message)


def test_negated_views_are_refused():
    p = torch.nn.Parameter(torch.ones(2))
    grad = torch.ones(2, dtype=torch.complex64).conj().imag
    assert grad.is_neg()
    refused([p], [grad], ValueError, rf"{PLACE}\.grad: its negation .*\.resolve_neg\(\)")
    q = torch.nn.Parameter(grad)
    refused([q], [torch.ones(2)], ValueError, f"{PLACE}: its negation")
    p.grad = torch.ones(2)
    optimizer = optim.SGD([p], momentum=0.9)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = torch._neg_view(torch.ones(2))
    with pytest.raises(ValueError, match="momentum_buffer: its negation"):
        optimizer.step()


@pytest.mark.parametrize("option", ["capturable", "differentiable"])
def test_capturable_and_differentiable_are_refused(option):
    p = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(ValueError, match=f"{option} = True is not supported"):
        optim.Adam([p], **{option: True})
    p.grad = torch.ones(2)
    optimizer = optim.Adam([p])
    optimizer.param_groups[0][option] = True
    with pytest.raises(ValueError, match=f"{option} = True is not supported"):
        optimizer.step()


def test_a_rate_in_two_elements_is_refused():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.SGD([p])
    optimizer.param_groups[0]["lr"] = torch.tensor([0.1, 0.2])
    with pytest.raises((TypeError, ValueError), match=r"lr = tensor\(\[0.1000, 0.2000\]\) must be"):
        optimizer.step()


def test_options_out_of_range_are_refused():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    before = p.detach().clone()
    optimizer.param_groups[0]["lr"] = -1.0
    for _ in range(2):
        with pytest.raises(ValueError, match="lr = -1 must be a finite number >= 0"):
            optimizer.step()
    assert torch.equal(p, before)
    assert optimizer.state[p]["step"] == 1
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()


def test_one_thread_at_a_time():
    p = torch.nn.Parameter(torch.ones(20_000_000))
    p.grad = torch.ones_like(p)
    optimizer = optim.SGD([p], lr=1.0)
    optimizer.num_threads = 1
    results = []

    def step():
        try:
            optimizer.step()
            results.append(1)
        except RuntimeError as error:
            assert "in one thread at a time" in str(error)  # noqa: PT017
            results.append(0)

    threads = [threading.Thread(target=step) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert p.unique().tolist() == [1.0 - sum(results)]


def test_loading_waits_for_a_step():
    p = torch.nn.Parameter(torch.ones(200_000))
    p.grad = torch.ones_like(p)
    optimizer = optim.Adam([p], lr=0.0)
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    errors = []

    def load():
        try:
            for _ in range(300):
                optimizer.load_state_dict(saved)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    while thread.is_alive():
        try:
            optimizer.step()
        except RuntimeError as error:  # the other thread had its turn
            assert "in a step already" in str(error)  # noqa: PT017
    thread.join()
    assert not errors


@pytest.mark.parametrize("bad", [0, -1, 1025, "2", 1.5, True])
def test_numbers_of_threads(bad):
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([p])
    assert optimizer.num_threads is None
    optimizer.num_threads = 2
    with pytest.raises((TypeError, ValueError), match=f"num_threads = {bad!r} must be"):
        optimizer.num_threads = bad
    assert copy.deepcopy(optimizer).num_threads == 2
    assert pickle.loads(pickle.dumps(optimizer)).num_threads == 2


def test_state_that_does_not_fit_is_refused():
    p = torch.nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    optimizer = optim.Adam([p])
    optimizer.step()
    before = p.detach().clone()
    optimizer.state[p]["exp_avg"] = torch.zeros(3)
    with pytest.raises(ValueError, match=r"slots\[0\], exp_avg: shape \(3\) differs"):
        optimizer.step()
    optimizer.state[p]["exp_avg"] = torch.zeros(2)
    optimizer.state[p]["step"] = torch.tensor(-1.0)
    with pytest.raises(ValueError, match="step = -1"):
        optimizer.step()
    assert torch.equal(p, before)
