"""pyfastopt.torch: groups, schedulers, hooks, scalers, and other processes."""

from pathlib import Path

import interpreter
import pytest
from torch_models import assert_close, both, flat, network, optim, run, run_two_ranks, torch

EXAMPLES = Path(__file__).parent.parent / "examples" / "embed" / "torch"


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


@pytest.mark.parametrize("name", [name for name in optim.__all__ if name != "LBFGS"])
def test_schedules_that_begin_with_a_rate_of_zero(name):
    from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

    model = network()
    optimizer = getattr(optim, name)(model.parameters(), lr=0.1)
    get_optimizer_state_dict(model, optimizer)  # which steps with a rate of 0
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: epoch / 10)
    before = flat(model)
    for step in range(3):
        run(model, optimizer, 1, first=step)
        schedule.step()
    after = flat(model)
    assert after.isfinite().all()
    assert not torch.equal(before, after)


def test_momentum_that_goes_and_comes_back():
    models = network(), network()
    for model, library in zip(models, (optim, torch.optim), strict=True):
        optimizer = library.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        for step, momentum in enumerate([0.9, 0.9, 0.0, 0.0, 0.5, 0.9]):
            optimizer.param_groups[0]["momentum"] = momentum
            run(model, optimizer, 1, first=step)
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


@pytest.mark.parametrize("name", ["SGD", "AdamW", "RMSprop", "Adagrad", "RAdam"])
def test_a_rate_that_goes_below_0(name):
    models = network(), network()
    for model, library in zip(models, (optim, torch.optim), strict=True):
        optimizer = getattr(library, name)(model.parameters(), lr=0.1)
        for step, lr in enumerate([0.1, -0.1, 0.05]):
            optimizer.param_groups[0]["lr"] = lr
            run(model, optimizer, 1, first=step)
    assert_close(*map(flat, models))


@pytest.mark.parametrize("name", ["Lion", "Momentum", "Adam"])
def test_a_rate_that_begins_below_0_is_refused(name):
    with pytest.raises(ValueError, match=r"(lr = -1|rate: -1)"):
        getattr(optim, name)(network().parameters(), lr=-1)


def test_what_no_step_meets_may_be_anything():
    model = network()
    optimizer = optim.Adam(model.parameters())
    run(model, optimizer, 1)
    optimizer.param_groups[0].update(lr=float("nan"), betas=(1.0, 2.0))
    optimizer.param_groups[0].update(lr=0.1, betas=(0.9, 0.999))
    run(model, optimizer, 1, first=1)


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
    run_two_ranks(ZERO, tmp_path / "meeting")


