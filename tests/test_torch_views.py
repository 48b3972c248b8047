"""pyfastopt.torch on tensors that are stepped by a view of them: complex ones, and shards."""

import numpy as np
import pytest
from torch_models import NAMES, optim, run_two_ranks, saved_and_loaded, torch

# ---- complex numbers ----------------------------------------------------------------------------


def numbers(seed, shape, dtype):
    drawn = np.random.default_rng(seed).standard_normal((*shape, 2))
    return torch.view_as_complex(torch.from_numpy(drawn)).to(dtype)


def complex_params(dtype):
    shapes = [(4, 3), (), (7,)]
    return [torch.nn.Parameter(numbers(i, shape, dtype)) for i, shape in enumerate(shapes)]


def give_gradients(params, step):
    for i, p in enumerate(params):
        p.grad = numbers(10 * step + i, p.shape, p.dtype)


def test_complex_parameters(torch_name, torch_options, in_double):
    models = complex_params(torch.complex128), complex_params(torch.complex128)
    optimizers = [
        getattr(library, torch_name)(params, **torch_options)
        for params, library in zip(models, (optim, torch.optim), strict=True)
    ]
    for step in range(6):
        for params, optimizer in zip(models, optimizers, strict=True):
            give_gradients(params, step)
            optimizer.step()
        if step == 2:  # each goes on from the other's checkpoint
            saved = [saved_and_loaded(optimizer.state_dict()) for optimizer in optimizers]
            for optimizer, state_dict in zip(optimizers, reversed(saved), strict=True):
                optimizer.load_state_dict(state_dict)
    for ours, theirs in zip(*models, strict=True):
        torch.testing.assert_close(ours.detach(), theirs.detach(), rtol=1e-11, atol=1e-14)
    for ours, theirs in zip(*(o.state.values() for o in optimizers), strict=True):
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            if isinstance(value, torch.Tensor):
                assert (value.dtype, value.shape) == (theirs[name].dtype, theirs[name].shape)


def test_lbfgs_refuses_complex_parameters():
    p = torch.nn.Parameter(torch.ones(3, dtype=torch.complex64))
    p.grad = torch.ones_like(p)
    with pytest.raises(TypeError, match="params are complex, which LBFGS lacks; pass views"):
        optim.LBFGS([p]).step(lambda: torch.ones(()))
    assert (p == 1).all()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "LBFGS"])
def test_complex_parameters_are_pairs_of_real_ones(name):
    complexes = complex_params(torch.complex64)
    reals = [torch.nn.Parameter(torch.view_as_real(p.detach()).clone()) for p in complexes]
    optimizers = [getattr(optim, name)(params, lr=0.01) for params in (complexes, reals)]
    for step in range(4):
        give_gradients(complexes, step)
        complexes[2].grad = complexes[2].grad.conj()  # which torch.optim takes in SGD alone
        for p, q in zip(complexes, reals, strict=True):
            q.grad = torch.view_as_real(p.grad.resolve_conj()).clone()
        for optimizer in optimizers:
            optimizer.step()
    for p, q in zip(complexes, reals, strict=True):
        assert torch.equal(torch.view_as_real(p.detach()), q.detach())


def test_complex_gradients_that_do_not_fit_are_refused():
    real, other = (
        torch.nn.Parameter(torch.ones(3, dtype=d)) for d in (torch.float32, torch.cfloat)
    )
    real.grad, other.grad = torch.ones(3), torch.ones(3, dtype=torch.cfloat)
    optimizer = optim.Adam([real, other])
    optimizer.step()
    before = [p.detach().clone() for p in (real, other)]
    other.data = torch.ones(3, dtype=torch.cdouble)
    with pytest.raises((TypeError, ValueError), match=r"param_groups\[0\]\['params'\]\[1\]"):
        optimizer.step()
    assert torch.equal(real.detach(), before[0])
    other.data = before[1]
    optimizer.step()


# ---- shards -------------------------------------------------------------------------------------

FSDP = """
import sys, torch, torch.distributed as dist, torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint import state_dict as of
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from pyfastopt import torch as optim

rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
mesh = init_device_mesh("cpu", (2,))
torch.set_default_dtype(torch.float64)

def model():
    torch.manual_seed(3)
    layers = torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)
    return fully_shard(torch.nn.Sequential(*layers), mesh=mesh)

def run(model, optimizer, steps):
    losses = []
    for step in steps:
        numbers = torch.Generator().manual_seed(2 * step + rank)
        x, y = torch.randn(16, 5, generator=numbers), torch.randn(16, 3, generator=numbers)
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses)

def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)

for name, options in (
    ("SGD", dict(momentum=0.9)), ("AdamW", {}), ("Adagrad", {}), ("RMSprop", dict(centered=True)),
    ("NAdam", {}), ("Adadelta", {}),
):
    def make(library):
        net = model()
        return net, getattr(library, name)(net.parameters(), lr=0.05, **options)

    (ours, mine), (theirs, its) = make(optim), make(torch.optim)
    close(run(ours, mine, range(6)), run(theirs, its, range(6)))
    for p in ours.parameters():
        for key, value in mine.state[p].items():
            if key in ("exp_avg", "momentum_buffer", "square_avg", "sum"):
                assert type(value) is type(p) and value.placements == p.placements, key
    for saving, saved, library in ((ours, mine, torch.optim), (theirs, its, optim)):
        where = f"{folder}/{name}-{library.__name__}"
        dcp.save({"state": of.get_optimizer_state_dict(saving, saved)}, checkpoint_id=where)
        net, other = make(library)
        net.load_state_dict(saving.state_dict())
        state = {"state": of.get_optimizer_state_dict(net, other)}
        dcp.load(state, checkpoint_id=where)
        of.set_optimizer_state_dict(net, other, state["state"])
        close(run(net, other, range(6, 9)), run(saving, saved, range(6, 9)))

net = model()
for optimizer in (optim.LARS(net.parameters(), lr=0.1), optim.LAMB(net.parameters())):
    before = [p.to_local().clone() for p in net.parameters()]
    try:
        run(net, optimizer, range(1))
    except ValueError as error:
        assert "param_groups[0]['params'][0] is a DTensor" in str(error), error
        assert "norm of all its shards" in str(error), error
    else:
        raise AssertionError("accepted")
    assert all(map(torch.equal, before, [p.to_local() for p in net.parameters()]))
run(net, optim.LAMB([{"params": net.parameters(), "layerwise": False}]), range(2))
dist.barrier()
dist.destroy_process_group()
print("equal")
"""


@pytest.mark.slow
def test_fully_sharded_models(tmp_path):
    run_two_ranks(FSDP, tmp_path)
