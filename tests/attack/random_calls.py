"""Random calls of the Python gate, right and wrong, beside a twin in NumPy.

    python tests/attack/random_calls.py --calls 1000000 --seed 1

Each world has one optimizer, and some dozens of calls are made in it. A call may be refused with
one of a few exceptions; then parameters, state and options have the bits that they had. Where it is
accepted, they have those of the twin. What fails names its world, and ``--world`` begins there.
"""

import copy
import gc
import random
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

import worlds
from arrays import same_bits
from table import TABLE

import pyfastopt as fo
from pyfastopt.reference import Reference, ReferenceLBFGS

CALLS_OF_A_WORLD = 40


class Boom(Exception):
    """What a hostile object raises."""


#: LookupError is what a hostile list or dictionary raises by its base.
REFUSALS = (TypeError, ValueError, RuntimeError, MemoryError, LookupError, Boom)


# ---- arrays -------------------------------------------------------------------------------------

DTYPES = [np.float32, np.float64, np.float32, np.float64, np.complex64, np.complex128]
SHAPES = [(), (0,), (1,), (3,), (5,), (17,), (70,), (300,), (2, 3), (4, 1, 5), (3, 0, 2), (9, 33)]


def real(a):
    """A contiguous copy; of complex numbers their parts."""
    a = np.array(a, order="C", copy=True)
    return a.view(a.real.dtype) if a.dtype.kind == "c" and a.ndim else parts(a)


def parts(a):
    return np.array([a.real, a.imag]) if a.dtype.kind == "c" else a


def draw_values(chance, shape, dtype):
    generator = np.random.default_rng(chance.getrandbits(32))
    values = generator.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * generator.standard_normal(shape)
    values = np.asarray(values, dtype)
    if chance.random() < 0.03 and values.size:
        special = chance.choice([np.nan, np.inf, -0.0, 1e-40, 3e38])
        values.flat[chance.randrange(values.size)] = special
    return values


def laid_out(chance, values):
    """The same elements in some layout."""
    if values.ndim == 0:
        return values.copy()
    wide = np.zeros((*values.shape[:-1], 2 * values.shape[-1] + 1), values.dtype)
    wide[..., 1::2] = values
    offset = np.zeros(values.size + 3, values.dtype)[3:].reshape(values.shape)
    offset[...] = values
    layouts = [
        values.copy(),
        values.copy(order="F"),
        values[::-1].copy()[::-1],
        values[..., ::-1].copy()[..., ::-1],
        wide[..., 1::2],
        offset,
    ]
    return chance.choice(layouts)


def bad_array(chance, shape, dtype):
    """What is no parameter, and no gradient for one of this shape and dtype."""
    size = int(np.prod(shape, dtype=int))
    item = np.dtype(dtype).itemsize
    misaligned = np.zeros(size * item + 1, np.uint8)[1:].view(dtype).reshape(shape)
    return chance.choice(
        [
            lambda: misaligned,
            lambda: np.zeros(shape, np.dtype(dtype).newbyteorder()),
            lambda: np.zeros(shape, chance.choice(["e", "g", "i4", "?", "O", "U1", "M8[s]", "G"])),
            lambda: np.zeros((*shape, 2), dtype),
            lambda: np.zeros(size + 1, dtype),
            lambda: np.ma.zeros(shape, dtype),
            lambda: np.zeros(shape, [("x", dtype)]),
            lambda: np.broadcast_to(np.zeros(1, dtype), (*shape, 3)),
            lambda: chance.choice([3, "W", b"12345678", object(), 1j, ..., np, range(3), {1}]),
            lambda: [0.0] * size,
            lambda: hostile(chance, lambda: None),
        ]
    )()