@pytest.mark.slow
def test_finetuning_changes_one_import(tmp_path):
    script = EXAMPLES / "finetune.py"
    lines = script.read_text().splitlines()
    ours = [line for line in lines if line.startswith("from pyfastopt")]
    assert len(ours) == 1
    other = tmp_path / "finetune.py"
    other.write_text("\n".join(["from torch import optim" if x in ours else x for x in lines]))

    def losses(path):
        result = interpreter.python(path, "--text", script, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        return [float(line.split()[-1]) for line in result.stdout.splitlines()]

    curve = losses(script)
    assert len(curve) == 50
    assert curve[-1] < curve[0] - 1
    assert curve == pytest.approx(losses(other), rel=1e-6)


# ---- what others do with an optimizer -----------------------------------------------------------


class Wrapper:
    """Takes over the attributes of an optimizer, as those of Lightning and Fabric do."""

    def __init__(self, optimizer):
        left_out = {"step"}
        self.__dict__ = {k: v for k, v in optimizer.__dict__.items() if k not in left_out}
        self.__class__ = type("Wrapped", (self.__class__, optimizer.__class__), {})
        self.optimizer = optimizer

    def step(self, closure=None):
        return self.optimizer.step(closure)


def test_wrappers_that_take_over_the_attributes():
    models = network(), network()
    for model, library in zip(models, (optim, torch.optim), strict=True):
        optimizer = library.Adam(model.parameters(), lr=0.1)
        if library is optim:
            optimizer.num_threads = 2
        wrapper = Wrapper(optimizer)
        run(model, wrapper, 3)
        # Replaced by way of the wrapper: the optimizer has to notice.
        for entry in wrapper.state.values():
            entry["exp_avg"] = torch.zeros_like(entry["exp_avg"])
        run(model, wrapper, 3, first=3)
        assert wrapper.state_dict()["state"].keys() == optimizer.state_dict()["state"].keys()
        if library is optim:
            assert wrapper.num_threads == 2
            wrapper.num_threads = 1
            assert optimizer.num_threads == 1
    assert_close(*map(flat, models))


@pytest.mark.parametrize("name", ["Adam", "LBFGS", "Lion"])
def test_hooks_get_the_arguments_as_they_were_given(name):
    library = torch.optim if name != "Lion" else optim

    def closure():
        p.grad = torch.ones(2)
        return p.sum()

    seen = {}
    for each in (library, optim):
        p = torch.nn.Parameter(torch.ones(2))
        optimizer = getattr(each, name)([p], lr=0.1)
        calls = seen.setdefault(each, [])
        optimizer.register_step_pre_hook(lambda _, args, kw, calls=calls: calls.append((args, kw)))
        optimizer.register_step_post_hook(lambda _, args, kw, calls=calls: calls.append((args, kw)))
        optimizer.step(closure)
        optimizer.step(closure=closure)
        if name != "LBFGS":
            optimizer.step(None)
            optimizer.step(closure=None)
            optimizer.step()
    shapes = {
        each: [(args[1:] == (None,), len(args), sorted(kw)) for args, kw in calls]
        for each, calls in seen.items()
    }
    assert shapes[library] == shapes[optim]


COMPILED = """
import warnings
warnings.simplefilter("ignore")
import torch
from pyfastopt import torch as optim

for name in ("SGD", "Adam", "LBFGS"):
    torch.manual_seed(0)
    model, twin = (torch.nn.Linear(3, 2) for _ in range(2))
    twin.load_state_dict(model.state_dict())

    def training(model, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = model(closure.x).square().mean()
            loss.backward()
            return loss

        def step(x):
            closure.x = x
            return optimizer.step(closure)

        return step

    torch._dynamo.reset()
    counters = torch._dynamo.utils.counters
    counters.clear()
    mine, other = (getattr(optim, name)(m.parameters(), lr=0.05) for m in (model, twin))
    compiled, plain = torch.compile(training(model, mine), backend="eager"), training(twin, other)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*(pyfastopt|builtin|trace)")
        for i in range(12):
            mine.param_groups[0]["lr"] = other.param_groups[0]["lr"] = 0.05 / (i + 1)
            x = torch.randn(4, 3)
            assert torch.equal(compiled(x), plain(x)), name
            if i == 1:
                graphs = counters["stats"]["unique_graphs"]
    assert counters["stats"]["unique_graphs"] == graphs, name  # nothing was compiled anew
    assert all(map(torch.equal, model.parameters(), twin.parameters())), name
print("left alone")
"""


@pytest.mark.slow
def test_compiled_training_leaves_the_step_alone():
    assert interpreter.output(COMPILED) == "left alone"


@pytest.mark.slow
@pytest.mark.parametrize(
    "default", ["set_default_dtype(torch.bfloat16)", "set_default_device('meta')"]
)
def test_imported_under_other_defaults(default):
    code = f"""
import torch
torch.{default}
from pyfastopt import torch as optim
# Of Adagrad torch itself puts the count on the device.
for name in {{*optim.__all__}} - {{"Adagrad"}}:
    p = torch.nn.Parameter(torch.ones(3, dtype=torch.float32, device="cpu"))
    p.grad = torch.ones_like(p)
    optimizer = getattr(optim, name)([p], lr=0.1)
    optimizer.step(*[lambda: torch.ones((), device="cpu")] * (name == "LBFGS"))
    optimizer.state_dict()
    assert not (p == 1).all(), name
print("done")
"""
    assert interpreter.output(code) == "done"
