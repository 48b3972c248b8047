"""The stubs for what is made at run time are those that the declarations and the library give."""

import inspect
import sys
from pathlib import Path

import pytest

import pyfastopt as fo
from pyfastopt import _core, functional, optimizers

ROOT = Path(__file__).parent.parent
GENERATE = ROOT / "csrc" / "generate"
STUBS = ROOT / "pyfastopt" / "_stubs"

pytestmark = pytest.mark.skipif(
    not GENERATE.exists() or not STUBS.exists(), reason="the source tree has no generator"
)


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.syspath_prepend(str(GENERATE))
    yield __import__("stubs")
    for name in ("stubs", "declarations"):
        sys.modules.pop(name, None)


@pytest.fixture
def declarations(generator):
    return sys.modules["declarations"].read(ROOT / "pyfastopt" / "optimizers")


def described():
    """What the library says of its rules, as the generator takes it."""
    rules = []
    for name, _, members, slots in _core.rules():
        variants = [found for rule, found in _core.kernels() if rule == name]
        defaults, _ = _core.describe(name, {})
        rules.append(
            {
                "name": name,
                "options": [
                    {
                        "name": option,
                        "kind": ("number", "pair", "flag")[kind],
                        "domain": domain,
                        "default": defaults[option],
                    }
                    for option, kind, domain, _ in members
                ],
                "slots": list(slots),
                "optional_slots": [s for s in slots if not all(s in v for v in variants)],
            }
        )
    return {"rules": rules}


@pytest.mark.parametrize("name", ["functional", "optimizers", "torch"])
def test_stubs_are_current(generator, declarations, name):
    text = getattr(generator, f"{name}_stub")(described(), declarations)
    assert (STUBS / f"{name}.pyi").read_text(encoding="utf-8") == text


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
