"""Parameter groups: own keys, groups that come and go, checkpoints of other parameters."""

import contextlib
import copy
import json
import pickle
import threading

import numpy as np
import pytest
from arrays import same_bits

import pyfastopt as fo


def vector(n=5, value=1.0):
    return np.full(n, value)


def test_groups_keep_the_users_own_keys():
    opt = fo.Adam([{"params": vector(), "name": "xyz", "lr_scale": 0.5}, {"params": vector(3)}])
    first, second = opt.param_groups
    assert (first["name"], first["lr_scale"]) == ("xyz", 0.5)
    assert "name" not in second
    second["name"] = "rest"
    del first["lr_scale"]
    assert [group["name"] for group in opt.param_groups] == ["xyz", "rest"]
    assert "name='xyz'" in repr(opt)
    saved = opt.state_dict()
    assert [group["name"] for group in saved["param_groups"]] == ["xyz", "rest"]
    other = fo.Adam([{"params": vector(), "name": "old"}, {"params": vector(3)}])
    other.load_state_dict(saved)
    assert [group["name"] for group in other.param_groups] == ["xyz", "rest"]


#: What users keep in their groups; none of it is taken for a misspelled option.
OWN_KEYS = [
    *("name", "lr_scale", "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum"),
    *("layer_decay", "group_name", "weight_decay_rate", "swa_lr", "lr_mult", "frozen"),
]


@pytest.mark.parametrize("key", OWN_KEYS)
def test_the_users_own_keys_are_no_misspelled_options(row, key):
    group = row.optimizer([{"params": vector(), key: 1}]).param_groups[0]
    group[key] = 2
    assert group[key] == 2


@pytest.mark.parametrize("key", ["clip_valeu", "weigth_decay", "grad_scal", "maximise", "Lr"])
def test_keys_that_are_nearly_options_are_refused(row, key):
    with pytest.raises(TypeError, match=f"no option '{key}'; did you mean '"):
        row.optimizer([{"params": vector(), key: 1.0}])
    opt = row.optimizer(vector())
    with pytest.raises(TypeError, match=f"no option '{key}'; did you mean '"):
        opt.param_groups[0][key] = 1.0
    with pytest.raises(TypeError, match=f"no option '{key}'; did you mean '"):
        opt.add_param_group({"params": vector(), key: 1.0})
    assert len(opt.param_groups) == 1


def test_a_key_that_a_state_dict_has_for_itself_is_refused():
    with pytest.raises(TypeError, match="param_names is what state_dict"):
        fo.SGD([{"params": vector(), "param_names": 1}])


def test_a_group_that_comes_later(row, options):
    def make(a, b):
        return row.optimizer([{"params": {"a": a}}, {"params": b, "lr": 0.25}], **options)

    p, q = vector(5), vector(3)
    opt = row.optimizer({"a": p}, **options)
    for _ in range(2):
        opt.step({"a": vector(5, 0.5)})
    opt.add_param_group({"params": q, "lr": 0.25, "name": "late"})
    x, y = vector(5), vector(3)
    other = make(x, y)
    for _ in range(2):
        other.step([{"a": vector(5, 0.5)}, None])
    for each in (opt, other):
        for value in (0.25, -0.5):
            each.step([{"a": vector(5, value)}, vector(3, value)])
    assert same_bits(p, x)
    assert same_bits(q, y)
    assert [s["step"] for s in opt.state] == [4, 2]
    assert opt.param_groups[1]["name"] == "late"
    for group, twin in zip(opt.param_groups, other.param_groups, strict=True):
        assert {**twin, "name": 0, "params": 0} == {**group, "name": 0, "params": 0}
    assert opt.state_dict()["param_groups"][0]["param_names"] == ["[0]['a']"]
    other.load_state_dict(opt.state_dict())


