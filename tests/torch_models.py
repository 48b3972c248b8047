"""Models in PyTorch, their training, and comparisons; who imports this is skipped without torch."""

import io
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
optim = pytest.importorskip("pyfastopt.torch")

#: All but SparseAdam, whose options and state are Adam's, and not complex.
NAMES = [name for name in optim.__all__ if name != "SparseAdam"]


def run_two_ranks(code, folder):
    """Run code in two processes that meet by way of the folder; both have to end with "equal"."""
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("this torch has no gloo")
    ranks = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, str(rank), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    outputs = [process.communicate(timeout=300) for process in ranks]
    for output, errors in outputs:
        assert output.endswith("equal\n"), errors


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


def saved_and_loaded(state_dict):
    """What a file gives back."""
    file = io.BytesIO()
    torch.save(state_dict, file)
    file.seek(0)
    return torch.load(file)
