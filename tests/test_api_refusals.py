"""The C API: what it refuses, so that nothing has changed."""

import contextlib
import ctypes
import math
import re
import threading
from functools import partial

import numpy as np
import pytest
from c_library import (
    FUNCTIONS,
    INVALID_ARGUMENT,
    INVALID_OPTION,
    MAX_STEPS,
    OUT_OF_MEMORY,
    OVERLAP,
    PAIR,
    RULES,
    Array,
    Plan,
    Refused,
    Threading,
    ThreadLimits,
    changed,
    described,
    values,
)
from table import SANITIZED

import pyfastopt as fo


def test_vector_functions_refuse_before_they_write(api):
    x, out = np.ones(9), np.zeros(9)
    dot = ctypes.c_double(7)
    good = {
        "type": 1,
        "count": 9,
        "out": out.ctypes,
        "a": 2.0,
        "x": x.ctypes,
        "y": None,
        "z": x.ctypes,
        "dot": ctypes.byref(dot),
        "num_threads": 1,
    }
    cases = [
        ({"type": 2}, "type = 2 must be FASTOPT_F32 or FASTOPT_F64"),
        ({"count": 2**61}, f"count = {2**61} elements are more than memory can have"),
        ({"out": None}, "out = NULL; pass an array"),
        ({"x": None}, "x = NULL; pass an array"),
        ({"y": x.ctypes.data + 4}, "y: its address is not a multiple of its element size 8; pass"),
        ({"dot": None}, "dot = NULL; pass an address"),
        ({"num_threads": 1025}, "num_threads = 1025 must be an integer from 1 to 1024"),
    ]
    for bad, message in cases:
        with pytest.raises(Refused, match=message) as caught:
            api.combine(*{**good, **bad}.values())
        assert caught.value.status == INVALID_ARGUMENT
        assert not out.any()
        assert dot.value == 7
    api.combine(*good.values())
    assert (out == 2).all()
    assert dot.value == 18


