"""pyfastopt.torch: torch's optimizers in all but the loop, by formula and bits."""

import inspect

import numpy as np
import pytest
from torch_models import assert_close, both, flat, optim, run, torch

import pyfastopt as fo


def test_every_optimizer_has_its_class():
    plain = {c for c in vars(fo).values() if isinstance(c, type) and issubclass(c, fo.Optimizer)}
    fused = set(optim.__all__) - {"LBFGS"}
    assert {getattr(optim, name)._plain for name in fused - {"SparseAdam"}} == plain - {
        fo.Optimizer
    }
    for name in set(optim.__all__) & set(torch.optim.__all__):
        ours, torchs = getattr(optim, name), getattr(torch.optim, name)
        assert issubclass(ours, torchs)
        assert inspect.signature(ours) == inspect.signature(torchs)
    for name in fused - set(torch.optim.__all__):
        ours = getattr(optim, name)
        assert [*inspect.signature(ours).parameters] == ["params", *ours._plain.defaults]


@pytest.mark.parametrize("number", [1, 2, 5000])
def test_torchs_number_of_threads_is_a_limit(monkeypatch, number):
    """Of what is chosen, also where it is more than the library can be asked for."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: number)
    p = torch.nn.Parameter(torch.ones(1 << 20))
    p.grad = torch.ones_like(p)
    optimizer = optim.SGD([p], lr=1.0)
    assert optimizer.threading is None
    optimizer.step()
    most = min(number, fo.runtime_info()["num_threads"])
    assert optimizer.threading["most"] == most
    assert optimizer.threading["reason"] == ("measured" if most > 1 else "limited")
    optimizer.num_threads = 2
    optimizer.step()
    assert optimizer.threading["reason"] == "exact"
    x = torch.nn.Parameter(torch.ones(1 << 20))

    def closure():
        x.grad = 2 * x.detach()
        return (x.detach() ** 2).sum()

    optim.LBFGS([x], line_search_fn="strong_wolfe").step(closure)
    assert (x == 0).all()


@pytest.mark.slow
def test_formula(torch_name, torch_options, in_double):
    (ours, optimizer), (torchs, reference) = both(torch_name, torch_options)
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
    del optimizer.param_groups[0]["lr"]
    with pytest.raises(ValueError, match=r"^param_groups\[0\] has no entry \['lr'\]"):
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


def test_a_new_plan_knows_what_the_last_one_learned():
    memory = torch.ones(2, 1 << 20)
    p = torch.nn.Parameter(memory[0])
    optimizer = optim.Adam([p])
    p.grad = torch.ones(1 << 20)
    for step in range(40):
        p.data = memory[step % 2]
        if step % 5 == 0:
            optimizer.load_state_dict(optimizer.state_dict())
        optimizer.step()
    told = optimizer.threading
    assert len(told["seconds"]) > 1 or (told["reason"] == "limited" and told["most"] == 1)
