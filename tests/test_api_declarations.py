"""The C API: what it exports and declares."""

import ctypes
import re
import shutil
import sys

import binaries
import numpy as np
import pytest
from c_library import (
    ABI_VERSION,
    FUNCTIONS,
    HEADER_TEXTS,
    MAX_SLOTS,
    RULES,
    VariantInfo,
    of_class,
    reported,
    rule_of,
    slots_of,
    values,
)

import pyfastopt as fo
from pyfastopt import _core, capi


def test_every_declaration_is_found():
    declarations = re.findall("^FASTOPT_API", "".join(HEADER_TEXTS), re.MULTILINE)
    assert len(FUNCTIONS) == len(declarations) > 20


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


def test_rules_and_variants(api):
    rules = []
    while info := api.rule(len(rules)):
        rules.append(info.contents)
    for rule in rules:
        assert reported(rule) == RULES[rule.name.decode()]
        assert api.find_rule(rule.name).contents.name == rule.name
    assert [rule.name.decode() for rule in rules] == list(RULES)
    variants = []
    while info := api.variant(len(variants)):
        variants.append((info.contents.rule.decode(), slots_of(info.contents)))
    assert variants == _core.variants()
    for missing in (api.rule(2**64 - 1), api.variant(2**64 - 1), api.find_rule(None)):
        assert not missing


def test_variant_of_options(api, row, options):
    record = of_class(row.optimizer(np.ones(3), **options))
    variant, initial = ctypes.POINTER(VariantInfo)(), (ctypes.c_double * MAX_SLOTS)()
    api.options_variant(record.ctypes, ctypes.byref(variant), initial)
    found = dict(zip(slots_of(variant.contents), initial, strict=False))
    assert found == _core.describe(rule_of(record), values(record))[1]
