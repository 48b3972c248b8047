"""What is generated is what the declarations give, in the package and in the repository."""

import inspect

import description
import generate
import pytest
from c_library import INCLUDE, ROOT
from declarations import read

import pyfastopt as fo
from pyfastopt import _core, functional, optimizers

STUBS = ROOT / "pyfastopt" / "_stubs"


@pytest.fixture(scope="module")
def declarations():
    return read(ROOT / "pyfastopt" / "optimizers")


@pytest.fixture(scope="module")
def rules():
    """What the library says of its rules, as the program of the build prints it."""
    found = []
    for name, _, members, _ in _core.rules():
        defaults, _ = _core.describe(name, {})
        options = [
            description.Option(option, ("number", "pair", "flag")[kind], domain, defaults[option])
            for option, kind, domain, _ in members
        ]
        (title,) = (c for c in optimizers.__all__ if c.lower() == name)
        variants = [list(slots) for rule, slots in _core.variants() if rule == name]
        found.append(description.Rule(name, title, options, variants))
    return found


def test_the_package_has_what_is_generated(rules):
    texts = generate.of_the_build(rules, ROOT)
    for name in ("fastopt_rules.h", "fastopt_rules.hpp"):
        assert (INCLUDE / name).read_text() == texts[f"pyfastopt/include/{name}"]
    assert (INCLUDE.parent / "capi.pxd").read_text() == texts["pyfastopt/capi.pxd"]


def test_stubs_and_tables_are_current(rules):
    for name, text in generate.of_the_sources(rules, ROOT).items():
        is_current = (ROOT / name).read_text(encoding="utf-8") == text
        assert is_current, f"{name}: run ninja -C build/default sources"


def test_declarations_are_read_as_they_are_run(declarations):
    assert {d.name for d in declarations} == set(optimizers.__all__)
    for declaration in declarations:
        cls = getattr(fo, declaration.name)
        assert (declaration.rule, declaration.torch) == (cls.rule, cls.torch_name)
        assert declaration.base == cls.__base__.__name__
        assert declaration.conventions == vars(cls).get("conventions", {})
        for field in declaration.fields.values():
            assert cls.defaults[field.name] == field.default
            assert cls.fields[field.name].annotation == field.annotation
        assert getattr(functional, declaration.function).__name__ == declaration.function


def test_stubs_have_the_signatures_of_the_functions():
    namespace = {"Array": "Array", "Pair": "Pair"}
    source = (STUBS / "functional.pyi").read_text(encoding="utf-8")
    source = source.replace("from .._types import Array, Pair", "")
    exec("from __future__ import annotations\n" + source, namespace)
    for name in functional.__all__:
        assert str(inspect.signature(namespace[name])) == str(
            inspect.signature(getattr(fo, name))
        ), name