class World:
    """A plan in mid-training, and for each function arguments that it accepts."""

    def __init__(self, api):
        self.api = api
        self.block = np.arange(1.0, 41)
        #: p[0]: its state is the plan's. p[1]: its state is `slot`; interleaved. p[2]: no gradient.
        self.p = [
            np.arange(6, dtype=np.float32).reshape(2, 3),
            self.block[:10:2],
            self.block[10:13],
        ]
        self.slot = self.block[20:25]
        self.g = [np.ones((2, 3), np.float32), self.block[30:35][::-1]]
        self.records = [
            fo.option_struct("adam"),
            fo.option_struct("sgd", momentum=0.5),
            fo.option_struct("adagrad", lr=0.25),
        ]
        self.plan = Plan(api)
        for record in self.records:
            self.plan.add_group(record)
        for i, p in enumerate(self.p):
            self.plan.add_row(i, p, [self.slot] if i == 1 else None)
        for i, g in enumerate(self.g):
            self.plan.set_gradient(i, g)
        self.plan.step()
        self.plan.step()
        #: For calls that are none of the plan's.
        self.own = [np.arange(1.0, 6) / 8 for _ in range(4)]
        self.new = np.arange(1.0, 6)
        self.free = np.arange(1.0, 6)
        self.lengths = (ctypes.c_ssize_t * 64)()
        self.handle = ctypes.c_void_p()

    def __del__(self):
        self.api.plan_destroy(self.handle)

    def arguments(self, function):
        adam = self.records[0]
        p, g, *state = self.own
        given = {
            "options_init": {"rule": b"adam", "options": adam.copy(), "size": adam.nbytes},
            "options_check": {"options": adam},
            "options_variant": {"options": adam, "variant": None, "initial_state": None},
            "array_check": {"parameter": None},
            "array_extent": {"begin": ctypes.c_size_t(), "end": ctypes.c_size_t()},
            "array_overlaps_itself": {"overlaps": ctypes.c_int()},
            "array_place_state": {"block": self.block, "strides": self.lengths, "state": Array()},
            "adam_f64": {"options": adam, "step": 3, "count": p.size, "p": p, "g": g},
            "apply": {"options": adam, "step": 3, "p": described(p), "g": described(g), "flags": 0},
            "plan_create": {"plan": self.handle},
            "plan_add_group": {"options": adam, "group": None},
            "plan_add_row": {"group": 1, "parameter": described(self.new), "row": None},
            "plan_set_gradient": {"row": 1, "gradient": described(self.free), "flags": 0},
            "plan_set_sparse_gradient": {
                "row": 1,
                "indices": np.array([0, 2, 4]),
                "count": 3,
                "values": described(three(self)),
                "flags": 0,
            },
            "plan_step": {"num_threads": 2},
            "plan_get_threading": {"threading": Threading()},
            "plan_learn": {"other": self.plan.handle},
            "plan_get_options": {"group": 0, "options": adam.copy()},
            "plan_set_options": {"group": 0, "options": changed(adam, lr=0.5)},
            "plan_get_steps": {"row": 0, "steps": ctypes.c_int64()},
            "plan_set_steps": {"row": 0, "steps": 7},
            "plan_get_slot": {"row": 1, "slot": 0, "array": Array()},
            "get_thread_limits": {"limits": ThreadLimits()},
            "use_isa": {"name": self.api.active_isa()},
        }[function]
        if function == "adam_f64":
            given.update(zip(RULES["adam"][2], [*state, None], strict=True), num_threads=2)
        if function == "apply":
            given.update(slots=(Array * 2)(*map(described, state)), num_threads=2)
        if function.startswith("array_"):
            name = "parameter" if function == "array_place_state" else "array"
            given[name] = described(self.new)
        if function == "plan_add_row":
            given.update(slots=described(self.free), flags=0)
        if function.startswith("plan_") and function != "plan_create":
            given["plan"] = self.plan.handle
        return given

    def call(self, function, given):
        names = [of.name for of in FUNCTIONS[f"fastopt_{function}"].parameters]
        assert given.keys() == set(names)

        def passed(value):
            if isinstance(value, np.ndarray):
                return value.ctypes
            outputs = ctypes.Structure, ctypes.c_int, ctypes.c_int64, ctypes.c_size_t
            is_output = isinstance(value, outputs) or value is self.handle
            return ctypes.byref(value) if is_output else value

        getattr(self.api, function)(*(passed(given[name]) for name in names))

    def contents(self):
        """All that a call could modify, but for addresses."""
        rows = range(len(self.p))
        arrays = [self.p[0], self.g[0], self.block, *self.own, self.new, self.free]
        arrays += [slot for i in rows for slot in self.plan.state(i).values()]
        options = [values(self.plan.options(i)) for i in rows]
        return [a.tobytes() for a in arrays], options, [self.plan.steps(i) for i in rows]


def options(number=0, **members):
    """The options of a group, but for some members."""
    return {"options": lambda world: changed(world.records[number], **members)}


def array(argument, choose=lambda world: world.free, **members):
    """Another array, or one that would do but for some members."""
    return {argument: lambda world: described(choose(world), **members)}


def slot(number, choose=lambda world: world.free, **members):
    """Another array in the place of one of Adam's slots."""

    def slots(world):
        arrays = [described(world.own[2]), described(world.own[3])]
        arrays[number] = described(choose(world), **members)
        both = (Array * 2)(*arrays)
        both.owners = arrays
        return both

    return {"slots": slots}


def misaligned(argument, choose=lambda world: world.free):
    def described_wrongly(world):
        array = choose(world)
        return described(array, data=array.ctypes.data + 1)

    return {argument: described_wrongly}


def three(world):
    return world.free[:3]


def null(argument):
    return [({argument: None}, f"^{argument} = NULL; pass an address")]


TAKE_PLANS = " ".join(
    name.removeprefix("fastopt_")
    for name, declared in FUNCTIONS.items()
    if declared.returns == "fastopt_status" and "plan" in [of.name for of in declared.parameters]
)
READ_OPTIONS = "options_check options_variant plan_add_group plan_set_options adam_f64 apply"
TAKE_OPTIONS = "options_init options_check options_variant plan_add_group plan_set_options apply"