def test_a_group_that_goes(row):
    arrays = [vector(3), vector(4), vector(5), vector(6)]
    opt = row.optimizer([{"params": [a], "lr": 0.1 + i} for i, a in enumerate(arrays[:3])])
    opt.step([[vector(3)], [vector(4)], [vector(5)]])
    state = [{k: np.copy(v) for k, v in entry.items()} for entry in opt.state]
    opt.remove_param_group(1)
    opt.add_param_group({"params": [arrays[3]], "lr": 7.0})
    assert [group["lr"] for group in opt.param_groups] == [0.1, 2.1, 7.0]
    assert [group["params"][0].size for group in opt.param_groups] == [3, 5, 6]
    for mine, before in zip(opt.state, (state[0], state[2]), strict=False):
        assert all(same_bits(np.asarray(mine[k]), v) for k, v in before.items())
    left = arrays[1].copy()
    opt.step([[vector(3)], [vector(5)], [vector(6)]])
    assert same_bits(arrays[1], left)
    with pytest.raises(ValueError, match=r"grads: expected a list or tuple of 3 entries"):
        opt.step([[vector(3)], [vector(5)]])
    with pytest.raises(ValueError, match=r"grads\[1\]\[0\]: shape \(3,\) differs"):
        opt.step([[vector(3)], [vector(3)], [vector(6)]])


def test_groups_that_others_hold_stay_what_they_are():
    opt = fo.SGD([{"params": vector(n), "lr": float(n)} for n in (1, 2, 3)])
    first, second, third = opt.param_groups
    opt.remove_param_group(1)
    third["lr"] = 0.5
    assert [group["lr"] for group in opt.param_groups] == [1.0, 0.5]
    assert opt.param_groups == (first, third)
    for use in (lambda: second["lr"], lambda: second["params"], lambda: second.update(lr=9.0)):
        with pytest.raises(RuntimeError, match="was removed from its optimizer"):
            use()
    assert [group["lr"] for group in opt.param_groups] == [1.0, 0.5]


BAD_GROUPS = [
    (lambda p: [], TypeError, r"param_group = \[\] must be a dict with an entry 'params'"),
    (lambda p: {"lr": 1.0}, TypeError, "must be a dict with an entry 'params'"),
    (lambda p: {"params": []}, ValueError, r"params = \[\] has no arrays"),
    (lambda p: {"params": p}, ValueError, r"params\[1\]: shares memory with params\[0\]\['a'\]"),
    (lambda p: {"params": [vector(), p[1:]]}, ValueError, r"params\[1\]\[1\]: shares memory"),
    (lambda p: {"params": [vector(), "x"]}, TypeError, r"params\[1\]\[1\]: expected an array"),
    (lambda p: {"params": vector().astype(int)}, TypeError, r"params\[1\]: dtype int64"),
    (lambda p: {"params": vector(), "lr": -1.0}, ValueError, "lr = -1 must be"),
    (
        lambda p: {"params": np.broadcast_to(1.0, 3)},
        ValueError,
        r"params\[1\]: the array is read-o",
    ),
]


@pytest.mark.parametrize(("group", "error", "message"), BAD_GROUPS)
def test_a_group_that_is_refused_leaves_all_as_it_was(group, error, message):
    p, twin = vector(), vector()
    opt, other = fo.Adam({"a": p}), fo.Adam({"a": twin})
    for each in (opt, other):
        each.step({"a": vector()})
    with pytest.raises(error, match=message):
        opt.add_param_group(group(p))
    for each in (opt, other):
        each.step({"a": vector()})
    assert same_bits(p, twin)
    assert len(opt.param_groups) == 1
    opt.load_state_dict(other.state_dict())


@pytest.mark.parametrize("index", [1, -1, 2**70, "0", None])
def test_a_group_that_is_none_cannot_be_removed(index):
    opt = fo.Adam(vector())
    message = r"index = .* must be (from 0 to 0|the number of a group)"
    with pytest.raises((TypeError, ValueError), match=message):
        opt.remove_param_group(index)
    with pytest.raises(ValueError, match="is the only one"):
        opt.remove_param_group(0)
    opt.step(vector())


def test_groups_come_and_go_while_others_step():
    opt = fo.Adam([{"params": vector(1000)}], num_threads=1)
    steps = [0, 0]

    def run(which):
        for _ in range(500):
            try:
                opt.step([vector(1000), *([None] * (len(opt.param_groups) - 1))])
                steps[which] += 1
            except ValueError:  # there is one group more, or less, by now
                pass

    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        opt.add_param_group({"params": vector(7)})
        opt.remove_param_group(1)
    assert opt.state[0]["step"] == sum(steps) > 0


