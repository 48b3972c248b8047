"""pyfastopt.torch: state dicts, which torch's optimizers take and give, and copies."""

import collections
import copy
import functools
import pickle
import types

import numpy as np
import pytest
from torch_models import NAMES, assert_close, flat, network, optim, run, saved_and_loaded, torch

import pyfastopt as fo

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
        pytest.skip("torch.optim.SGD keeps no count of steps to load")
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


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["torch to ours", "ours to torch", "ours to ours"])
def test_state_dicts_are_exchanged_in_mid_training(torch_name, torch_options, direction, in_double):
    classes = {"torch": getattr(torch.optim, torch_name), "ours": getattr(optim, torch_name)}
    first, second = (classes[word] for word in direction.split(" to "))
    whole = network()
    run(whole, classes["torch"](whole.parameters(), **torch_options), 100)

    model = network()
    optimizer = first(model.parameters(), **torch_options)
    run(model, optimizer, 50)
    other = second(model.parameters(), lr=123.0)
    other.load_state_dict(saved_and_loaded(optimizer.state_dict()))
    run(model, other, 50, first=50)
    assert_close(flat(model), flat(whole))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies(torch_name, torch_options, copied, in_double):
    whole, halves = network(), network()
    run(whole, getattr(optim, torch_name)(whole.parameters(), **torch_options), 10)
    optimizer = getattr(optim, torch_name)(halves.parameters(), **torch_options)
    run(halves, optimizer, 5)
    model, optimizer = copied((halves, optimizer))
    before = flat(halves)
    run(model, optimizer, 5, first=5)
    assert torch.equal(flat(model), flat(whole))
    assert torch.equal(flat(halves), before)


@pytest.mark.parametrize("library", [torch.optim, optim], ids=["torch.optim", "pyfastopt.torch"])
def test_numpy_classes_go_on_from_a_checkpoint(library, torch_name, torch_options, in_double):
    shapes = [(5, 3), (4,), ()]
    params = [torch.nn.Parameter(torch.full(s, 0.5, dtype=torch.float64)) for s in shapes]
    groups = [{"params": params[:2], "name": "first"}, {"params": params[2:], "lr": 0.125}]
    theirs = getattr(library, torch_name)(groups, **torch_options)
    numbers = np.random.default_rng(3)

    def grads(skip=()):
        drawn = [numbers.standard_normal(s) for s in shapes]
        for i, (p, g) in enumerate(zip(params, drawn, strict=True)):
            p.grad = None if i in skip else torch.from_numpy(g.copy())
        return drawn

    for skip in ((), (1,), (1, 2)):
        grads(skip)
        theirs.step()
    plain = next(c for c in vars(fo).values() if getattr(c, "torch_name", None) == torch_name)
    arrays = [p.detach().numpy().copy() for p in params]
    ours = plain([{"params": arrays[:2]}, {"params": arrays[2:]}], **torch_options)
    ours.step([[np.ones(s) for s in shapes[:2]], [np.ones(())]])  # which the checkpoint undoes
    for p, array in zip(params, arrays, strict=True):
        array[...] = p.detach()
    assert ours.load_state_dict(saved_and_loaded(theirs.state_dict())) == ([], [], [])
    assert [group["lr"] for group in ours.param_groups] == [g["lr"] for g in theirs.param_groups]
    assert ours.param_groups[0]["name"] == "first"
    for _ in range(3):
        drawn = grads()
        theirs.step()
        ours.step([drawn[:2], drawn[2:]])
    for p, array in zip(params, arrays, strict=True):
        if library is optim:
            np.testing.assert_array_equal(p.detach(), array)
        else:
            np.testing.assert_allclose(p.detach(), array, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "other", "message"),
    [("SGD", "Adam", "momentum.* which Adam lacks"), ("Adagrad", "Adamax", "which Adamax lacks")],
)
def test_numpy_classes_refuse_checkpoints_of_others(name, other, message):
    p = torch.nn.Parameter(torch.ones(3))
    state_dict = getattr(torch.optim, name)([p]).state_dict()
    with pytest.raises(ValueError, match=message):
        getattr(fo, other)(np.ones(3)).load_state_dict(state_dict)


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
    for library, names in ((torch.optim, STEPPING), (optim, NAMES))
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
    for name in NAMES:
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