def hostile(chance, action):
    """An object whose methods do something, and then what they must not."""
    answers = [None, -1, 1 << 40, "x", (), object(), (1, 0), (2, 0), float("nan"), np.ones(3)]

    def method(self, *args, **kwargs):
        action()
        answer = chance.choice([*answers, Boom, self])
        if answer is Boom:
            raise Boom
        return answer

    names = [
        "__dlpack__",
        "__dlpack_device__",
        "__array__",
        "__len__",
        "__getitem__",
        "__iter__",
        "__eq__",
        "__repr__",
        "__bool__",
        "__float__",
        "__index__",
        "__hash__",
    ]
    bases = (chance.choice([object, object, list, dict, float, str]),)
    chosen = chance.sample(names, chance.randrange(1, 6))
    kind = type("Hostile", bases, dict.fromkeys(chosen, method))
    if chance.random() < 0.3:
        kind.__array_interface__ = property(method)
    return kind()


class Exporter:
    """An array by way of DLPack, with something done on the way."""

    def __init__(self, array, action):
        self.array, self.action = array, action

    def __dlpack__(self, **kwargs):
        self.action()
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def draw_option(chance):
    numbers = [0, 1e-3, 0.1, 0.5, 0.9, 0.999, 1, 2.5, 9.0, 1e-8]
    return chance.choice(
        [
            lambda: chance.choice(numbers),
            lambda: chance.choice(numbers),
            lambda: chance.choice([True, False]),
            lambda: (chance.choice(numbers), chance.choice(numbers)),
            lambda: chance.choice([-1, float("nan"), float("inf"), 1e39, 10**400, -(10**400)]),
            lambda: chance.choice(["x", None, [], (), (0.1,), [0.1, 0.2], (0.1, "x"), {}, 1j]),
            lambda: chance.choice(
                [np.float32(0.1), np.float64(0.1), np.int64(1), np.bool_(True), np.array(0.1)]
            ),
            lambda: chance.choice([Fraction(1, 3), Decimal("0.1"), np.array([0.1, 0.2])]),
            lambda: hostile(chance, lambda: None),
        ]
    )()


def as_option(value, like):
    """What an option is after it was set to a value."""
    if isinstance(like, bool):
        return bool(value)
    return tuple(map(float, value)) if isinstance(like, tuple) else float(value)


# ---- a world ------------------------------------------------------------------------------------


class Refused(Exception):
    """A call was refused, as it may be."""