SIZE = RULES["adam"][0]
NO_SIZE = rf"is no size of fastopt_adam_options, which has {SIZE} bytes .*fastopt_adam_defaults\(\)"
ADAMANT = ctypes.create_string_buffer(b"adamant")
NO_RULE = "is not one of sgd, rmsprop, "
NOT_ALIGNED = r"address \d+ or its strides are not a multiple of the element size 8; pass an alig"
TOO_LARGE = "makes the array larger than memory can be; pass its real shape"
SHARES = r"elements share memory, or lie among each other \(strides .* for .*\); pass a copy of it"
CHANGES = "would change which state arrays there are, or what they hold; make a new optimizer or"

#: What no array of a new row may be.
BAD_ARRAYS = [
    ({"ndim": -1}, "ndim = -1 must be from 0 to 64"),
    ({"ndim": 65, "shape": (1,) * 65}, "ndim = 65 must be from 0 to 64"),
    ({"shape": None}, "shape = NULL; pass its lengths"),
    ({"shape": (-1,)}, r"shape\[0\] = -1 must not be negative"),
    ({"ndim": 2, "shape": (0, -5)}, r"shape\[1\] = -5 must not be negative"),
    ({"shape": (2**60,)}, rf"shape\[0\] = {2**60} {TOO_LARGE}"),
    ({"ndim": 3, "shape": (2**31, 2**31, 2)}, rf"shape\[1\] = {2**31} {TOO_LARGE}"),
    ({"data": None}, "data is NULL; pass the address of its elements"),
    ({"strides": (12,)}, NOT_ALIGNED),
    (
        {"strides": (2**62,)},
        rf"strides\[0\] = {2**62} reaches beyond memory; pass its real strides",
    ),
    ({"strides": (-(2**63),)}, rf"strides\[0\] = -{2**63} reaches beyond memory"),
    ({"strides": (0,)}, SHARES),
    ({"ndim": 2, "shape": (2, 3), "strides": (8, 8)}, SHARES),
]

#: What no description of an array may be, whatever its strides.
BAD_SHAPES = [(bad, message) for bad, message in BAD_ARRAYS if {"ndim", "shape"} & bad.keys()][:-1]

#: And what no array is.
NO_ARRAYS = [
    (bad, message) for bad, message in BAD_ARRAYS if "data" not in bad and message != SHARES
]

