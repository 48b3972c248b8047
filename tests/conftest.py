"""Parameters that many tests share."""

import itertools
import os
from collections import defaultdict

import lanes
import numpy as np
import pytest
from c_library import Api
from table import LIBRARY, SANITIZED, TABLE, case_name

import pyfastopt as fo

CASES = [
    pytest.param(row, row.explicit(case), id=case_name(row, case))
    for row in TABLE
    for case in (row.variants if SANITIZED else row.cases)
]

ORACLES = [
    pytest.param(row, case, id=case_name(row, case))
    for row in TABLE
    for case in row.cases
    if case.framework in row.names
]

#: torch's name of an optimizer, and options: the cases of the table that torch.optim knows.
TORCH_CASES = [
    pytest.param(
        row.names["torch"],
        case.options,
        id="-".join([row.names["torch"], *(f"{k}={v}" for k, v in case.options.items())]),
    )
    for row in TABLE
    if "torch" in row.names
    for case in row.cases
    if case.framework == "torch"
]


def pytest_addoption(parser):
    parser.addoption(
        "--quick",
        action="store_true",
        help="no slow tests, and pairs of parameters only",
    )


def pytest_configure(config):
    if getattr(config.option, "numprocesses", None):
        # For the processes of pytest-xdist: OpenMP's threads would otherwise spin while they wait
        # for work, on CPUs that another process has work for.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_ignore_collect(collection_path, config):
    """Leave pyfastopt.torch out of the quick lane, but where its tests are named.

    Importing torch, and the first step of an optimizer of its kind, take as long as half the rest.
    """
    if config.getoption("--quick") and collection_path.name.startswith("test_torch"):
        names = (argument.partition("::")[0] for argument in config.args)
        named = [(config.invocation_params.dir / name).resolve() for name in names]
        return None if collection_path.resolve() in named else True
    return None


@pytest.hookimpl(trylast=True)  # so that the choice is made of what was asked for with -k and -m
def pytest_collection_modifyitems(config, items):
    if config.getoption("--quick"):
        chosen = set(kept := lanes.quick(items))
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = kept
    bring_together([i for i, item in enumerate(items) if "expected" in item.fixturenames], items)


def bring_together(places, items):
    """Put the cases that expect one result side by side: it is kept until another is asked for."""
    groups = defaultdict(list)
    for i in places:
        params = items[i].callspec.params
        groups[id(params["options"]), params["dtype"]].append(items[i])
    for i, item in zip(places, itertools.chain(*groups.values()), strict=True):
        items[i] = item


def pytest_generate_tests(metafunc):
    if {"row", "options"} <= set(metafunc.fixturenames):
        metafunc.parametrize(("row", "options"), CASES)
    elif "row" in metafunc.fixturenames:
        metafunc.parametrize("row", TABLE, ids=[row.name for row in TABLE])
    if "asked" in metafunc.fixturenames:
        metafunc.parametrize(("asking", "asked"), ORACLES)
    if "torch_options" in metafunc.fixturenames:
        metafunc.parametrize(("torch_name", "torch_options"), TORCH_CASES)
    if "dtype" in metafunc.fixturenames:
        metafunc.parametrize("dtype", [np.float32, np.float64], ids=["f32", "f64"])


@pytest.fixture(params=fo.runtime_info()["isas_available"])
def isa(request):
    with fo.use_isa(request.param):
        yield request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def in_double():
    """torch keeps the scalars of its state in float64 then, as ours are."""
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="session")
def library_path():
    return LIBRARY


@pytest.fixture(scope="session")
def api(library_path):
    return Api(library_path)