@pytest.mark.parametrize("name", [name for name in NAMES if name in STEPPING])
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


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize(
    ("name", "options", "ours", "its_options"),
    [
        ("SGD", {"momentum": 0.9}, "SGD", {"convention": "keras"}),
        ("RMSprop", {"momentum": 0.9}, "RMSProp", {"convention": "keras"}),
        ("Adam", {"amsgrad": True}, "Adam", {"convention": "optax"}),
    ],
)
def test_state_that_holds_another_thing_than_torchs_is_refused(name, options, ours, its_options):
    """Torch has the rate outside the buffer, and the largest second moment uncorrected."""
    state = saved(torch.optim, name, **options)
    array = np.ones(5, np.float32)
    optimizer = getattr(fo, ours)(array, **options, **its_options)
    optimizer.step(np.ones(5, np.float32))
    before = optimizer.state_dict()
    option = "lr_inside" if name != "Adam" else "amsgrad_corrected"
    with pytest.raises(
        ValueError, match=rf"\['param_groups'\]\[0\] has state of other options: {option} = 1 would"
    ):
        optimizer.load_state_dict(state)
    for key, value in before["state"][0].items():
        np.testing.assert_array_equal(optimizer.state[0][key], value)
    p, other = trained(optim, name, **options)
    other.param_groups[0][option] = True
    with pytest.raises(ValueError, match=rf"param_groups\[0\] has state of .*{option} = 1 would"):
        other.load_state_dict(state)
    # A checkpoint that has not begun holds nothing yet.
    fresh = getattr(torch.optim, name)([p], **options).state_dict()
    getattr(fo, ours)(array, **options, **its_options).load_state_dict(fresh)


def test_options_that_torch_lacks_stay_as_they_are():
    state = saved(torch.optim, "SGD", lr=1.0, momentum=0.9)
    p = torch.nn.Parameter(torch.ones(5))
    groups = [
        {"params": [p], "clip_value": 0.5, "lr_inside": False, "decoupled_weight_decay": True}
    ]
    optimizer = optim.SGD(groups, lr=0.5, momentum=0.9)
    optimizer.load_state_dict(state)
    (group,) = optimizer.param_groups
    assert group["clip_value"] == 0.5
    assert group["decoupled_weight_decay"]
    assert group["lr"] == 1.0


@pytest.mark.parametrize(
    ("saving", "name"),
    [
        *(("RAdam", name) for name in ("NAdam", "LAMB", "Yogi")),
        *(("SparseAdam", name) for name in ("Adam", "AdamW", "RAdam")),
    ],
)
def test_numpy_classes_refuse_state_of_equal_names(saving, name):
    """The names of its options and state are all among theirs."""
    p = torch.nn.Parameter(torch.ones(5))
    optimizer = getattr(torch.optim, saving)([p])
    p.grad = torch.ones(5).to_sparse() if saving == "SparseAdam" else torch.ones(5)
    optimizer.step()
    with pytest.raises(ValueError, match="has no entry"):
        getattr(fo, name)(np.ones(5, np.float32)).load_state_dict(optimizer.state_dict())


def test_rprop_which_has_no_decay_in_torch_is_loaded():
    fo.Rprop(np.ones(5, np.float32)).load_state_dict(saved(torch.optim, "Rprop"))


def at_once(o, p):
    o.param_groups[0].update(centered=True, lr_inside=True)


def with_a_rest(o, p):
    (group,) = o.param_groups
    group["momentum"] = 0.0
    o.step()
    group.update(momentum=0.9, lr_inside=True)


def by_a_checkpoint_from_a_rest(o, p):
    o.param_groups[0]["momentum"] = 0.0
    o.step()
    o.load_state_dict(copy.deepcopy(o.state_dict()))
    o.param_groups[0].update(momentum=0.9, lr_inside=True)


def by_a_group_that_was_away(o, p):
    o.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))]})
    group = o.param_groups.pop(0)
    o.step()
    group["lr_inside"] = True
    o.param_groups.insert(0, group)


def by_its_own_checkpoint(o, p):
    o.param_groups[0]["lr_inside"] = True
    o.load_state_dict(o.state_dict())


def by_its_own_state(o, p):
    o.param_groups[0]["lr_inside"] = True
    o.state = o.state


CHANGES = [
    with_a_rest,
    by_a_checkpoint_from_a_rest,
    by_a_group_that_was_away,
    by_its_own_checkpoint,
    by_its_own_state,
]


@pytest.mark.parametrize(
    ("name", "change"),
    [("RMSprop", at_once), *((name, change) for name in ("SGD", "RMSprop") for change in CHANGES)],
)
def test_each_state_tensor_knows_what_it_holds(name, change):
    p, optimizer = trained(optim, name, momentum=0.9)
    p.grad = torch.ones(5)
    optimizer.step()
    change(optimizer, p)
    before = p.detach().clone()
    p.grad = torch.zeros(5)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"param_groups\[0\]: lr_inside = 1 would change"):
            optimizer.step()
        assert torch.equal(p, before)


def test_state_that_is_new_may_hold_another_thing():
    p, optimizer = trained(optim, "SGD", momentum=0.9)
    optimizer.param_groups[0]["lr_inside"] = True
    del optimizer.state[p]
    p.grad = torch.ones(5)
    optimizer.step()
    assert torch.equal(optimizer.state[p]["momentum_buffer"], torch.full((5,), -1e-3))


