"""What a step costs: each rule over sizes, real models, numbers of threads."""

import models
import pytest
from conftest import CLOCK
from optimizers import OPTIMIZERS
from peers import Case

import pyfastopt as fo

SIZES = [1_000, 10_000, 100_000, 1_000_000, 32_000_000]
MODELS = {
    "1 element": [(1,)],
    "digits MLP": models.digits_mlp(),
    "1000 arrays of 64": models.thousand_small(),
    "ResNet-50": models.resnet50(),
    "GPT-2 small": models.gpt2_small(),
}

CASES = [
    *(Case("sizes", make, f"{n:,} elements", [(n,)], 2) for make in OPTIMIZERS for n in SIZES),
    *(
        Case("models", fo.Adam, name, MODELS[name], threads)
        for name in MODELS
        for threads in (1, 2)
    ),
    *(
        Case(suite, make, "GPT-2 small", MODELS["GPT-2 small"], 2)
        for suite in ("rules", "streams")
        for make in OPTIMIZERS
    ),
    *(Case("torch", fo.AdamW, name, MODELS[name], 2) for name in MODELS),
]

SMOKE_ELEMENTS = 100_000


def pytest_generate_tests(metafunc):
    smoke = metafunc.config.getoption("--smoke")
    suite = metafunc.config.getoption("--suite")
    cases = [
        case
        for case in CASES
        if (suite is None or case.suite == suite)
        and (not smoke or case.info["elements"] <= SMOKE_ELEMENTS)
    ]
    metafunc.parametrize(
        ("case", "peer"),
        [
            pytest.param(case, peer, id=f"{case.name} - {peer}")
            for case in cases
            for peer in case.peers
        ],
    )


@pytest.mark.benchmark(timer=CLOCK)
def test_step(case, peer, report):
    report(case, peer)
