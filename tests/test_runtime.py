"""The choice of the instruction set, and what is said about it."""

from pathlib import Path

import interpreter
import numpy as np
import pytest

import pyfastopt as fo


def test_runtime_info():
    info = fo.runtime_info()
    assert info["version"] == fo.__version__
    assert info["isa"] in info["isas_available"]
    assert set(info["isas_available"]) <= set(info["isas_compiled"])
    assert info["isas_available"][0] == "baseline"
    assert info["numpy"] == np.__version__


def test_use_isa_lasts_or_restores():
    widest = fo.runtime_info()["isa"]
    with fo.use_isa("baseline"):
        assert fo.runtime_info()["isa"] == "baseline"
    assert fo.runtime_info()["isa"] == widest
    fo.use_isa("baseline")
    assert fo.runtime_info()["isa"] == "baseline"
    fo.use_isa(widest)


def test_the_choice_reaches_optimizers_that_exist(isa):
    with fo.use_isa("baseline"):
        p = np.ones(100, np.float32)
        opt = fo.Adam(p)
    opt.step(np.ones(100, np.float32))
    assert p[0] != 1


@pytest.mark.parametrize(("name", "error"), [(None, TypeError), ("\ud800", ValueError)])
def test_what_names_no_isa(name, error):
    with pytest.raises(error, match="isa = "):
        fo.use_isa(name)


def test_unknown_isa_lists_the_known():
    names = ", ".join(fo.runtime_info()["isas_available"])
    with pytest.raises(ValueError, match=f"isa = 'mmx' is not .*; use one of {names}"):
        fo.use_isa("mmx")


def test_names_end_where_they_end(isa):
    with pytest.raises(ValueError, match=r"isa = '.*\\x00x' must be a name without a NUL"):
        fo.use_isa(f"{isa}\0x")
    with pytest.raises(ValueError, match=r"rule = 'adam\\x00' must be a name without a NUL"):
        fo.option_struct("adam\0")


@pytest.mark.slow
def test_environment_chooses_the_isa(isa):
    code = "import pyfastopt; print(pyfastopt.runtime_info()['isa'])"
    assert interpreter.output(code, PYFASTOPT_ISA=isa) == isa
    message = interpreter.error("import pyfastopt", PYFASTOPT_ISA="mmx")
    assert "PYFASTOPT_ISA: isa = 'mmx' is not one that this CPU can run; use one of" in message


EVERY_RULE = f"""
import hashlib, itertools, sys, numpy as np, pyfastopt as fo
sys.path.insert(0, {str(Path(__file__).parent)!r})
from table import TABLE
digest = hashlib.sha256()
for row in TABLE:
    for dtype, case in itertools.product((np.float32, np.float64), row.variants):
        start = np.random.default_rng(1).standard_normal((2, 100_003)).astype(dtype)
        optimizer = row.optimizer(start[0], num_threads=1, **row.explicit(case))
        for _ in range(2):
            optimizer.step(start[1])
        digest.update(start[0])
print(digest.hexdigest(), fo.runtime_info()["prefetch"])
"""


@pytest.mark.slow
def test_prefetching_changes_no_bit():
    results = [interpreter.output(EVERY_RULE, PYFASTOPT_PREFETCH=choice) for choice in "01"]
    digest = results[0].split()[0]
    assert results == [f"{digest} False", f"{digest} True"]


def test_importing_leaves_the_floating_point_mode_alone():
    """A library linked with -ffast-math turns subnormals off for the whole process."""
    tiny = np.finfo(np.float32).smallest_subnormal
    assert np.float32(tiny) * np.float32(2) != 0
    p = np.full(64, 1.0, np.float32)
    fo.SGD(p, num_threads=2).step(p.copy())
    assert np.float32(tiny) * np.float32(2) != 0