def test_an_added_layer_is_new_and_the_rest_goes_on(row):
    def grads(*names):
        return {name: vector(len(name) + 2, 0.5) for name in names}

    opt = row.optimizer(grads("a", "bb", "gone"))
    opt.step(grads("a", "bb", "gone"))
    saved = opt.state_dict()
    other = row.optimizer({**grads("new", "bb"), "a": vector(9)}, lr=0.125)
    with pytest.raises(ValueError, match="other parameters"):
        other.load_state_dict(saved)
    differing = other.load_state_dict(saved, strict=False)
    has_state = len(opt.state[0]) > 1
    assert differing == (["['new']"], ["['gone']"], ["['a']"] if has_state else [])
    assert other.lr == opt.lr
    by_name = dict(zip(["new", "bb", "a"], other.state, strict=True))
    assert [by_name[n]["step"] for n in ("new", "bb", "a")] == [0, 1, 0 if has_state else 1]
    for name, value in saved["state"][1].items():
        assert np.array_equal(by_name["bb"][name], value)
    assert opt.load_state_dict(saved) == ([], [], [])


def test_groups_take_their_options_from_where_their_parameters_were():
    a, b, c = vector(1), vector(2), vector(3)
    opt = fo.Adam([{"params": {"a": a}, "lr": 0.5, "name": "x"}, {"params": {"b": b}, "lr": 0.25}])
    saved = opt.state_dict()
    other = fo.Adam(
        [{"params": {"a": a}}, {"params": {"b": b, "c": c}}, {"params": {"d": vector()}}]
    )
    assert other.load_state_dict(saved, strict=False).new == ["[1]['c']", "[2]['d']"]
    assert [group["lr"] for group in other.param_groups] == [0.5, 0.25, 1e-3]
    assert other.param_groups[0]["name"] == "x"


def test_groups_that_have_names_are_found_by_them():
    a, b, c = vector(), vector(), vector()
    opt = fo.Adam([{"params": [a], "name": "a"}, {"params": [b], "name": "b", "lr": 0.5}])
    opt.step([[vector()], [9 * vector()]])
    saved = opt.state_dict()
    other = fo.Adam([{"params": [b], "name": "b"}, {"params": [a], "name": "a"}])
    with pytest.raises(ValueError, match=r"has the names \['a', 'b'\], this .* \['b', 'a'\]; pass"):
        other.load_state_dict(saved)
    new = fo.Adam([{"params": [c], "name": "c"}, {"params": [b], "name": "b"}])
    assert new.load_state_dict(saved, strict=False) == (["[0][0]"], ["[0][0]"], [])
    assert [group["name"] for group in new.param_groups] == ["c", "b"]
    assert [group["lr"] for group in new.param_groups] == [0.001, 0.5]
    assert [state["step"] for state in new.state] == [0, 1]
    assert same_bits(new.state[1]["exp_avg"], opt.state[1]["exp_avg"])
    opt.remove_param_group(0)
    assert opt.load_state_dict(saved, strict=False) == ([], ["[0][0]"], [])
    assert opt.param_groups[0]["name"] == "b"
    assert opt.lr == 0.5


def test_several_keys_are_assigned_together_or_not_at_all():
    opt = fo.Adam(vector(), lr=0.25)
    group = opt.param_groups[0]
    before = dict(group)
    for wrong in ({"eps": -1.0}, {"wieght_decay": 1.0}, {"params": []}, {"amsgrad": True}):
        with pytest.raises((TypeError, ValueError)):
            group.update({"lr": 0.5, "name": "first", **wrong})
        assert dict(group).keys() == before.keys()
        assert opt.lr == 0.25
    group.update({"lr": 0.5, "name": "first"}, eps=0.1)
    assert (opt.lr, opt.eps, group["name"]) == (0.5, 0.1, "first")


def test_what_is_done_to_the_dictionaries_of_state_is_not_passed_over():
    opt = fo.Adam(vector())
    with pytest.raises(TypeError):
        opt.state[0]["exp_avg"] = vector()


