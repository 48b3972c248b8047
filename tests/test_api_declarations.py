"""The C API: what is generated, exported and declared."""

import ctypes
import importlib.util
import re
import shutil
import sys

import binaries
import numpy as np
import pytest
from c_library import (
    ABI_VERSION,
    FUNCTIONS,
    HEADER,
    MAX_SLOTS,
    ROOT,
    RULES,
    KernelInfo,
    of_class,
    reported,
    rule_of,
    slots_of,
    values,
)

import pyfastopt as fo
from pyfastopt import _core, capi


@pytest.mark.slow
def test_generated_files_are_current(monkeypatch):
    place = ROOT / "csrc" / "generate_api.py"
    if not place.exists():
        pytest.skip("the source tree has no generator")
    spec = importlib.util.spec_from_file_location(place.stem, place)
    generator = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, place.stem, generator)  # where dataclasses look
    spec.loader.exec_module(generator)
    for file, text in generator.contents().items():
        assert file.read_text() == text, f"{file.name}: run python csrc/generate_api.py"


def test_every_declaration_is_found():
    assert len(FUNCTIONS) == len(re.findall("^FASTOPT_API", HEADER, re.MULTILINE)) > 20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("nm"), reason="needs nm, and ELF")
def test_exports(library_path):
    lines = binaries.output("nm", "-D", "--defined-only", library_path).splitlines()
    version = f"FASTOPT_{ABI_VERSION}"
    expected = {version, *(f"{name}@@{version}" for name in FUNCTIONS)}
    assert {line.split()[-1] for line in lines} == expected


def test_the_python_module_offers_every_function():
    assert set(capi.__pyx_capi__) >= {name.removeprefix("fastopt_") for name in FUNCTIONS}


def test_versions(api):
    assert api.abi_version() == ABI_VERSION
    assert api.version().decode() == fo.__version__


def test_rules_and_kernels(api):
    rules = []
    while info := api.rule(len(rules)):
        rules.append(info.contents)
    for rule in rules:
        assert reported(rule) == RULES[rule.name.decode()]
        assert api.find_rule(rule.name).contents.name == rule.name
    assert [rule.name.decode() for rule in rules] == list(RULES)
    kernels = []
    while info := api.kernel(len(kernels)):
        kernels.append((info.contents.rule.decode(), slots_of(info.contents)))
    assert kernels == _core.kernels()
    for missing in (api.rule(2**64 - 1), api.kernel(2**64 - 1), api.find_rule(None)):
        assert not missing


def test_kernel_of_options(api, row, options):
    record = of_class(row.optimizer(np.ones(3), **options))
    kernel, initial = ctypes.POINTER(KernelInfo)(), (ctypes.c_double * MAX_SLOTS)()
    api.options_kernel(record.ctypes, ctypes.byref(kernel), initial)
    found = dict(zip(slots_of(kernel.contents), initial, strict=False))
    assert found == _core.describe(rule_of(record), values(record))[1]
