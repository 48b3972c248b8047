"""What type checkers accept and refuse of the classes, the raw functions and pyfastopt.torch."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Each line with the code of mypy's error, if it has one.
USES = """
from typing import Any
import numpy as np
import pyfastopt as fo
a: Any = np.ones(3)
fo.Adam(a)
fo.Adam([a, {"b": a}], 1e-3, betas=(0.9, 0.99), convention="keras", num_threads=2)
fo.AdamW([{"params": [a], "lr": 0.1}], lr=0.5, weight_decay=0.1).step([[a]])
W, b = np.ones((3, 2)), np.ones(2)
fo.AdamW([{"params": [W]}, {"params": [b], "weight_decay": 0.0}], lr=1e-3).step([[W], [b]])
fo.Adam([W, {"b": b}]).step([W, {"b": None}])
fo.Adam(x for x in [W, b]).step([W, 0.5])
fo.LBFGS({"W": W}.values()).load_state_dict({})
new: list[str] = fo.Adam([{"params": iter([a]), "name": "x"}]).load_state_dict({}, strict=False).new
fo.Adam(a).add_param_group({"params": b, "lr": 0.1})
fo.Adam(a, beta=(0.9, 0.9))  # call-arg
fo.Adam(a, eps="x")  # arg-type
fo.Adam(a, 1e-3, (0.9, 0.99))  # arg-type call-arg
fo.Adam(a, betas=0.9)  # arg-type
fo.Adam(a, convention="caffe")  # arg-type
fo.Adam(a, lr=None)  # arg-type
fo.Adam()  # call-arg
opt = fo.SGD(a, lr=0.1, momentum=0.9)
opt.lr = 0.5
opt.num_threads = None
rate: float = opt.lr
opt.lr = "fast"  # assignment
opt.learning_rate = 0.5  # attr-defined
wrong: str = opt.momentum  # assignment
base: fo.Optimizer = opt
base.weight_decay = 0.1
loss: float = fo.LBFGS(a, 0.5, max_iter=3, line_search_fn="strong_wolfe").step(lambda: (0.0, a))
fo.LBFGS(a, line_search_fn="armijo")  # arg-type
fo.LBFGS(a, max_iters=3)  # call-arg
fo.adam_(a, a, a, a, step=3, lr=1e-3)
fo.adam_(a, a, a, a, a, step=3, amsgrad=True)
fo.adam_(a, a, a, step=3)  # call-arg
fo.adam_(a, a, a, a, step=3, rate=1e-3)  # call-arg
fo.adam_(a, a, a, a, step=3, betas=0.9)  # arg-type
fo.adam_(a, a, a, a, 3)  # arg-type call-arg
fo.sgd_(a, a, step=1)
fo.preset("keras", fo.Adam)
fo.preset("caffe", fo.Adam)  # arg-type
"""

WITH_TORCH = """
import torch
from pyfastopt import torch as optim
p = [torch.nn.Parameter(torch.ones(2))]
optim.AdamW(p, 1e-3, betas=(0.9, 0.99)).num_threads = 2
optim.RMSprop(p).step()
optim.Lion(p, lr=1e-3, betas=(0.9, 0.99)).step(lambda: 0.5)
optim.Lion(p, beta=(0.9, 0.99))  # call-arg
optim.Lion(p, 1e-3, (0.9, 0.99))  # arg-type call-arg
optim.LARS(p, momentum="x")  # arg-type
optim.Adam(p, beta=0.9)  # call-arg
optim.LBFGS(p).step()  # call-arg
optim.RMSProp(p)  # attr-defined
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mypy") is None, reason="needs mypy")
@pytest.mark.parametrize("source", [USES, WITH_TORCH], ids=["arrays", "tensors"])
def test_mypy(tmp_path, source):
    if source is WITH_TORCH and find_spec("torch") is None:
        pytest.skip("needs torch")
    file = tmp_path / "uses.py"
    file.write_text(source)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    result = subprocess.run(
        [*command, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not result.stderr
    found = {}
    for path, line, code in re.findall(
        r"^(.+?):(\d+): error: .*\[([\w-]+)\]$", result.stdout, re.M
    ):
        assert Path(path).name == file.name, result.stdout
        found.setdefault(int(line), set()).add(code)
    expected = {
        i: set(line.split("#")[1].split())
        for i, line in enumerate(source.splitlines(), start=1)
        if "#" in line
    }
    assert found == expected, result.stdout
