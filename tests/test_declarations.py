"""What follows from the fields of a class: signature, attributes, documentation."""

import inspect
import pydoc
import re
import sys
import typing

import numpy as np
import pytest

import pyfastopt as fo
from pyfastopt import _core, functional, optimizers
from pyfastopt.declaration import field

CLASSES = [getattr(fo, name) for name in [*optimizers.__all__, "LBFGS"]]
FUNCTIONS = [getattr(fo, name) for name in functional.__all__]


def vector():
    return np.ones(3, np.float32)


@pytest.mark.parametrize("made", [*CLASSES, *FUNCTIONS], ids=lambda made: made.__name__)
def test_every_parameter_is_described_with_its_default(made):
    doc = inspect.getdoc(made)
    for name, parameter in inspect.signature(made).parameters.items():
        entry = re.search(rf"^(?:.+, )?{name}(?:, .+)? : (.+)\n    \S", doc, re.MULTILINE)
        assert entry, f"the docstring lacks a sentence on {name}"
        if parameter.default not in (None, inspect.Parameter.empty):
            written = entry[1].split("default ")[1].strip('"')
            assert written == str(parameter.default), name
    assert made.__name__ in pydoc.render_doc(made)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_attributes(cls):
    optimizer = cls(vector())
    arguments = inspect.signature(cls).parameters
    assert [*arguments][:2] == ["params", "lr"]
    for name, parameter in arguments.items():
        by_position = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert by_position == (name in ("params", "lr"))
        if name not in ("params", "convention", "max_eval"):
            assert getattr(optimizer, name) == getattr(cls, name) == parameter.default
    assert not hasattr(optimizer, "__dict__")
    with pytest.raises(AttributeError):
        optimizer.learning_rate = 0.1
    with pytest.raises(TypeError, match="positional arguments"):
        cls(vector(), 1e-3, (0.9, 0.99))
    with pytest.raises(TypeError, match="there is no option 'learning_rate'; the options are lr,"):
        cls(vector(), learning_rate=0.1)


@pytest.mark.parametrize("name", optimizers.__all__)
def test_defaults_have_the_types_of_the_library(name):
    cls = getattr(fo, name)
    values, _ = _core.describe(cls.rule, dict(cls.defaults))
    assert values == cls.defaults
    assert [*map(type, values.values())] == [*map(type, cls.defaults.values())]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python could not resolve InitVar")
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_types_can_be_asked_for(cls):
    assert typing.get_type_hints(cls)["lr"] is float


def test_options_that_are_given_override_the_convention_even_with_the_default():
    assert fo.Adam(vector(), convention="keras").eps == 1e-7
    assert fo.Adam(vector(), convention="keras", eps=1e-8).eps == 1e-8
    assert fo.SGD(vector(), convention="keras").lr == 1e-2
    assert fo.SGD(vector(), 1e-3, convention="keras").lr == 1e-3


def test_a_frameworks_optimizers_are_not_users_classes():
    class OfMine(fo.Adam):
        pass

    with pytest.raises(ValueError, match="'keras' has no ASGD; it has SGD, Momentum, ") as caught:
        fo.ASGD(vector(), convention="keras")
    assert OfMine.__name__ not in str(caught.value)


LION = {
    "lr": 1e-4,
    "decoupled_weight_decay": True,
    "betas": (0.9, 0.99),
    "__annotations__": {"betas": "Pair"},
}


@pytest.mark.parametrize(
    ("change", "rule", "message"),
    [
        (
            {"lr": 1e-3},
            "lion",
            r"rule 'lion': lr is 0\.001 here, 0\.0001 there\. Make both alike, and",
        ),
        ({"__annotations__": {}}, "lion", r"betas is missing here, \(0\.9, 0\.99\) there"),
        (
            {"eps": 1.0, "__annotations__": {"betas": "Pair", "eps": "float"}},
            "lion",
            r"eps is 1\.0 here, missing there",
        ),
        ({}, "lyon", "Wrong: rule = 'lyon' is not one of sgd, .*; make both alike, and build"),
        (
            {"conventions": {"kerras": {}}},
            "lion",
            r"\['kerras'\]; the frameworks are torch, keras,",
        ),
    ],
)
def test_a_declaration_that_is_not_the_librarys_is_refused(change, rule, message):
    type(fo.Optimizer)("Right", (fo.Optimizer,), dict(LION), rule="lion")
    with pytest.raises(TypeError, match=message):
        type(fo.Optimizer)("Wrong", (fo.Optimizer,), {**LION, **change}, rule=rule)


def test_defaults_of_a_class_are_fixed():
    with pytest.raises(TypeError, match=r"Adam\.lr is the default of an option, and fixed; derive"):
        fo.Adam.lr = 0.5
    with pytest.raises(TypeError):
        fo.Adam.defaults["lr"] = 0.5
    assert fo.Adam(vector()).lr == fo.Adam.lr == 1e-3


def test_subclasses_may_have_another_convention_and_number_of_threads():
    class Mine(fo.Adam):
        convention = "keras"
        num_threads = 2
        lr = 0.5

    mine = Mine(vector(), 0.25)
    assert (mine.lr, mine.eps, mine.num_threads) == (0.25, 1e-7, 2)
    assert Mine(vector(), convention="torch", num_threads=1).eps == 1e-8
    assert inspect.signature(Mine).parameters["lr"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD

    class Searching(fo.LBFGS):
        num_threads = 3

    assert Searching(vector()).num_threads == 3


def test_subclasses_of_users():
    class Mine(fo.Adam):
        """Adam as I like it."""

        lr: float = field(default=0.5, kw_only=False)
        betas = (0.5, 0.5)

        def __init__(self, params, note):
            super().__init__(params)
            self.note = note

    mine = Mine(vector(), "hello")
    assert (mine.lr, mine.betas, mine.note) == (0.5, (0.5, 0.5), "hello")
    mine.lr = 0.25
    assert mine.param_groups[0]["lr"] == 0.25
    assert [*inspect.signature(Mine).parameters] == ["params", "note"]
    assert Mine.__doc__ == "Adam as I like it."
    assert fo.Adam(vector()).betas == (0.9, 0.999)


def test_the_base_has_no_rule():
    with pytest.raises(TypeError, match="Optimizer has no rule to step by; use a subclass"):
        fo.Optimizer(vector())