class World:
    def __init__(self, chance):
        self.chance = chance
        self.row = chance.choice(TABLE)
        self.options = self.row.explicit(chance.choice(self.row.cases))
        self.saved = []
        self.over = False
        params = self.draw_params(chance.randrange(1, 5))
        self.grouped = chance.random() < 0.4
        tree = self.nest(list(params))
        given = [{"params": tree, "name": "first"}] if self.grouped else tree
        self.trees = [tree]
        self.params = [params]
        self.opt = self.row.optimizer(
            given, num_threads=chance.choice([None, 1, 2]), **self.options
        )
        self.twins = [self.make_twin(params, self.options)]
        self.compare()

    # -- what there is

    def make_twin(self, params, options):
        return Reference(self.row.optimizer, [real(p) for p in params], **options)

    def draw_params(self, count):
        chance = self.chance
        if chance.random() < 0.3:
            block = draw_values(chance, 64, chance.choice(DTYPES))
            return [block[:5], block[5:21:2], block[6:22:2], block[40:22:-1].reshape(3, 6)][:count]
        return [
            laid_out(chance, draw_values(chance, chance.choice(SHAPES), chance.choice(DTYPES)))
            for _ in range(count)
        ]

    def nest(self, arrays):
        """A structure that has the arrays in this order."""
        chance = self.chance
        if len(arrays) == 1 and chance.random() < 0.5:
            return arrays[0]
        cut = chance.randrange(len(arrays) + 1)
        inner = [self.nest(arrays[:cut])] if 0 < cut < len(arrays) else arrays[:cut]
        entries = [*inner, *arrays[cut:]]
        kind = chance.randrange(3)
        return [list, tuple, lambda e: {f"k{i}": x for i, x in enumerate(e)}][kind](entries)

    def nested_alike(self, tree, leaves):
        """The next leaves, in the structure of a tree."""
        if isinstance(tree, dict):
            return {key: self.nested_alike(value, leaves) for key, value in tree.items()}
        if isinstance(tree, (list, tuple)):
            kind = self.chance.choice([list, tuple])
            return kind(self.nested_alike(value, leaves) for value in tree)
        return next(leaves)

    def whole(self, leaves):
        """Gradients as step() takes them."""
        leaves = iter(leaves)
        trees = [self.nested_alike(tree, leaves) for tree in self.trees]
        return trees if self.grouped else trees[0]

    def all_params(self):
        return [p for group in self.params for p in group]

    def contents(self):
        return (
            [p.tobytes() for p in self.all_params()],
            [{k: np.asarray(v).tobytes() for k, v in s.items()} for s in self.opt.state],
            [{k: v for k, v in g.items() if k != "params"} for g in self.opt.param_groups],
            self.opt.num_threads,
        )

    def compare(self):
        """The optimizer has what its twin has."""
        state = iter(self.opt.state)
        assert len(self.opt.param_groups) == len(self.twins)
        for group, params, twin in zip(self.opt.param_groups, self.params, self.twins, strict=True):
            for p, theirs, its in zip(params, twin.params, twin.state, strict=True):
                assert same_bits(real(p), theirs, any_nan=True), (p, theirs)
                mine = next(state)
                assert mine.keys() == its.keys()
                assert mine["step"] == its["step"]
                for name in mine.keys() - {"step"}:
                    assert same_bits(real(mine[name]), its[name], any_nan=True), name
            for name, value in vars(twin.options).items():
                assert group[name] == value, (name, group[name], value)

    def follow(self):
        """Make the twin what the optimizer is: where a call may have had various results."""
        state = iter(self.opt.state)
        for group, params, twin in zip(self.opt.param_groups, self.params, self.twins, strict=True):
            twin.params = [real(p) for p in params]
            twin.state = [
                {k: v if k == "step" else real(v) for k, v in next(state).items()} for _ in params
            ]
            vars(twin.options).update({k: group[k] for k in vars(twin.options)})

    # -- what is done

    def call(self):
        """Make some call; whatever comes of it is right, or this fails."""
        doings = [
            (self.step, 10),
            (self.wrong_step, 4),
            (self.hostile_step, 4),
            (self.set_option, 3),
            (self.set_threads, 1),
            (self.save, 1),
            (self.load, 1),
            (self.corrupted_load, 3),
            (self.add_group, 1),
            (self.wrong_group, 2),
            (self.remove_group, 1),
            (self.raw, 3),
            (self.wrong_construction, 2),
        ]
        doing = self.chance.choices([d for d, _ in doings], [weight for _, weight in doings])[0]
        before = self.contents()
        try:
            doing()
        except Refused:
            assert self.contents() == before or repr(self.contents()) == repr(before), doing
        if not self.over:
            self.compare()

    def refusable(self, function, *args, **kwargs):
        try:
            return function(*args, **kwargs)
        except REFUSALS as error:
            try:
                text = str(error)
            except Boom:
                text = "Boom"
            if not text and not isinstance(error, (Boom, MemoryError)):
                raise AssertionError("an error without a message") from error
            raise Refused from error

    def good_grads(self):
        chance = self.chance
        grads = []
        for p in self.all_params():
            g = laid_out(chance, draw_values(chance, p.shape, p.dtype))
            if chance.random() < 0.1:
                g = np.broadcast_to(g.flat[0] if g.size else g, g.shape)
            if chance.random() < 0.1:
                g = None
            grads.append(g)
        return grads

    def step(self):
        grads = self.good_grads()
        kept = [None if g is None else real(g) for g in grads]
        given = [
            Exporter(g, gc.collect) if g is not None and self.chance.random() < 0.05 else g
            for g in grads
        ]
        given = [
            g.array if isinstance(g, Exporter) and not g.array.flags.writeable else g for g in given
        ]
        with fo.use_isa(self.chance.choice(fo.runtime_info()["isas_available"])):
            self.opt.step(self.whole(given))
        kept = iter(kept)
        with np.errstate(all="ignore"):
            for twin in self.twins:
                twin.step([next(kept) for _ in twin.params])

    def wrong_step(self):
        chance = self.chance
        grads = self.good_grads()
        params = self.all_params()
        i = chance.randrange(len(grads))
        own = [params[i], chance.choice(params)]
        own += [v for k, v in chance.choice(self.opt.state).items() if k != "step"]
        grads[i] = chance.choice(
            [
                lambda: bad_array(chance, params[i].shape, params[i].dtype),
                lambda: chance.choice(own),
                lambda: np.flip(chance.choice(own)),
            ]
        )()
        tree = self.whole(grads)
        if chance.random() < 0.2:
            tree = chance.choice([None, [], {}, [tree], {"k0": tree}, (tree, tree), "x", 3.0])
        self.refusable(self.opt.step, tree)
        # An array without elements may be wrong in ways that do not matter, and a number will do
        # for a parameter without dimensions.
        self.follow()

    def hostile_step(self):
        """An object that changes others while it is asked for its memory."""
        chance = self.chance
        grads = self.good_grads()
        i = chance.randrange(len(grads))
        p = chance.choice(self.all_params())
        g = chance.choice(grads)
        tree = None

        def resize(array):
            if array is not None and array.base is None and array.flags.owndata:
                array.resize(chance.choice([0, 1, 1 << 16]), refcheck=False)

        def mutate():
            if isinstance(tree, list):
                chance.choice([tree.clear, tree.pop, lambda: tree.append(tree)])()
            elif isinstance(tree, dict):
                chance.choice([tree.clear, tree.popitem])()

        def use():
            chance.choice(
                [
                    lambda: self.opt.step(self.whole(self.good_grads())),
                    self.opt.state_dict,
                    lambda: setattr(self.opt, "lr", 0.5),
                    lambda: self.opt.add_param_group({"params": np.ones(3)}),
                    lambda: self.opt.remove_param_group(0),
                    lambda: self.opt.load_state_dict(self.opt.state_dict()),
                ]
            )()

        def write():
            p[...] = 7

        def freeze():
            p.flags.writeable = False

        def explode():
            raise Boom

        actions = [lambda: resize(p), lambda: resize(g), mutate, use, write, freeze, explode]
        action = chance.choice(actions)
        array = grads[i] if grads[i] is not None else np.zeros(3)
        if not array.flags.writeable:
            array = array.copy()
        grads[i] = chance.choice([Exporter(array, action), hostile(chance, action)])
        tree = self.whole(grads)
        self.over = True  # so much may have been changed that nothing can be said of the rest
        try:
            self.refusable(self.opt.step, tree)
        except Refused:
            pass
        except IndexError:
            assert action is mutate  # its own
        except KeyError:
            assert action is mutate

    def set_option(self):
        chance = self.chance
        name = chance.choice([*self.row.optimizer.defaults])
        value = draw_option(chance)
        if chance.random() < 0.5:
            self.refusable(setattr, self.opt, name, value)
            changed = self.twins
        else:
            i = chance.randrange(len(self.twins))
            self.refusable(self.opt.param_groups[i].__setitem__, name, value)
            changed = [self.twins[i]]
        if type(value).__name__ == "Hostile":
            self.follow()  # it says something else each time
            return
        for twin in changed:
            before = getattr(twin.options, name)
            setattr(twin.options, name, as_option(value, before))

    def set_threads(self):
        value = self.chance.choice([None, 1, 2, 3, 7, 0, -1, "x", 1025, 10**30, 1.5, True])
        self.refusable(setattr, self.opt, "num_threads", value)
        assert self.opt.num_threads == value

    def save(self):
        state = self.opt.state_dict()
        self.saved.append((copy.deepcopy(state), copy.deepcopy(self.twins)))

    def load(self):
        if not self.saved:
            self.save()
        state, twins = self.chance.choice(self.saved)
        if self.chance.random() < 0.3:
            state = {**state, "state": {str(k): v for k, v in state["state"].items()}}
        differing = self.opt.load_state_dict(state, strict=self.chance.random() < 0.5)
        assert not any(differing)
        for mine, its in zip(self.twins, twins, strict=True):
            mine.state, mine.options = copy.deepcopy((its.state, its.options))

    def corrupted_load(self):
        chance = self.chance
        state = copy.deepcopy(self.opt.state_dict())
        for _ in range(chance.randrange(1, 3)):
            at = state
            while True:
                keys = [*at] if isinstance(at, dict) else [*range(len(at))]
                if not keys:
                    break
                key = chance.choice(keys)
                if type(at[key]) in (dict, list) and chance.random() < 0.8:
                    at = at[key]
                    continue
                junk = chance.choice(
                    [
                        lambda: draw_option(chance),
                        lambda: bad_array(chance, (3,), np.float32),
                        lambda: hostile(chance, lambda: None),
                        lambda: chance.choice([-1, 2**53, 2**53 + 1, 1e300, "1", None, [], {}]),
                    ]
                )()
                chance.choice(
                    [
                        lambda at=at, key=key: at.pop(key),
                        lambda at=at, key=key, junk=junk: at.__setitem__(key, junk),
                        lambda at=at, junk=junk: (
                            at.update(junk=junk) if isinstance(at, dict) else at.append(junk)
                        ),
                    ]
                )()
                break
        given = chance.choice([state, state, state, hostile(chance, lambda: None)])
        self.refusable(self.opt.load_state_dict, given, strict=chance.random() < 0.5)
        self.follow()
        # Keys of the user's own may be anything, and then cannot be compared.
        self.over = True

    def add_group(self):
        if len(self.twins) > 3:
            return
        params = self.draw_params(self.chance.randrange(1, 3))
        tree = self.nest(list(params))
        options = {"lr": 0.25} if self.chance.random() < 0.5 else {}
        self.opt.add_param_group({"params": tree, **options})
        self.params.append(params)
        self.trees.append(tree)
        self.twins.append(self.make_twin(params, {**self.options, **options}))
        self.grouped = True
        self.saved = []

    def wrong_group(self):
        chance = self.chance
        p = chance.choice(self.all_params())
        tree = chance.choice(
            [
                lambda: p,
                lambda: [np.ones(3), p[::-1] if p.ndim and p.size else None],
                lambda: bad_array(chance, (3,), np.float64),
                lambda: [np.ones(2), bad_array(chance, (3,), np.float64)],
                lambda: {},
            ]
        )()
        group = chance.choice(
            [
                {"params": tree},
                {"params": tree, "lr": draw_option(chance)},
                {"params": np.ones(3), "lr": chance.choice([-1, "x", None, float("nan")])},
                {"params": np.ones(3), chance.choice(["lrr", "num_threads", 3]): 1},
                {"lr": 1},
                tree,
            ]
        )
        count = len(self.opt.param_groups)
        self.refusable(self.opt.add_param_group, group)
        assert len(self.opt.param_groups) == count + 1
        self.opt.remove_param_group(count)
        self.grouped = True
        self.saved = []

    def remove_group(self):
        index = self.chance.choice([0, 1, 2, -1, 9, 10**30, None, "0", 0.0, True])
        self.refusable(self.opt.remove_param_group, index)
        for entries in (self.params, self.trees, self.twins):
            del entries[index]
        self.grouped = True
        self.saved = []

    def raw(self):
        chance = self.chance
        options = self.row.explicit(chance.choice(self.row.cases))
        _, slots = self.row.describe(options)
        shape, dtype = chance.choice(SHAPES), chance.choice(DTYPES)
        arrays = {
            name: laid_out(chance, draw_values(chance, shape, dtype)) for name in ("p", "g", *slots)
        }
        for name in slots:
            arrays[name][...] = np.abs(arrays[name].real)
        steps = chance.choice([1, 2, 100, 0, -1, 2**53, 2**53 + 1, "x", 1.0, None])
        good = isinstance(steps, int) and 1 <= steps <= 2**53
        if chance.random() < 0.4:
            wrong = chance.choice([*arrays])
            arrays[wrong] = chance.choice([bad_array(chance, shape, dtype), arrays["p"], None])
            good = False
        own = [a for a in arrays.values() if isinstance(a, np.ndarray)]
        before = [a.tobytes() for a in own]
        twin = None
        if good:
            twin = Reference(self.row.optimizer, [real(arrays["p"])], **options)
            g = real(arrays["g"])
            twin.state[0] = {"step": steps - 1} | {name: real(arrays[name]) for name in slots}
        try:
            # A number in the table is an option of the class; the function has the same defaults.
            self.refusable(self.row.raw, **arrays, step=steps, **options)
        except Refused:
            assert not good
            assert [a.tobytes() for a in own] == before
            return
        if twin is None:
            return
        with np.errstate(all="ignore"):
            twin.step([g])
        assert same_bits(real(arrays["p"]), twin.params[0], any_nan=True)
        for name in slots:
            assert same_bits(real(arrays[name]), twin.state[0][name], any_nan=True), name

    def wrong_construction(self):
        chance = self.chance
        params = self.draw_params(3)
        before = [p.tobytes() for p in params]
        wrong = bad_array(chance, chance.choice(SHAPES), chance.choice(DTYPES))
        tree = chance.choice(
            [
                lambda: [*params, wrong],
                lambda: {"a": params, "b": [wrong]},
                lambda: [{"params": params}, {"params": wrong}],
                lambda: wrong,
                lambda: [*params, params[0]] if params[0].size else wrong,
                lambda: iter([wrong]),
                lambda: Exporter(params[0], lambda: chance.choice([gc.collect, params.clear])()),
            ]
        )()
        options = {}
        if chance.random() < 0.5:
            options = {chance.choice([*self.row.optimizer.defaults, "lrr"]): draw_option(chance)}
        kept = list(params)
        try:
            self.refusable(self.row.optimizer, tree, **options)
        finally:
            assert [p.tobytes() for p in kept] == before


