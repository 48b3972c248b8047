"""Keys, texts and classes of any kind: nothing is cut, swapped, swallowed or decoded wrongly."""

import ctypes
import gc
import sys
import weakref

import numpy as np
import pytest

import pyfastopt as fo

LONG_KEYS = ["é" * 90, "a" + "é" * 90, "中" * 60, "x" * 70 + "😀" * 9]


class Called:
    """A key, or a value, whose repr() is whatever is wanted."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


@pytest.mark.parametrize("key", LONG_KEYS)
def test_a_state_dict_has_whole_keys(key):
    p = np.zeros(3)
    opt = fo.SGD({key: [p]}, lr=1.0)
    assert opt.state_dict()["param_groups"][0]["param_names"] == [f"[{key!r}][0]"]


def test_keys_that_begin_alike_are_told_apart():
    a, b = "k" * 90 + "a", "k" * 90 + "b"
    opt = fo.Adam({a: np.zeros(3), b: np.zeros(3)})
    opt.step({a: np.ones(3), b: np.full(3, -7.0)})
    other = fo.Adam({b: np.zeros(3), a: np.zeros(3)})
    with pytest.raises(ValueError, match="is of other parameters"):
        other.load_state_dict(opt.state_dict())
    assert not any(slot.any() for s in other.state for k, slot in s.items() if k != "step")


@pytest.mark.parametrize("optimizer", [fo.Adam, fo.LBFGS])
def test_keys_that_cannot_be_told_apart(optimizer):
    opt = optimizer({Called("key"): np.zeros(3), Called("key"): np.zeros(3)})
    with pytest.raises(ValueError, match=r"two parameters are both at \[key\], so that a state"):
        opt.state_dict()


USES = {
    "params": lambda bad: fo.SGD([bad]),
    "lr": lambda bad: fo.SGD(np.zeros(3), lr=bad),
    "num_threads": lambda bad: fo.SGD(np.zeros(3), num_threads=bad),
    "grads": lambda bad: fo.SGD(np.zeros(3)).step(bad),
    "keys": lambda bad: fo.SGD({bad: bad}),
    "another key": lambda bad: fo.SGD({bad: np.zeros(3)}).step({"W": np.zeros(3)}),
    "a raw function": lambda bad: fo.sgd_(np.zeros(3), bad, step=1),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("bad", [*LONG_KEYS[:2], "\ud800", Called("\ud800"), Called("é" * 90)])
def test_messages_have_texts_of_any_kind(use, bad):
    with pytest.raises((TypeError, ValueError)) as caught:
        use(bad)
    assert not isinstance(caught.value, UnicodeError)
    short = repr(bad)[:80].encode("utf-8", "backslashreplace").decode()
    assert short in str(caught.value)
    assert repr(bad)[:81] not in str(caught.value) or len(repr(bad)) < 81


def test_an_option_of_any_name():
    with pytest.raises(TypeError, match=r"there is no option '\\ud800'; the options are lr"):
        fo.SGD(np.zeros(3), **{"\ud800": 1.0})


def test_the_native_byte_order_by_any_name():
    own = np.dtype("f8").newbyteorder("<" if sys.byteorder == "little" else ">")
    memory = (ctypes.c_double * 4)()
    ones = (ctypes.c_double * 4)(1, 1, 1, 1)
    for p in (memory, np.zeros(4, own), np.zeros(4)):
        for g in (ones, np.ones(4, own), np.ones(4)):
            before = p[0]
            fo.SGD([p], lr=1.0).step([g])
            fo.sgd_(np.frombuffer(p), g, step=1, lr=1.0)
            assert p[0] == before - 2


def test_interrupts_are_not_taken_for_a_missing_attribute():
    class Interrupted:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fo.SGD([Interrupted()])
    with pytest.raises(KeyboardInterrupt):
        fo.SGD(np.zeros(3)).step(Interrupted())


def test_a_key_whose_repr_changes_the_dictionary():
    class Key:
        def __repr__(self):
            params.clear()
            return "key"

    params = {Key(): np.zeros(3), **{i: np.zeros(2) for i in range(50)}}
    with pytest.raises(ValueError, match=r"^params: expected a dict with the keys key, 0, 1"):
        fo.SGD(params)


class Aware(np.ndarray):
    """An array that may know its optimizer."""


class Key:
    """A key that may know its optimizer."""


@pytest.mark.parametrize("optimizer", [fo.Adam, fo.LBFGS])
@pytest.mark.parametrize("holder", [Aware, Key])
def test_reference_cycles_through_an_optimizer_are_collected(optimizer, holder):
    array, key = np.ones(3).view(Aware), Key()
    known = array if holder is Aware else key
    known.optimizer = optimizer({key: array})
    if optimizer is fo.Adam:
        known.optimizer.step({key: np.ones(3)})
    left = weakref.ref(known)
    del known, array, key
    gc.collect()
    assert left() is None


def test_a_collection_in_the_middle_of_a_constructor_or_a_step():
    class Gradient:
        def __array__(self):
            raise AssertionError("not asked for")

        def __dlpack_device__(self):
            return np.ones(2).__dlpack_device__()

        def __dlpack__(self, **kwargs):
            gc.collect()
            return np.ones(2).__dlpack__(**kwargs)

    p = np.ones(2)
    opt = fo.SGD([p, Gradient()])
    opt.step([Gradient(), None])
    assert (p == 0.999).all()


class Unspeakable:
    def __repr__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize("value", [10**5000, Unspeakable()], ids=["digits", "repr"])
def test_values_without_a_text_are_refused_by_name(value):
    """Python refuses to print integers of more than 4300 digits."""
    kind = type(value).__name__
    opt = fo.Adam(np.ones(2))
    for name, call in (
        ("lr", lambda: fo.Adam(np.ones(2), lr=value)),
        ("betas", lambda: fo.Adam(np.ones(2), betas=value)),
        ("num_threads", lambda: fo.Adam(np.ones(2), num_threads=value)),
        ("convention", lambda: fo.Adam(np.ones(2), convention=value)),
        ("step", lambda: fo.sgd_(np.ones(2), np.ones(2), None, step=value)),
        ("max_iter", lambda: fo.LBFGS(np.ones(2), max_iter=value)),
        ("line_search_fn", lambda: fo.LBFGS(np.ones(2), line_search_fn=value)),
        ("state_dict", lambda: opt.load_state_dict(value)),
    ):
        with pytest.raises(
            (TypeError, ValueError), match=rf"^{name} = <(.*\.)?{kind} object> must"
        ):
            call()
