"""Parameters that many tests share."""

from pathlib import Path

import numpy as np
import pytest
from c_library import Api
from table import SANITIZED, TABLE, variant_name

import pyfastopt as fo

VARIANTS = [
    pytest.param(row, row.explicit(variant), id=variant_name(row, variant))
    for row in TABLE
    for variant in (row.kernels if SANITIZED else row.variants)
]

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


@pytest.fixture(scope="session")
def library_path():
    return next(Path(fo.get_library_dir()).glob("libfastopt.*"))


@pytest.fixture(scope="session")
def api(library_path):
    return Api(library_path)
