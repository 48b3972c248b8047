"""pyfastopt.torch: tensors of any layout, and memory that moves."""

import gc
import weakref

import pytest
from torch_models import assert_close, optim, torch

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


def test_reference_cycles_through_an_optimizer_are_collected():
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.ones(3)
    p.optimizer = optim.Adam([p])
    p.optimizer.step()
    p.optimizer.state_dict()
    p.optimizer.step()
    left = weakref.ref(p)
    del p
    gc.collect()
    assert left() is None