#: By status and functions: what is wrong with the arguments, and what the message says.
BAD = {
    (INVALID_ARGUMENT, TAKE_PLANS): null("plan"),
    (INVALID_ARGUMENT, f"{TAKE_OPTIONS} plan_get_options"): null("options"),
    (INVALID_ARGUMENT, "plan_get_steps"): null("steps"),
    (INVALID_ARGUMENT, "plan_get_threading"): null("threading"),
    (INVALID_ARGUMENT, "plan_learn"): null("other"),
    (INVALID_ARGUMENT, "get_thread_limits"): null("limits"),
    (INVALID_ARGUMENT, "plan_get_slot"): [
        *null("array"),
        ({"slot": 1}, "slot = 1 is not below the row's 1 slots"),
    ],
    (INVALID_ARGUMENT, "use_isa"): [
        *null("name"),
        ({"name": b"mmx"}, "isa = 'mmx' is not one that this CPU can run; use one of baseline"),
    ],
    (INVALID_ARGUMENT, "options_init"): [
        ({"rule": None}, f"rule = 'NULL' {NO_RULE}"),
        ({"rule": b"adamant"}, f"rule = 'adamant' {NO_RULE}"),
        ({"size": 0}, r"options\.size = 0; begin with"),
        ({"size": 15}, rf"options\.size = 15 {NO_SIZE}"),
        ({"size": SIZE + 8}, rf"options\.size = {SIZE + 8} {NO_SIZE}"),
    ],
    (INVALID_ARGUMENT, f"{READ_OPTIONS} plan_get_options"): [
        (options(size=0), r"options\.size = 0; begin with fastopt_<rule>_defaults\(\)"),
        (options(size=15), rf"options\.size = 15 {NO_SIZE}"),
        (options(size=SIZE + 1), rf"options\.size = {SIZE + 1} {NO_SIZE}"),
        (options(size=2**64 - 1), rf"options\.size = {2**64 - 1} {NO_SIZE}"),
        (options(rule=0), f"rule = 'NULL' {NO_RULE}"),
        (options(rule=ctypes.addressof(ADAMANT)), f"rule = 'adamant' {NO_RULE}"),
    ],
    (INVALID_OPTION, READ_OPTIONS): [
        (options(lr=math.inf), "lr = inf must be a finite number, in float32 too"),
        (options(eps=-1.0), "eps = -1 must be a finite number >= 0"),
        (options(betas=(0.9, 1.0)), r"betas\[1\] = 1 must be a number in \[0, 1\)"),
        (options(amsgrad=2), "amsgrad = 2 must be 0 or 1"),
    ],
    (INVALID_OPTION, "plan_set_options"): [
        (options(amsgrad=1), f"amsgrad = 1 {CHANGES}"),
        ({**options(1, momentum=0.0), "group": 1}, f"momentum = 0 {CHANGES}"),
        (
            {**options(2, initial_accumulator_value=1.0), "group": 2},
            f"^initial_accumulator_value = 1 {CHANGES}",
        ),
    ],
    (INVALID_ARGUMENT, "plan_get_options plan_set_options"): [
        (options(1), r"options\.rule = 'sgd', but the group's rule is 'adam'"),
    ],
    (INVALID_ARGUMENT, "plan_add_row plan_get_options plan_set_options"): [
        ({"group": 3}, "group = 3 is not below the plan's 3 groups"),
        ({"group": 2**64 - 1}, f"group = {2**64 - 1} is not below the plan's 3 groups"),
    ],
    (
        INVALID_ARGUMENT,
        "plan_set_gradient plan_set_sparse_gradient plan_get_steps plan_set_steps plan_get_slot",
    ): [
        ({"row": 3}, "row = 3 is not below the plan's 3 rows"),
        ({"row": 2**64 - 1}, f"row = {2**64 - 1} is not below the plan's 3 rows"),
    ],
    (INVALID_ARGUMENT, "plan_add_row plan_set_gradient plan_set_sparse_gradient apply"): [
        ({"flags": 2}, "flags = 2 must be 0 or FASTOPT_DISJOINT"),
        ({"flags": 2**32 - 1}, f"flags = {2**32 - 1} must be 0 or FASTOPT_DISJOINT"),
    ],
    (INVALID_ARGUMENT, "plan_set_steps"): [
        ({"steps": steps}, f"steps = {steps} must be an integer from 0 to {MAX_STEPS}")
        for steps in (-1, -(2**63), MAX_STEPS + 1)
    ],
    (INVALID_ARGUMENT, "plan_step adam_f64 apply"): [
        ({"num_threads": n}, f"num_threads = {n} must be an integer from 1 to 1024, or 0 to")
        for n in (1025, 2**31 - 1)
    ],
    (INVALID_ARGUMENT, "adam_f64 apply"): [
        ({"step": step}, f"step = {step} must be an integer from 1 to {MAX_STEPS}")
        for step in (0, -(2**63), MAX_STEPS + 1)
    ],
    (INVALID_ARGUMENT, "apply"): [
        *(case for name in ("p", "g", "slots") for case in null(name)),
        *((array("p", **bad), f"^p: {message}") for bad, message in BAD_ARRAYS),
        *((array("g", **bad), f"^g: {message}") for bad, message in NO_ARRAYS),
        *((slot(1, **bad), f"^exp_avg_sq: {message}") for bad, message in BAD_ARRAYS[:-1]),
        *((misaligned(name), f"^{name}: {NOT_ALIGNED}") for name in ("p", "g")),
        (array("g", lambda w: w.g[0]), r"^g: type float32 differs from its parameter's float64"),
        (array("g", lambda w: w.new[1:]), r"^g: shape \(4,\) differs from its parameter's \(5,\)"),
        (slot(0, lambda w: w.new[1:]), r"^exp_avg: shape \(4,\) differs .* \(5,\)"),
    ],
    (OVERLAP, "apply"): [
        (array("g", lambda w: w.own[0][::-1]), "^g: shares memory with p; pass a copy of one"),
        (slot(1, lambda w: w.own[1]), "^exp_avg_sq: shares memory with g; pass a copy of one"),
        (slot(1, lambda w: w.own[2]), "^exp_avg_sq: shares memory with exp_avg; pass a copy of"),
    ],
    (INVALID_ARGUMENT, "adam_f64"): [
        *(
            ({"count": count}, f"count = {count} elements are more than memory can have")
            for count in (2**60, 2**64 - 1)
        ),
        (options(1), r"options\.rule = 'sgd', but the function is of 'adam'"),
        *(({name: None}, f"^{name} = NULL; pass an array") for name in ("p", "g", "exp_avg_sq")),
        (options(amsgrad=1), "max_exp_avg_sq = NULL; pass an array"),
        (
            {"max_exp_avg_sq": lambda world: world.free},
            "max_exp_avg_sq is given, .*; pass NULL, or",
        ),
        *(
            ({name: lambda world: world.free.ctypes.data + 4}, f"^{name}: address .*8; pass an")
            for name in ("p", "g", "exp_avg")
        ),
    ],
    (OVERLAP, "adam_f64"): [
        ({b: lambda w, i=i: w.own[i]}, f"^{b}: shares memory with {a}; pass a copy of one of them")
        for i, (a, b) in enumerate([("p", "g"), ("g", "exp_avg"), ("exp_avg", "exp_avg_sq")])
    ]
    + [
        ({"p": lambda w: w.block[4:], "g": lambda w: w.block}, "g: shares memory with p"),
        ({"p": lambda w: w.block, "g": lambda w: w.block[4:]}, "g: shares memory with p"),
    ],
    (INVALID_ARGUMENT, "array_check"): [
        ({"parameter": lambda w: described(w.g[0])}, "^array: type float64 differs .* float32;"),
        (array("parameter", lambda w: w.new[1:]), r"^array: shape \(5,\) differs .* \(4,\); pass"),
        *((array("parameter", **bad), f"^parameter: {message}") for bad, message in BAD_SHAPES),
    ],
    (INVALID_ARGUMENT, "array_check array_extent array_overlaps_itself"): [
        *null("array"),
        *((array("array", **bad), f"^array: {message}") for bad, message in NO_ARRAYS),
        (misaligned("array"), f"array: {NOT_ALIGNED}"),
        (array("array", data=None), "^array: data is NULL"),
    ],
    (INVALID_ARGUMENT, "array_extent"): [*null("begin"), *null("end")],
    (INVALID_ARGUMENT, "array_overlaps_itself"): null("overlaps"),
    (INVALID_ARGUMENT, "array_place_state"): [
        *null("parameter"),
        *((array("parameter", **bad), f"^parameter: {message}") for bad, message in NO_ARRAYS),
        *null("block"),
        *null("strides"),
        *null("state"),
    ],
    (INVALID_ARGUMENT, "plan_add_row"): [
        *null("parameter"),
        *((array("parameter", **bad), f"^parameter: {message}") for bad, message in BAD_ARRAYS),
        *(
            (array("slots", **bad), f"momentum_buffer: {message}")
            for bad, message in BAD_ARRAYS[:-1]
        ),
        (misaligned("parameter"), f"parameter: {NOT_ALIGNED}"),
        (misaligned("slots"), f"momentum_buffer: {NOT_ALIGNED}"),
        (
            array("slots", lambda w: w.new.astype("f")),
            "momentum_buffer: type float32 differs .* float64; conv",
        ),
        (
            array("slots", shape=(4,)),
            r"momentum_buffer: shape \(4,\) differs .* \(5,\); pass an arr",
        ),
        (
            array("slots", ndim=2, shape=(5, 1)),
            r"momentum_buffer: shape \(5, 1\) differs .* \(5,\)",
        ),
    ],
    (OVERLAP, "plan_add_row"): [
        (array("parameter", lambda w: w.p[1]), "^parameter: shares memory with another row; pass"),
        (array("parameter", lambda w: w.block[1:10:2]), "^parameter: .* another row"),
        (array("parameter", lambda w: w.block[12:17]), "^parameter: .* another row"),
        (array("parameter", lambda w: w.slot), "^parameter: shares memory with another row"),
        (array("parameter", lambda w: w.g[1]), "^parameter: shares memory with a gradient; pass"),
        (array("slots", lambda w: w.new), "momentum_buffer: shares memory with parameter; pass"),
        (array("slots", lambda w: w.p[1]), "momentum_buffer: shares memory with another row"),
        (array("slots", lambda w: w.g[1]), "momentum_buffer: shares memory with a gradient"),
        (
            {**array("parameter", lambda w: w.plan.state(2)["sum"]), "slots": None},
            "^parameter: shares memory with another row; pass",
        ),
    ],
    (INVALID_ARGUMENT, "plan_set_gradient"): [
        (array("gradient", shape=None), r"gradient\.shape = NULL; pass an address"),
        (
            array("gradient", lambda w: w.g[0]),
            "gradient: type float32 differs .* float64; convert it",
        ),
        (array("gradient", shape=(4,)), r"gradient: shape \(4,\) differs .* \(5,\); pass an array"),
        (array("gradient", ndim=0), r"gradient: shape \(\) differs .* \(5,\)"),
        (array("gradient", ndim=-1), "gradient: ndim = -1 must be from 0 to 64"),
        (array("gradient", ndim=65, shape=(1,) * 65), "gradient: ndim = 65 must be from 0 to 64"),
        (array("gradient", ndim=2, shape=(5, 1)), r"gradient: shape \(5, 1\) differs .* \(5,\)"),
        (array("gradient", data=None), "gradient: data is NULL; pass the address of its elements"),
        (array("gradient", strides=(4,)), f"gradient: {NOT_ALIGNED}"),
        (misaligned("gradient"), f"gradient: {NOT_ALIGNED}"),
    ],
    (INVALID_ARGUMENT, "plan_set_sparse_gradient"): [
        *null("indices"),
        *null("values"),
        ({"count": 2**64 - 1}, f"^count = {2**64 - 1} elements are more than memory can have"),
        *((array("values", three, **bad), f"^values: {message}") for bad, message in NO_ARRAYS),
        (array("values", three, data=None), "^values: data is NULL; pass the address of its elem"),
        (misaligned("values", three), f"^values: {NOT_ALIGNED}"),
        (
            array("values", lambda w: w.g[0][0]),
            "^values: type float32 differs .* float64; convert it",
        ),
        (array("values"), r"^values: shape \(5,\) must be \(3,\), a slice .* for each index"),
        (array("values", ndim=0), r"^values: ndim = 0 must be from 1 to the parameter's 1: a sl"),
        (array("values", ndim=2, shape=(3, 1)), "^values: ndim = 2 must be from 1 to the par"),
        *(
            ({"indices": np.array(indices)}, rf"^indices: indices\[{i}\] = {indices[i]} must be fr")
            for i, indices in [
                (0, [-1, 0, 1]),
                (0, [5, 6, 7]),
                (2, [0, 3, 5]),
                (2, [0, 3, -(2**63)]),
            ]
        ),
    ],
    (OVERLAP, "plan_set_sparse_gradient"): [
        (
            array("values", lambda w: w.block[12:15]),
            "^values: shares memory with what the plan updates; pass a c",
        ),
    ],
    (OVERLAP, "plan_set_gradient"): [
        (array("gradient", choose), "gradient: shares memory with what the plan updates; pass a c")
        for choose in (
            lambda w: w.p[1],
            lambda w: w.p[1][::-1],
            lambda w: np.broadcast_to(w.p[1][2:3], 5),
            lambda w: w.block[1:10:2],
            lambda w: w.block[12:17],
            lambda w: w.slot,
        )
    ]
    + [
        (
            {"row": 2, **array("gradient", lambda w: w.plan.state(2)["sum"])},
            "gradient: shares memory with what the plan updates; pass a c",
        ),
    ],
}
# Sanitizers end the process at the sight of these, an enumerator that is none and 2**63 bytes.
if not SANITIZED:
    BAD[INVALID_ARGUMENT, "plan_add_row"] += [
        (array("parameter", type=7), "^parameter: type = 7 must be FASTOPT_F32 or FASTOPT_F64"),
        (array("slots", type=-1), "^momentum_buffer: type = -1 must be FASTOPT_F32 or FASTOPT_F64"),
    ]
    BAD[INVALID_ARGUMENT, "plan_set_gradient"] += [
        (array("gradient", type=7), "gradient: type 7 differs .* float64; convert it"),
    ]
    BAD[OUT_OF_MEMORY, "plan_add_row"] = [
        ({**array("parameter", shape=(2**60 - 1,)), "slots": None}, "^out of memory$"),
    ]

