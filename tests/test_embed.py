"""What other code needs to build on the library: directories, flags, structs of options."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

import pyfastopt as fo
from pyfastopt import _core
from pyfastopt.__main__ import main

IN_BUILD_FOLDER = (Path(_core.__file__).parent.parent / "CMakeCache.txt").exists()


@pytest.fixture(scope="module")
def library(library_path):
    return ctypes.CDLL(str(library_path))


def fields(record):
    """Name and value of each option: without the library's own two, which come first."""
    names = record.dtype.names
    assert names[:2] == ("size", "rule")
    return {name: record[name][0].tolist() for name in names[2:]}


def members(options):
    """The same of a dictionary of options."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}


# ---- where things are ---------------------------------------------------------------------------


# What find_package and pkg-config read is written by the installation.
installed = pytest.mark.skipif(IN_BUILD_FOLDER, reason="the package runs from a build folder")


@pytest.mark.parametrize(
    ("directory", "names"),
    [
        (fo.get_include, ["fastopt.h", "fastopt.hpp", "fastopt_rules.h", "fastopt_rules.hpp"]),
        (fo.get_library_dir, ["libfastopt.*"]),
        pytest.param(
            fo.get_cmake_dir,
            ["pyfastoptConfig.cmake", "pyfastoptConfigVersion.cmake"],
            marks=installed,
        ),
        pytest.param(fo.interop.get_pkgconfig_dir, ["fastopt.pc"], marks=installed),
    ],
)
def test_directories(directory, names):
    for name in names:
        assert list(Path(directory()).glob(name)), name


@pytest.mark.parametrize(
    ("flags", "output"),
    [
        ("--cflags", "-I{include}"),
        ("--libs", "-L{lib} -lfastopt -Wl,-rpath,{lib}"),
        ("--cflags --libs", "-I{include} -L{lib} -lfastopt -Wl,-rpath,{lib}"),
        ("--cmakedir", "{lib}/cmake/pyfastopt"),
        ("--pkgconfigdir", "{lib}/pkgconfig"),
    ],
)
def test_flags(capsys, flags, output):
    assert main(flags.split()) == 0
    expected = output.format(include=fo.get_include(), lib=fo.get_library_dir())
    assert capsys.readouterr().out == f"{expected}\n"


# ---- structs of options -------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [rule for rule, *_ in _core.rules()])
def test_defaults_are_those_in_c(library, rule):
    record = fo.option_struct(rule)
    in_c = np.zeros_like(record)
    size = ctypes.c_size_t(record.nbytes)
    assert library.fastopt_options_init(rule.encode(), in_c.ctypes, size) == 0
    assert fields(record) == fields(in_c) == members(_core.describe(rule, {})[0])
    assert record["size"] == in_c["size"] == record.nbytes
    assert ctypes.string_at(int(record["rule"][0])) == rule.encode()


def test_values():
    record = fo.option_struct("adam", lr=0.5, betas=(0.25, 0.75), amsgrad=True)
    changed = {"lr": 0.5, "betas": [0.25, 0.75], "amsgrad": 1}
    assert fields(record) == {**fields(fo.option_struct("adam")), **changed}


@pytest.mark.parametrize(
    ("rule", "options", "error", "message"),
    [
        ("adamant", {}, ValueError, "rule = 'adamant' is not one of sgd, "),
        ("adam", {"momentum": 0.9}, TypeError, "there is no option 'momentum'; the options are"),
        ("adam", {"eps": -1.0}, ValueError, "eps = -1 must be a finite number >= 0"),
        ("adam", {"lr": "fast"}, TypeError, "lr = 'fast' must be a finite number, in"),
        ("adam", {"betas": (0.9, 1.0)}, ValueError, r"betas\[1\] = 1 must be a number in \[0, 1\)"),
        ("adam", {"amsgrad": 2}, TypeError, "amsgrad = 2 must be True or False"),
        ("sgd", {"nesterov": True, "dampening": 1.0}, ValueError, "nesterov needs dampening = 0"),
    ],
)
def test_errors(rule, options, error, message):
    with pytest.raises(error, match=message):
        fo.option_struct(rule, **options)


def test_a_call_by_address_gives_the_same_bits(library, row, options, dtype, rng):
    p = rng.standard_normal(50).astype(dtype)
    q = p.copy()
    optimizer = row.optimizer(p, **options)
    rule, slots = next((rule[0], rule[3]) for rule in _core.rules() if rule[0] == row.rule)
    used = {name: v for name, v in optimizer.param_groups[0].items() if name != "params"}
    record = fo.option_struct(rule, **used)
    state = {name: v.copy() for name, v in optimizer.state[0].items() if name != "step"}
    pointers = [state[name].ctypes if name in state else None for name in slots]
    step_in_c = library[f"fastopt_{rule}_f{8 * p.itemsize}"]
    count = ctypes.c_size_t(q.size)
    for step in range(1, 4):
        optimizer.lr = record["lr"] = 0.1 / step
        g = rng.standard_normal(50).astype(dtype)
        optimizer.step(g)
        arguments = record.ctypes, ctypes.c_int64(step), count, q.ctypes, g.ctypes, *pointers, 0
        assert step_in_c(*arguments) == 0
    assert np.array_equal(p, q)
    for name, array in state.items():
        assert np.array_equal(array, optimizer.state[0][name]), name