def test_options_that_are_arrays_cannot_change_within():
    p = torch.nn.Parameter(torch.ones(5))
    power = np.array(-1.0)
    optimizer = optim.FTRL([{"params": [p], "learning_rate_power": power}])
    p.grad = torch.ones(5)
    optimizer.step()
    power[...] = -0.5
    with pytest.raises(ValueError, match=r"learning_rate_power = -0\.5 would change"):
        optimizer.step()


@pytest.mark.parametrize(
    ("options", "strict_options"),
    [
        ({"lr_inside": True}, {"momentum": 0.9}),
        ({"lr_inside": True, "momentum": 0.5}, {"momentum": 0.9}),
    ],
)
def test_groups_that_become_one_have_state_of_one_meaning(options, strict_options):
    a, b = np.ones(2), np.ones(2)
    several = fo.SGD([{"params": a}, {"params": b, **options}], **strict_options)
    several.step([np.ones(2), np.ones(2)])
    one = fo.SGD([a, b], **strict_options)
    with pytest.raises(ValueError, match=r"\['param_groups'\]\[1\] has state of other options"):
        one.load_state_dict(several.state_dict(), strict=False)
    assert not one.state[0]["momentum_buffer"].any()


@pytest.mark.parametrize("name", ["exp_avg", "exp_avg_sq", "step"])
@pytest.mark.parametrize("is_deleted", [True, False])
def test_state_that_lacks_an_entry_is_refused(name, is_deleted):
    p, optimizer = trained(optim, "Adam")
    if is_deleted:
        del optimizer.state[p][name]
    else:
        optimizer.state[p][name] = None
    before = p.detach().clone()
    with pytest.raises(ValueError, match=rf"^state\[param_groups.* has no entry \['{name}'\]"):
        optimizer.step()
    assert torch.equal(p, before)


@pytest.mark.parametrize("name", ["SGD", "Adam", "LBFGS"])
def test_checkpoints_of_the_classes_for_arrays_are_refused(name):
    state = getattr(fo, name)(np.ones(5, np.float32)).state_dict()
    p, optimizer = trained(optim, name)
    assert_not_taken(
        lambda o: o.load_state_dict(state),
        p,
        optimizer,
        rf"state_dict is of pyfastopt.{name}, whose state is in arrays",
    )


def proxies(state):
    return types.MappingProxyType(dict(state))


@pytest.mark.parametrize("kind", [proxies, lambda state: None, list, collections.UserDict])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_state_that_is_no_dict_is_refused(kind, steps):
    p, optimizer = trained(optim, "Adam", steps=steps)
    optimizer.state[p] = kind(optimizer.state.get(p, {}))
    before = p.detach().clone()
    for _ in range(2):
        p.grad = torch.ones(5)
        with pytest.raises(TypeError, match=r"^state\[param_groups\[0\]\['params'\]\[0\]\] = "):
            optimizer.step()
        assert torch.equal(p, before)
    with pytest.raises(TypeError, match=r"^state = .* must be a dict"):
        optimizer.state = kind({})


def test_state_may_be_a_plain_dict():
    p, optimizer = trained(optim, "Adam", steps=1)
    optimizer.state = {}
    p.grad = torch.ones(5)
    optimizer.step()
    assert optimizer.state[p]["step"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: o.param_groups[0].pop("params"), r"param_groups\[0\]\['params'\] = None must"),
        (lambda o: o.param_groups[0].update(params=None), r"\['params'\] = None must be a list"),
        (lambda o: o.param_groups[0].update(params=[1]), r"\['params'\]\[0\] = 1 must be a tensor"),
        (lambda o: o.param_groups.__setitem__(0, 7), r"param_groups\[0\] = 7 must be a dict"),
        (lambda o: o.param_groups[0]["params"].append(o.param_groups[0]["params"][0]), "twice"),
        (lambda o: o.param_groups[0].update(capturable=True), "capturable = True is not supp"),
        (lambda o: o.param_groups[0].update(differentiable=True), "differentiable = True is not"),
        (
            lambda o: o.param_groups[0].update(maximize="no"),
            "maximize = 'no' must be True or False",
        ),
        (
            lambda o: o.param_groups[0].update(maximize=np.ones(2)),
            r"param_groups\[0\]: maximize = array.* must be True or False",
        ),
        (lambda o: o.param_groups[0].update(capturable=np.ones(2)), r"capturable = array.* is not"),
        (lambda o: setattr(o, "param_groups", None), "param_groups = None must be a list"),
    ],
)
@pytest.mark.parametrize("steps", [0, 2])
def test_groups_that_others_have_spoiled_are_refused(change, message, steps):
    p, optimizer = trained(optim, "Adam", steps=steps)
    change(optimizer)
    before = p.detach().clone()
    for _ in range(2):
        p.grad = torch.ones(5)
        with pytest.raises((TypeError, ValueError), match=message):
            optimizer.step()
        assert torch.equal(p, before)