BAD_CALLS = [
    pytest.param(function, changes, status, message, id=f"{function}: {message}")
    for (status, functions), cases in BAD.items()
    for function in functions.split()
    for changes, message in cases
]


@pytest.mark.parametrize(("function", "changes", "status", "message"), BAD_CALLS)
def test_refused(api, function, changes, status, message):
    world, twin = World(api), World(api)
    before = world.contents()
    bad = {name: of(world) if callable(of) else of for name, of in changes.items()}
    with pytest.raises(Refused, match=message) as caught:
        world.call(function, {**world.arguments(function), **bad})
    assert caught.value.status == status
    array = re.match(r"(\w+): ", str(caught.value))
    assert caught.value.argument == (array[1] if array and array[1] != "options" else "")
    assert world.contents() == before
    # The same call without what was wrong, and a step: as if nothing had been.
    for each in (world, twin):
        each.call(function, each.arguments(function))
        each.plan.step()
    assert world.contents() == twin.contents() != before


def shown(value):
    return str(value) if isinstance(value, int) else f"{value:g}"


INFINITY, NAN = float("inf"), float("nan")
OUT_OF_RANGE = {
    "a finite number, in float32 too": [NAN, INFINITY, -INFINITY, 1e39],
    "a finite number >= 0, in float32 too": [-1.0, -1e-300, NAN, INFINITY, 1e39],
    "a finite number > 0, in float32 too": [0.0, -1.0, 1e-60, NAN, INFINITY],
    "a number > 0, in float32 too (inf for no limit)": [0.0, -1.0, 1e-60, NAN],
    "a number >= 0 (inf included)": [-1.0, -1e-300, NAN],
    "a finite number >= 4": [3.9, -5.0, NAN, INFINITY],
    "a number in [0, 1)": [-0.1, 1.0, NAN],
    "-1, -0.5 or 0": [-2.0, -0.25, 0.5, 1.0, NAN, -INFINITY],
    "0 or 1": [-1, 2, 256, 2**31 - 1],
}