# ---- L-BFGS -------------------------------------------------------------------------------------


class LBFGSWorld:
    """Two optimizers with closures that do the same, evaluation by evaluation."""

    def __init__(self, chance):
        self.chance = chance
        self.over = False
        dtype = chance.choice([np.float32, np.float64])
        values = [draw_values(chance, chance.choice(SHAPES), dtype) for _ in range(2)]
        options = {
            "max_iter": chance.choice([0, 1, 4]),
            "history_size": chance.choice([1, 3]),
            "line_search_fn": chance.choice([None, "strong_wolfe"]),
        }
        self.params = [laid_out(chance, v) for v in values], [v.copy() for v in values]
        self.opts = [
            make(params, **options)
            for make, params in zip((fo.LBFGS, ReferenceLBFGS), self.params, strict=True)
        ]

    def closure(self, params, seed):
        chance = random.Random(seed)
        fails = chance.choice([None, None, None, 1, 2, 3])
        kind = chance.randrange(7)
        count = 0

        def closure():
            nonlocal count
            count += 1
            loss = float(sum((p.astype(float, order="C") ** 2).sum() for p in params))
            grads = [np.asarray(2 * p, p.dtype) for p in params]
            if count == fails:
                if kind == 0:
                    raise Boom
                if kind == 1:
                    return loss
                if kind == 2:
                    grads[0] = bad_array(chance, params[0].shape, params[0].dtype)
                if kind == 3:
                    return "loss", grads
                if kind == 4:
                    return float("nan"), grads
                if kind == 5:
                    grads[1] = None
                if kind == 6:
                    grads[1] = params[1]
            return loss, grads

        return closure

    def call(self):
        seed = self.chance.getrandbits(32)
        outcomes = []
        with np.errstate(all="ignore"):
            for opt, params in zip(self.opts, self.params, strict=True):
                try:
                    loss = opt.step(self.closure(params, seed))
                    # Any NaN is as good as another.
                    outcomes.append("nan" if loss != loss else np.float64(loss).tobytes())
                except REFUSALS as error:
                    outcomes.append(type(error))
        assert outcomes[0] == outcomes[1], outcomes
        for p, twin in zip(*self.params, strict=True):
            assert same_bits(np.array(p, order="C"), twin, any_nan=True)


# ---- the program --------------------------------------------------------------------------------


def run(calls, seed, first=0):
    """Make so many calls; return how many worlds there were."""

    def make(chance):
        return (LBFGSWorld if chance.random() < 0.05 else World)(chance)

    return worlds.run("random_calls", make, calls, seed, first, CALLS_OF_A_WORLD)


if __name__ == "__main__":
    worlds.main(__doc__, run, 100_000)