def test_a_state_dict_by_way_of_json():
    opt = fo.Adam({"a": vector(), "b": vector(3)}, lr=0.125)
    opt.step({"a": vector(), "b": None})
    saved = opt.state_dict()
    arrays = {
        (key, name): entry.pop(name)
        for key, entry in saved["state"].items()
        for name in ("exp_avg", "exp_avg_sq")
    }
    read = json.loads(json.dumps(saved))
    for (key, name), array in arrays.items():
        read["state"][str(key)][name] = array
    other = fo.Adam({"a": vector(), "b": vector(3)})
    lists = copy.deepcopy(read)
    lists["state"]["0"]["exp_avg"] = arrays[0, "exp_avg"].tolist()
    for strict in (True, False):
        with pytest.raises(TypeError, match=r"\['exp_avg'\]: expected an array, got \["):
            other.load_state_dict(lists, strict=strict)
    misspelled = copy.deepcopy(read)
    misspelled["param_groups"][0]["wieght_decay"] = 1.0
    with pytest.raises(TypeError, match="did you mean 'weight_decay'"):
        other.load_state_dict(misspelled)
    assert other.lr == 0.001
    other.load_state_dict(read)
    assert other.lr == 0.125
    assert other.param_groups[0]["betas"] == (0.9, 0.999)
    assert [s["step"] for s in other.state] == [1, 0]
    assert same_bits(other.state[0]["exp_avg"], arrays[0, "exp_avg"])


class Evil:
    __hash__ = None

    def __eq__(self, other):
        raise AttributeError("evil")

    def __float__(self):
        raise AttributeError("evil")


def replaced(saved, path, value):
    saved = copy.deepcopy(saved)
    *way, last = path
    inner = saved
    for key in way:
        inner = inner[key]
    inner[last] = value
    return saved


PLACES = [
    ("optimizer",),
    ("state",),
    ("param_groups",),
    ("state", 0),
    ("state", 0, "step"),
    ("state", 0, "exp_avg"),
    ("param_groups", 0),
    ("param_groups", 0, "params"),
    ("param_groups", 0, "params", 0),
    ("param_groups", 0, "param_names"),
    ("param_groups", 0, "param_names", 0),
    ("param_groups", 0, "lr"),
    ("param_groups", 0, "betas"),
    ("param_groups", 0, "amsgrad"),
]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("path", PLACES, ids=lambda path: "/".join(map(str, path)))
@pytest.mark.parametrize(
    "value", [Evil(), None, 1.5, float("nan"), 2**70, "x", b"x", [], {}, np.zeros(3), (0, 1, 2)]
)
def test_hostile_state_dicts(path, value, strict):
    opt = fo.Adam([vector(4)], lr=0.1)
    opt.step([vector(4)])
    saved = opt.state_dict()
    before = repr(saved)
    with contextlib.suppress(TypeError, ValueError):  # else nothing has been modified
        opt.load_state_dict(replaced(saved, path, value), strict=strict)
        before = repr(opt.state_dict())
    assert repr(opt.state_dict()) == before
    opt.load_state_dict(saved)
    assert repr(opt.state_dict()) == repr(saved)


@pytest.mark.parametrize("make", [fo.Adam, fo.LBFGS])
@pytest.mark.parametrize("value", [None, np.zeros(3), 3, "x", [1], {1: 2}])
def test_what_is_no_state_dict(make, value):
    with pytest.raises((TypeError, ValueError), match="state_dict"):
        make(vector()).load_state_dict(value)


def test_parameters_that_come_one_by_one():
    arrays = {"a": vector(), "b": vector(3)}
    for params in (iter(arrays.values()), (a for a in arrays.values()), arrays.values()):
        opt = fo.SGD(params, lr=1.0)
        opt.step([vector(), None])
    assert (arrays["a"] == -2).all()
    opt = fo.SGD({"params": a} for a in arrays.values())
    assert len(opt.param_groups) == 2
    opt = fo.SGD([{"params": (a for a in arrays.values())}])
    assert len(opt.param_groups[0]["params"]) == 2
    fo.LBFGS(arrays.values())