@pytest.mark.parametrize("rule", RULES)
def test_options_out_of_range(api, rule):
    for name, kind, domain, _ in RULES[rule][1]:
        for value in OUT_OF_RANGE[domain]:
            for place in (0, 1) if kind == PAIR else (None,):
                record = fo.option_struct(rule)
                record[name][0 if place is None else (0, place)] = value
                label = name if place is None else f"{name}[{place}]"
                with pytest.raises(Refused) as caught:
                    api.options_check(record.ctypes)
                assert caught.value.status == INVALID_OPTION
                assert str(caught.value) == f"{label} = {shown(value)} must be {domain}"


@pytest.mark.parametrize(
    ("rule", "members", "message"),
    [
        (
            "sgd",
            {"nesterov": 1, "dampening": 0.5},
            "nesterov needs dampening = 0; got lr = 0.001, ",
        ),
        (
            "sgd",
            {"nesterov": 1, "momentum": 0.9, "dampening": 0.1},
            "dampening = 0.1, nesterov = 1, lr_inside = 0$",
        ),
        ("sgd", {"lr_inside": 1, "dampening": 0.1}, "lr_inside needs dampening = 0; got"),
        ("rmsprop", {"nesterov": 1}, "nesterov needs momentum > 0; got"),
        ("lars", {"nesterov": 1, "momentum": 0.0}, "nesterov needs momentum > 0; got"),
        (
            "adam",
            {"amsgrad": 1, "amsgrad_corrected": 1, "eps_hat": 1},
            "eps_hat needs amsgrad_corrected = False",
        ),
        ("rprop", {"etas": (0.5, 0.9)}, "etas must be below 1 and above 1; got"),
        ("rprop", {"etas": (1.5, 2.0)}, "etas must be below 1 and above 1; got"),
        ("rprop", {"step_sizes": (2.0, 1.0)}, "step_sizes must be in ascending order; got"),
        (
            "lamb",
            {"norm_limits": (2.0, 1.0)},
            "norm_limits must be in ascending order, from a finite one; got",
        ),
        ("lamb", {"norm_limits": (float("inf"), float("inf"))}, "from a finite one; got"),
        ("ftrl", {"beta": 1e-50}, "beta, l2 or initial_accumulator_value must be > 0"),
        ("ftrl", {"beta": 0.0}, "beta, l2 or initial_accumulator_value must be > 0, or a grad"),
    ],
)
def test_options_in_conflict(api, rule, members, message):
    with pytest.raises(Refused, match=message) as caught:
        api.options_check(changed(fo.option_struct(rule), **members).ctypes)
    assert caught.value.status == INVALID_OPTION


