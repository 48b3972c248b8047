"""Parameters that many tests share."""

import numpy as np
import pytest
from table import SANITIZED, TABLE, variant_name

import pyfastopt as fo
from pyfastopt import _core


def variants():
    """Every variant; under sanitizers the last of those that touch the same arrays."""
    found = {}
    for row in TABLE:
        for variant in row.variants:
            options = row.explicit(variant)
            name = variant_name(row, variant)
            _, slots = _core.describe(row.optimizer.rule, {**row.optimizer.defaults, **options})
            memory = (row.name, *slots) if SANITIZED else name
            found[memory] = pytest.param(row, options, id=name)
    return list(found.values())


VARIANTS = variants()

ORACLES = [
    pytest.param(row, variant, id=variant_name(row, variant))
    for row in TABLE
    for variant in row.variants
    if variant.framework in row.names
]


def pytest_generate_tests(metafunc):
    if {"row", "options"} <= set(metafunc.fixturenames):
        metafunc.parametrize(("row", "options"), VARIANTS)
    elif "row" in metafunc.fixturenames:
        metafunc.parametrize("row", TABLE, ids=[row.name for row in TABLE])
    if "asked" in metafunc.fixturenames:
        metafunc.parametrize(("asking", "asked"), ORACLES)
    if "dtype" in metafunc.fixturenames:
        metafunc.parametrize("dtype", [np.float32, np.float64], ids=["f32", "f64"])


@pytest.fixture(params=fo.runtime_info()["isas_available"])
def isa(request):
    with fo.use_isa(request.param):
        yield request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20)