def test_a_number_is_the_gradient_of_a_parameter_without_dimensions(dtype):
    p, q = np.zeros((), dtype), np.zeros(1, dtype)
    opt = fo.SGD([p, q], lr=1.0)
    opt.step([0.1, None])
    assert p == -dtype(0.1)
    opt.step([2, None])
    assert p == -dtype(0.1) - dtype(2)
    with pytest.raises(TypeError, match=r"grads\[1\]: expected an array, got 0.5 of type float"):
        opt.step([1.0, 0.5])
    with pytest.raises((TypeError, ValueError), match=r"grads\[0\]"):
        opt.step([10**400, None])
    assert p == -dtype(0.1) - dtype(2)


# ---- pickles and copies -------------------------------------------------------------------------


class Estimator:
    """Holds parameters and their optimizer, as users' models do."""

    def __init__(self, optimizer, **options):
        self.weights = {"W": np.linspace(-1, 1, 12).reshape(3, 4), "b": [np.ones(3), np.ones(())]}
        own, late = {"params": self.weights, "name": "own"}, {"params": np.zeros(2), "lr": 0.5}
        groups = optimizer is not fo.LBFGS and "grouped" in options
        options.pop("grouped", None)
        self.optimizer = optimizer([own, late] if groups else self.weights, **options)

    def fit(self, steps):
        target = {"W": 0.5, "b": [0.25, 0.125]}

        def gradients():
            w, (b, c) = self.weights["W"], self.weights["b"]
            return {"W": w - target["W"], "b": [b - target["b"][0], c - target["b"][1]]}

        for _ in range(steps):
            if isinstance(self.optimizer, fo.LBFGS):
                self.optimizer.step(lambda: (sum(abs(w).sum() for w in self.arrays()), gradients()))
            elif len(self.optimizer.param_groups) == 2:
                self.optimizer.step([gradients(), np.ones(2)])
            else:
                self.optimizer.step(gradients())
        return self

    def arrays(self):
        return [self.weights["W"], *self.weights["b"]]


COPIES = {
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "pickle, protocol 2": lambda x: pickle.loads(pickle.dumps(x, 2)),
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("grouped", [False, True])
def test_an_object_with_parameters_and_their_optimizer(row, options, copied, grouped):
    options = {**options, **({"grouped": True} if grouped else {})}
    first = Estimator(row.optimizer, num_threads=2, **options).fit(3)
    second = copied(first)
    before = [w.copy() for w in first.arrays()]
    second.fit(2)
    assert all(map(same_bits, first.arrays(), before))
    first.fit(2)
    assert all(map(same_bits, first.arrays(), second.arrays()))
    assert second.optimizer.num_threads == 2
    assert repr(first.optimizer) == repr(second.optimizer)
    saved, other = (each.optimizer.state_dict() for each in (first, second))
    assert saved["param_groups"] == other["param_groups"]
    for mine, its in zip(saved["state"].values(), other["state"].values(), strict=True):
        assert all(same_bits(np.asarray(mine[k]), np.asarray(its[k])) for k in mine)
    if grouped:
        second.optimizer.add_param_group({"params": np.zeros(3)})


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_an_lbfgs_with_its_parameters(copied):
    first = Estimator(fo.LBFGS, max_iter=2, history_size=3).fit(2)
    second = copied(first)
    first.fit(2)
    second.fit(2)
    assert all(map(same_bits, first.arrays(), second.arrays()))
    assert second.optimizer.history_size == 3


@pytest.mark.parametrize("make", [fo.Adam, fo.LBFGS])
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_views_of_memory_that_others_see_are_not_copied(make, copied):
    block = np.zeros(10)
    memory = bytearray(80)
    for p in (
        block[:5],
        block[::2].T,
        np.frombuffer(memory),
        memory and memoryview(memory).cast("d"),
    ):
        with pytest.raises(TypeError, match=r"params\[0\]: it is a view of memory that others see"):
            copied(make([p]))


class Named(fo.Adam):
    """A class with an attribute of its own."""

    title = "none"


def test_attributes_of_derived_classes_go_along():
    opt = Named(np.zeros(3), lr=0.5)
    opt.title = "mine"
    for copied in COPIES.values():
        other = copied(opt)
        assert (type(other), other.title, other.lr) == (Named, "mine", 0.5)