def test_a_struct_that_could_not_be_filled_is_refused_later(api):
    record = fo.option_struct("adam")
    with pytest.raises(Refused, match="adamant"):
        api.options_init(b"adamant", record.ctypes, record.nbytes)
    with pytest.raises(Refused, match=r"options\.size = 0"):
        api.options_check(record.ctypes)


@pytest.mark.parametrize("rule", [b"adam", b"none"])
@pytest.mark.parametrize("size", [0, 1, 8, 15, 16, 17, 24, 10_000])
def test_options_init_stays_within_its_buffer(api, rule, size):
    buffer = np.full(256, 0xAB, np.uint8)
    with contextlib.suppress(Refused):
        api.options_init(rule, buffer.ctypes, size)
    assert (buffer[size:] == 0xAB).all()


def test_messages_are_each_threads_own(api):
    found = []

    def other():
        found.append(api.error_message())
        with pytest.raises(Refused, match="isa = 'mmmm"):
            api.use_isa(b"m" * 5000)

    for _ in range(2):
        with pytest.raises(Refused, match="plan = NULL"):
            api.plan_create(None)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        api.initialize()
        found.append(api.error_message())
    plan = b"plan = NULL; pass an address"
    assert found == [b"", plan, b"", plan]


SLOT_CHANGES = [
    ("rmsprop", "momentum_buffer", {"momentum": 0.5}, {"lr_inside": 1}, "lr_inside = 1"),
    ("rmsprop", "momentum_buffer", {}, {"lr_inside": 1, "centered": 1}, "lr_inside = 1"),
    ("rmsprop", "square_avg", {"momentum": 0.5}, {"lr_inside": 1}, None),
    ("rmsprop", "square_avg", {}, {"lr": 0.5, "centered": 1, "momentum": 0.5}, None),
    (
        "rmsprop",
        "square_avg",
        {},
        {"initial_accumulator_value": 1},
        "initial_accumulator_value = 1",
    ),
    ("adam", "max_exp_avg_sq", {"amsgrad": 1}, {"amsgrad_corrected": 1}, "amsgrad_corrected = 1"),
    ("adam", "exp_avg_sq", {"amsgrad": 1}, {"amsgrad_corrected": 1}, None),
    ("ftrl", "linear", {}, {"learning_rate_power": -1}, "learning_rate_power = -1"),
    ("ftrl", "sum", {}, {"learning_rate_power": -1}, None),
    ("rprop", "step_size", {}, {"lr": 0.5}, None),
]


@pytest.mark.parametrize(("rule", "slot", "present", "change", "blamed"), SLOT_CHANGES)
def test_what_a_slot_holds(api, rule, slot, present, change, blamed):
    """Of those that options may take out of use and back, each keeps its meaning."""
    before = changed(fo.option_struct(rule), **present)
    after = changed(before, **change)
    call = partial(api.options_check_slot, before.ctypes, after.ctypes, slot.encode())
    if blamed is None:
        call()
    else:
        with pytest.raises(Refused, match=f"^{blamed} {CHANGES}") as refused:
            call()
        assert refused.value.status == INVALID_OPTION


def test_a_slot_that_no_variant_has(api):
    record = fo.option_struct("rmsprop")
    message = "^slot = 'exp_avg' is not one of rmsprop's, square_avg, grad_avg, momentum_buffer$"
    with pytest.raises(Refused, match=message) as refused:
        api.options_check_slot(record.ctypes, record.ctypes, b"exp_avg")
    assert refused.value.status == INVALID_ARGUMENT
