"""The commands, as they are run."""

from pathlib import Path

import interpreter
import numpy as np
import pytest
from table import TABLE

import pyfastopt as fo

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


def command(*arguments, cwd=None):
    return interpreter.python("-m", "pyfastopt", *arguments, cwd=cwd)


@pytest.mark.parametrize("root", [False, True])
def test_info(tmp_path, root):
    """From the clone's root too, where the source folder hides the installed package."""
    result = command("info", cwd=ROOT if root else tmp_path)
    assert result.returncode == 0, result.stderr
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines.keys() == fo.runtime_info().keys()
    assert lines["version"] == fo.__version__
    assert "baseline" in lines["isas_available"]


@pytest.mark.parametrize("arguments", ["", "fly", "train --epochs 0", "train --epochs x"])
def test_wrong_usage(arguments):
    assert command(*arguments.split()).returncode == 2


def test_train_says_what_is_missing():
    code = (
        "import sys; sys.modules['rich'] = None; import pyfastopt.__main__ as m; m.main(['train'])"
    )
    assert "pip install 'pyfastopt[train]'" in interpreter.python("-c", code).stderr


class TestTrain:
    @pytest.fixture(autouse=True)
    def _needs_extras(self):
        for name in ("matplotlib", "rich", "sklearn"):
            pytest.importorskip(name)

    def test_all_optimizers(self, tmp_path):
        out = tmp_path / "curves.png"
        result = command("train", "--epochs", "2", "--hidden", "16", "--out", out)
        assert result.returncode == 0, result.stderr
        rows = {line.split()[1]: line for line in result.stdout.splitlines() if " yes " in line}
        assert set(rows) == {row.name for row in TABLE} | {"LBFGS"}
        assert out.read_bytes().startswith(b"\x89PNG")

    def test_options(self, tmp_path):
        result = command(
            "train", "--optimizer", "adam", "--optimizer", "SGD", "--epochs", "1",
            "--dtype", "float64", "--threads", "2", "--out", "x.png", cwd=tmp_path,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert "float64, 1 epochs" in result.stdout
        assert result.stdout.count(" yes ") == 2
        assert (tmp_path / "x.png").exists()

    def test_adam_learns_to_read(self):
        from pyfastopt.train import Digits, run

        data = Digits.load("float32")
        trained = run(fo.Adam, data, epochs=20, hidden=128, tick=lambda: None)
        assert trained.accuracy >= 0.96
        assert trained.losses[-1] < trained.losses[0] / 10

    def test_gradients_against_differences(self):
        from pyfastopt.train import Digits, init, loss_and_gradients

        data = Digits.load("float64")
        params = init(8, "float64")
        x, y = data.x[:20], data.y[:20]
        _, grads = loss_and_gradients(params, x, y)
        for p, g in zip(params, grads, strict=True):
            at = np.unravel_index(np.abs(g).argmax(), g.shape)
            losses = []
            for shift in (1e-6, -2e-6):
                p[at] += shift
                losses.append(loss_and_gradients(params, x, y)[0])
            p[at] += 1e-6
            assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(g[at], rel=1e-5)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--optimizer", "Adamant"], "--optimizer Adamant is none of SGD, "),
            (["--out", "nowhere/x.png"], "--out nowhere/x.png: No such file or directory; name"),
            (["--threads", "1025"], "num_threads = 1025 must be an integer from 1 to 1024"),
        ],
    )
    def test_bad_values(self, tmp_path, arguments, message):
        result = command("train", *arguments, cwd=tmp_path)
        assert result.returncode == 2
        assert message in result.stderr
