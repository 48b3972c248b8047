"""The C API: what it exports and declares, its bits, and what it refuses."""

import ctypes
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import binaries
import interpreter
import numpy as np
import pytest
from c_library import (
    ABI_VERSION,
    APART,
    BUSY,
    FLAG,
    FUNCTIONS,
    HEADER,
    INSTALLED,
    INVALID_ARGUMENT,
    INVALID_ENVIRONMENT,
    INVALID_OPTION,
    MAX_SLOTS,
    MAX_STEPS,
    NUMBER,
    OUT_OF_MEMORY,
    OVERLAP,
    PAIR,
    ROOT,
    RULES,
    Api,
    Array,
    KernelInfo,
    Plan,
    Refused,
    described,
    of_class,
    rule_of,
    values,
)
from table import SANITIZED, TABLE

import pyfastopt as fo
from pyfastopt import _core, capi


@pytest.fixture(scope="module")
def path():
    return next(Path(fo.get_library_dir()).glob("libfastopt.*"))


@pytest.fixture(scope="module")
def api(path):
    return Api(path)


# ---- what is generated, exported and declared ---------------------------------------------------


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


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("nm"), reason="needs nm, and ELF")
def test_exports(path):
    lines = binaries.output("nm", "-D", "--defined-only", path).splitlines()
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


def slots_of(kernel):
    return tuple(slot.decode() for slot in kernel.slots[: kernel.slot_count])


def reported(rule):
    members = [
        (member.name.decode(), member.kind, member.domain.decode(), member.offset)
        for member in rule.options[: rule.option_count]
    ]
    return rule.options_size, members, slots_of(rule.all_slots)


def test_kernel_of_options(api, row, options):
    record = of_class(row.optimizer(np.ones(3), **options))
    kernel, initial = ctypes.POINTER(KernelInfo)(), (ctypes.c_double * MAX_SLOTS)()
    api.options_kernel(record.ctypes, ctypes.byref(kernel), initial)
    found = dict(zip(slots_of(kernel.contents), initial, strict=False))
    assert found == _core.describe(rule_of(record), values(record))[1]


# ---- vectors ------------------------------------------------------------------------------------


def test_vector_functions_without_elements(api):
    numbers = (ctypes.c_double * 2)(5, 5)
    api.combine(1, 0, None, 2.0, None, None, None, None, 1)
    api.secant(1, 0, None, None, 2.0, None, None, None, numbers, 1)
    assert list(numbers) == [0, 0]


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


# ---- programs in C and C++ ----------------------------------------------------------------------

COMPILERS = {
    ".c": shlex.split(os.environ.get("CC", "cc")),
    ".cpp": shlex.split(os.environ.get("CXX", "c++")),
}
WARNINGS = {
    ".c": "-Wall -Wextra -Wpedantic -Wconversion -Werror",
    ".cpp": "-Wall -Wextra -Wpedantic -Wshadow -Werror",
}

needs_compiler = pytest.mark.skipif(
    SANITIZED
    or not INSTALLED.exists()
    or not all(shutil.which(command[0]) for command in COMPILERS.values()),
    reason="needs compilers, installed headers, and a library without sanitizers",
)


@pytest.fixture(scope="module")
def flags():
    command = [sys.executable, "-m", "pyfastopt", "--cflags", "--libs"]
    return shlex.split(binaries.output(*command))


@pytest.fixture
def build(flags, tmp_path):
    """Compiles without warnings, and runs; returns what was printed."""

    def build(language, standard, source, *, run=True):
        file, program = tmp_path / f"program{language}", tmp_path / "program"
        file.write_text(source)
        options = f"-std={standard} {WARNINGS[language]}".split()
        output = ["-o", program] if run else ["-fsyntax-only"]
        command = [*COMPILERS[language], *options, file, *output, *flags]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return binaries.output(program) if run else None

    return build


@needs_compiler
@pytest.mark.parametrize("order", ["a", "b", "a b", "b a"])
@pytest.mark.parametrize(
    ("language", "standard", "a", "b"),
    [
        (".c", "c99", "fastopt.h", "fastopt_rules.h"),
        (".c", "c11", "fastopt.h", "fastopt_rules.h"),
        (".cpp", "c++17", "fastopt.h", "fastopt.hpp"),
        (".cpp", "c++17", "fastopt.hpp", "fastopt_rules.hpp"),
        (".cpp", "c++20", "fastopt.hpp", "fastopt_rules.hpp"),
    ],
)
def test_headers(build, language, standard, a, b, order):
    includes = [{"a": a, "b": b}[which] for which in order.split()]
    source = "".join(f'#include "{name}"\n' for name in includes)
    # A struct, which is in the last part of either, is there whatever came first.
    source += "int main(void) { return (int)sizeof(fastopt_adam_options) < 0; }\n"
    build(language, standard, source, run=False)


@needs_compiler
def test_layout_of_option_structs(api, build):
    asked = [
        text
        for rule, (_, members, _) in RULES.items()
        for struct in [f"fastopt_{rule}_options"]
        for text in [f"sizeof({struct})", *(f"offsetof({struct}, {name})" for name, *_ in members)]
    ]
    prints = "".join(f'printf("%zu\\n", {text});\n' for text in asked)
    source = '#include <stddef.h>\n#include <stdio.h>\n#include "fastopt.h"\n'
    printed = build(".c", "c99", f"{source}int main(void) {{\n{prints}return 0;\n}}\n").split()
    found = []
    for rule in RULES:
        size, members, _ = reported(api.find_rule(rule.encode()).contents)
        found += [size, *(offset for *_, offset in members)]
    assert list(map(int, printed)) == found


CPP = r"""
#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "fastopt.hpp"

#define CHECK(...) if (!(__VA_ARGS__)) std::printf("%d: %s\n", __LINE__, #__VA_ARGS__)

template <class Call>
bool refused(fastopt_status status, const std::string& words, Call&& call) {
    try {
        call();
    } catch (const fastopt::Error& error) {
        return error.status() == status && std::string(error.what()).find(words) == 0;
    }
    return false;
}

int main() {
    BODY
}
"""

USE_OF_CPP = r"""
    using Floats = std::vector<float>;
    Floats p(5, 1.0f), q = p, m(5), v(5);
    const Floats g(5, 0.5f);
    fastopt::AdamOptions options;
    options.lr = 0.5;
    fastopt::Plan plan;
    const std::size_t group = plan.add_group(options);
    const std::size_t row = plan.add(group, p);
    CHECK(group == 0 && row == 0 && plan.steps(row) == 0);
    plan.set_gradient(row, g);
    plan.step(2);
    fastopt::adam(options, 1, q, g, m, v);
    CHECK(p == q && p[0] < 1);
    const fastopt_array slot = plan.slot(row, 1);
    CHECK(slot.ndim == 1 && slot.shape[0] == 5 && *static_cast<const float*>(slot.data) == v[0]);
    CHECK(plan.steps(row) == 1);

    plan.clear_gradient(row);
    plan.step();
    CHECK(p == q && plan.steps(row) == 1);

    options.lr = 0.25;
    plan.set_options(group, options);
    CHECK(plan.options<fastopt::AdamOptions>(group).lr == 0.25);
    plan.set_steps(row, 7);
    plan.set_gradient(row, g);
    plan.step();
    fastopt::adam(options, 8, q, fastopt::Span(g.data(), 5), m, v, {}, 1);
    CHECK(p == q && plan.steps(row) == 8);

    fastopt::SGDOptions sgd;
    sgd.lr = 1;
    std::array<double, 2> a{1, 2};
    double c[] = {3, 4}, columns[] = {1, 5, 1, 6};
    const std::size_t second = plan.add_group(sgd);
    const std::size_t of_a = plan.add(second, a), of_c = plan.add(second, c);
    const std::ptrdiff_t shape[] = {2}, strides[] = {16};
    const fastopt_array left{columns, FASTOPT_F64, 1, shape, strides};
    const fastopt_array right{columns + 1, FASTOPT_F64, 1, shape, strides};
    const std::size_t of_left = plan.add_array(second, left);
    plan.set_gradient_array(of_left, right, FASTOPT_APART);
    const double ones[] = {1, 1};
    plan.set_gradient(of_a, ones);
    plan.set_gradient(of_c, fastopt::Span(ones));
    plan.step();
    CHECK(a[1] == 1 && c[0] == 2 && c[1] == 3 && columns[0] == -4 && columns[2] == -5);

    CHECK(refused(FASTOPT_OVERLAP, "parameter: shares memory", [&] { plan.add(group, p); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "row = 9 ", [&] { plan.steps(9); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "gradient: ", [&] { plan.set_gradient(row, a); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "options.rule = 'sgd', but",
                  [&] { plan.options<fastopt::SGDOptions>(group); }));
    options.lr = -1;
    CHECK(refused(FASTOPT_INVALID_OPTION, "lr = -1 ", [&] { plan.add_group(options); }));
    CHECK(refused(FASTOPT_INVALID_OPTION, "lr = -1 ", [&] { plan.set_options(group, options); }));
    const fastopt::Span<const float> less(g.data(), 4);
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "the sizes of p, g and the state differ; pass",
                  [&] { fastopt::lion({}, 1, q, less, m); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "exp_avg_sq = NULL",
                  [&] { fastopt::adam({}, 1, q, g, m, {}); }));

    fastopt::Plan moved = std::move(plan);
    moved.step();
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "plan = NULL", [&] { plan.step(); }));
    CHECK(moved.get() != nullptr && moved.steps(row) == 10);
"""


@needs_compiler
@pytest.mark.parametrize("standard", ["c++17", "c++20"])
def test_cpp(build, standard):
    assert build(".cpp", standard, CPP.replace("BODY", USE_OF_CPP)) == ""


SPARE_ROOM = r"""
    std::vector<float> p(5, 1.0f), v(5), spare;
    spare.reserve(5);
    const std::vector<float> g(5, 0.5f);
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "", [&] { fastopt::adam({}, 1, p, g, spare, v); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "", [&] { fastopt::sgd({}, 1, p, spare); }));
    CHECK(p[0] == 1);
    CHECK(!refused(FASTOPT_INVALID_ARGUMENT, "", [&] { fastopt::sgd({}, 1, p, g, spare); }));
"""


@needs_compiler
def test_cpp_looks_at_sizes(build):
    """An empty vector may have an address all the same, with less room behind it than is needed."""
    assert build(".cpp", "c++17", CPP.replace("BODY", SPARE_ROOM)) == ""


# ---- the same bits as the Python classes --------------------------------------------------------

#: Around the widths of vectors and cache lines, one dimension and more, and one for many threads.
SHAPES = [(n,) for n in (0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 255, 256, 257, 150_001)]
SHAPES += [(), (3, 7), (0, 4), (9, 7, 5), (1, 40, 1), (30, 70), (130, 131)]


def laid_out(a, kind):
    """The same elements in one of five layouts."""
    if a.ndim == 0:
        return a.copy()
    others = [a.copy(order="F"), np.stack([a, a], -1)[..., 0], a[::-1].copy()[::-1]]
    others.append(np.concatenate([a[:1], a])[1:])  # behind a boundary of vectors
    return [a.copy(), *others][kind % 5]


def numbers(rng, shape, dtype, kind=0):
    return laid_out(np.asarray(rng.standard_normal(shape, dtype)), kind)


def same_bits(found, expected):
    return found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


def assert_same(plan, rows, optimizer, params):
    for row, p, twin, state in zip(
        rows, params, optimizer.param_groups[0]["params"], optimizer.state, strict=True
    ):
        assert same_bits(p, twin), p.shape
        assert plan.steps(row) == state.pop("step")
        found = plan.state(row)
        assert found.keys() == state.keys()
        for name, array in state.items():
            assert same_bits(found[name], array), (name, p.shape)


def test_one_shots(api, row, options, dtype, rng):
    for kind, (n,) in enumerate(shape for shape in SHAPES if len(shape) == 1):
        p = numbers(rng, n, dtype, 4 * (kind % 2))
        optimizer = row.optimizer(p.copy(), num_threads=1, **options)
        record = of_class(optimizer)
        state = {k: laid_out(v, 4) for k, v in optimizer.state[0].items() if k != "step"}
        slots = [state[s].ctypes if s in state else None for s in RULES[optimizer.rule][2]]
        one_shot = getattr(api, f"{optimizer.rule}_f{8 * p.itemsize}")
        for step, threads in enumerate([1, 2, 3, 0], start=1):
            g = numbers(rng, n, dtype, 4 * (step % 2))
            optimizer.step(g)
            one_shot(record.ctypes, step, n, p.ctypes, g.ctypes, *slots, threads)
        assert same_bits(p, optimizer.param_groups[0]["params"][0]), n
        for name, array in state.items():
            assert same_bits(array, optimizer.state[0][name]), (name, n)


def test_plans(api, row, options, dtype, rng):
    params = [numbers(rng, shape, dtype, kind) for kind, shape in enumerate(SHAPES)]
    optimizer = row.optimizer([p.copy() for p in params], num_threads=1, **options)
    names = _core.describe(optimizer.rule, values(of_class(optimizer)))[1]
    plan = Plan(api)
    group = plan.add_group(of_class(optimizer))
    rows = []
    for i, p in enumerate(params):
        # Of each other row the state is the caller's.
        slots = [laid_out(np.full_like(p, v), i + k) for k, v in enumerate(names.values(), 1)]
        rows.append(plan.add_row(group, p, slots if i % 2 else None))
    for step, threads in enumerate([1, 2, 3, 0, 7]):
        grads = []
        for i, p in enumerate(params):
            g = None if (i + step) % 5 == 4 else numbers(rng, p.shape, dtype, 2 * i + step)
            changes = {"strides": None} if g is not None and g.flags.c_contiguous else {}
            plan.set_gradient(rows[i], g, **changes)
            grads.append(g)
        record = plan.options(group)
        record["lr"] = optimizer.lr = 0.1 / (1 + step)
        plan.set_options(group, record)
        plan.step(threads)
        optimizer.step(grads)
    assert_same(plan, rows, optimizer, params)


def test_groups_of_all_rules(api, dtype, rng):
    plan = Plan(api)
    jobs = []
    variants = [(row.optimizer, row.explicit(variant)) for row in TABLE for variant in row.variants]
    for make, options in variants:
        params = [numbers(rng, shape, dtype, 1) for shape in [(17,), (5, 6), (4000,)]]
        optimizer = make([p.copy() for p in params], **options)
        group = plan.add_group(of_class(optimizer))
        jobs.append((optimizer, params, [plan.add_row(group, p) for p in params]))
    for threads in (1, 2, 3):
        for optimizer, params, rows in jobs:
            grads = [numbers(rng, p.shape, dtype, threads) for p in params]
            optimizer.step(grads)
            for row, g in zip(rows, grads, strict=True):
                plan.set_gradient(row, g)
        plan.step(threads)
    for optimizer, params, rows in jobs:
        assert_same(plan, rows, optimizer, params)


@pytest.mark.parametrize("whose", ["the plan's", "the caller's"])
def test_checkpoints(api, row, options, dtype, whose, rng):
    """Half the steps, and all that a plan tells of itself, into a new plan: the same bits."""
    params = [numbers(rng, shape, dtype, kind) for kind, shape in enumerate([(19,), (4, 5), ()])]
    optimizer = row.optimizer([p.copy() for p in params], **{**options, "lr": 0.1})
    plan = Plan(api)
    plan.add_group(of_class(optimizer))
    rows = [plan.add_row(0, p) for p in params]
    for step in range(6):
        if step == 3:
            before, plan = plan, Plan(api)
            # The one group of the new plan has the options that the old one was changed to.
            plan.add_group(before.options(0))
            for i, p in enumerate(params):
                params[i] = p.copy()
                state = {name: slot.copy() for name, slot in before.state(i).items()}
                slots = list(state.values()) if whose == "the caller's" else None
                plan.add_row(0, params[i], slots)
                for name, slot in plan.state(i).items():
                    slot[...] = state[name]
                api.plan_set_steps(plan.handle, i, before.steps(i))
            del before
        grads = [
            None if (i, step) == (1, 2) else numbers(rng, p.shape, dtype, i)
            for i, p in enumerate(params)
        ]
        if step == 1:
            record = plan.options(0)
            record["weight_decay"] = optimizer.weight_decay = 0.3
            plan.set_options(0, record)
        optimizer.step(grads)
        for i, g in zip(rows, grads, strict=True):
            plan.set_gradient(i, g)
        plan.step()
    assert [plan.steps(i) for i in rows] == [6, 5, 6]
    assert_same(plan, rows, optimizer, params)


# ---- what is refused ----------------------------------------------------------------------------


def changed(record, **members):
    record = record.copy()
    for name, value in members.items():
        record[name] = value
    return record


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
        self.handle = ctypes.c_void_p()

    def __del__(self):
        self.api.plan_destroy(self.handle)

    def arguments(self, function):
        adam = self.records[0]
        p, g, *state = self.own
        given = {
            "options_init": {"rule": b"adam", "options": adam.copy(), "size": adam.nbytes},
            "options_check": {"options": adam},
            "options_kernel": {"options": adam, "kernel": None, "initial_state": None},
            "adam_f64": {"options": adam, "step": 3, "count": p.size, "p": p, "g": g},
            "plan_create": {"plan": self.handle},
            "plan_add_group": {"options": adam, "group": None},
            "plan_add_row": {"group": 1, "parameter": described(self.new), "row": None},
            "plan_set_gradient": {"row": 1, "gradient": described(self.free), "flags": 0},
            "plan_step": {"num_threads": 2},
            "plan_get_options": {"group": 0, "options": adam.copy()},
            "plan_set_options": {"group": 0, "options": changed(adam, lr=0.5)},
            "plan_get_steps": {"row": 0, "steps": ctypes.c_int64()},
            "plan_set_steps": {"row": 0, "steps": 7},
            "plan_get_slot": {"row": 1, "slot": 0, "array": Array()},
            "use_isa": {"name": self.api.active_isa()},
        }[function]
        if function == "adam_f64":
            given.update(zip(RULES["adam"][2], [*state, None], strict=True), num_threads=2)
        if function == "plan_add_row":
            given.update(slots=described(self.free), flags=0)
        if function.startswith("plan_") and function != "plan_create":
            given["plan"] = self.plan.handle
        return given

    def call(self, function, given):
        names = [name for _, name in FUNCTIONS[f"fastopt_{function}"][1]]
        assert given.keys() == set(names)

        def passed(value):
            if isinstance(value, np.ndarray):
                return value.ctypes
            outputs = Array, ctypes.c_int64
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


def misaligned(argument):
    return {argument: lambda world: described(world.free, data=world.free.ctypes.data + 1)}


def null(argument):
    return [({argument: None}, f"^{argument} = NULL; pass an address")]


TAKE_PLANS = " ".join(
    name.removeprefix("fastopt_")
    for name, (returns, parameters) in FUNCTIONS.items()
    if returns == "fastopt_status" and "plan" in [parameter for _, parameter in parameters]
)
READ_OPTIONS = "options_check options_kernel plan_add_group plan_set_options adam_f64"
TAKE_OPTIONS = "options_init options_check options_kernel plan_add_group plan_set_options"

SIZE = RULES["adam"][0]
NO_SIZE = rf"is no size of fastopt_adam_options, which has {SIZE} bytes .*fastopt_adam_defaults\(\)"
ADAMANT = ctypes.create_string_buffer(b"adamant")
NO_RULE = "is not one of sgd, rmsprop, "
NOT_ALIGNED = r"address \d+ or its strides are not a multiple of the element size 8; pass an alig"
TOO_LARGE = "makes the array larger than memory can be; pass its real shape"
SHARES = "elements share memory; pass a copy of it"
KERNEL = "options: they would change which state arrays .*; make a new plan with them"

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

#: By status and functions: what is wrong with the arguments, and what the message says.
BAD = {
    (INVALID_ARGUMENT, TAKE_PLANS): null("plan"),
    (INVALID_ARGUMENT, f"{TAKE_OPTIONS} plan_get_options"): null("options"),
    (INVALID_ARGUMENT, "plan_get_steps"): null("steps"),
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
        (options(lr=-1.0), "lr = -1 must be a finite number >= 0"),
        (options(betas=(0.9, 1.0)), r"betas\[1\] = 1 must be a number in \[0, 1\)"),
        (options(amsgrad=2), "amsgrad = 2 must be 0 or 1"),
    ],
    (INVALID_OPTION, "plan_set_options"): [
        (options(amsgrad=1), KERNEL),
        (options(1), KERNEL),
        ({**options(1, momentum=0.0), "group": 1}, KERNEL),
        ({**options(2, initial_accumulator_value=1.0), "group": 2}, "options: .*how they started"),
    ],
    (INVALID_ARGUMENT, "plan_get_options"): [
        (options(1), r"options\.rule = 'sgd', but the group's rule is 'adam'"),
    ],
    (INVALID_ARGUMENT, "plan_add_row plan_get_options plan_set_options"): [
        ({"group": 3}, "group = 3 is not below the plan's 3 groups"),
        ({"group": 2**64 - 1}, f"group = {2**64 - 1} is not below the plan's 3 groups"),
    ],
    (INVALID_ARGUMENT, "plan_set_gradient plan_get_steps plan_set_steps plan_get_slot"): [
        ({"row": 3}, "row = 3 is not below the plan's 3 rows"),
        ({"row": 2**64 - 1}, f"row = {2**64 - 1} is not below the plan's 3 rows"),
    ],
    (INVALID_ARGUMENT, "plan_add_row plan_set_gradient"): [
        ({"flags": 2}, "flags = 2 must be 0 or FASTOPT_APART"),
        ({"flags": 2**32 - 1}, f"flags = {2**32 - 1} must be 0 or FASTOPT_APART"),
    ],
    (INVALID_ARGUMENT, "plan_set_steps"): [
        ({"steps": steps}, f"steps = {steps} must be an integer from 0 to {MAX_STEPS}")
        for steps in (-1, -(2**63), MAX_STEPS + 1)
    ],
    (INVALID_ARGUMENT, "plan_step adam_f64"): [
        ({"num_threads": n}, f"num_threads = {n} must be an integer from 1 to 1024, or 0 for the")
        for n in (-1, 1025, 2**31 - 1)
    ],
    (INVALID_ARGUMENT, "adam_f64"): [
        *(
            ({"step": step}, f"step = {step} must be an integer from 1 to {MAX_STEPS}")
            for step in (0, -(2**63), MAX_STEPS + 1)
        ),
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
            ({name: lambda world: world.free.ctypes.data + 4}, f"^{name}: its address .*8; pass an")
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
    (INVALID_ARGUMENT, "plan_add_row"): [
        *null("parameter"),
        *((array("parameter", **bad), f"^parameter: {message}") for bad, message in BAD_ARRAYS),
        *(
            (array("slots", **bad), f"momentum_buffer: {message}")
            for bad, message in BAD_ARRAYS[:-1]
        ),
        (misaligned("parameter"), f"parameter: {NOT_ALIGNED}"),
        (misaligned("slots"), f"momentum_buffer: {NOT_ALIGNED}"),
        (array("slots", lambda w: w.new.astype("f")), "momentum_buffer: its type .*64 bits; conv"),
        (array("slots", shape=(4,)), r"momentum_buffer: shape \(4\) differs .* \(5\); pass an arr"),
        (array("slots", ndim=2, shape=(5, 1)), r"momentum_buffer: shape \(5, 1\) differs .* \(5\)"),
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
        (array("gradient", lambda w: w.g[0]), "gradient: its type .* has 64 bits; convert it"),
        (array("gradient", shape=(4,)), r"gradient: shape \(4\) differs .* \(5\); pass an array"),
        (array("gradient", ndim=0), r"gradient: shape \(\) differs .* \(5\)"),
        (array("gradient", ndim=-1), "gradient: ndim = -1 must be from 0 to 64"),
        (array("gradient", ndim=65, shape=(1,) * 65), "gradient: ndim = 65 must be from 0 to 64"),
        (array("gradient", ndim=2, shape=(5, 1)), r"gradient: shape \(5, 1\) differs .* \(5\)"),
        (array("gradient", data=None), "gradient: data is NULL; pass the address of its elements"),
        (array("gradient", strides=(4,)), f"gradient: {NOT_ALIGNED}"),
        (misaligned("gradient"), f"gradient: {NOT_ALIGNED}"),
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
        (array("gradient", type=7), "gradient: its type .* has 64 bits; convert it"),
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
        ("sgd", {"nesterov": 1}, "nesterov needs momentum > 0 and dampening = 0; got lr = 0.001, "),
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
        ("ftrl", {"lr": 0.0}, "lr must be > 0; got lr = 0, "),
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


# ---- what is accepted ---------------------------------------------------------------------------


def test_null_is_fine(api):
    api.plan_destroy(None)
    api.adam_f64(None, 1, 0, None, None, None, None, None, 1)
    nothing = Array(None, 0, 1, (ctypes.c_ssize_t * 1)(0), None)
    plan = Plan(api)
    record = fo.option_struct("adam")
    api.plan_add_group(plan.handle, record.ctypes, None)
    api.plan_add_row(plan.handle, 0, ctypes.byref(nothing), None, 0, None)
    api.plan_set_gradient(plan.handle, 0, ctypes.byref(nothing), 0)
    plan.step()
    assert plan.steps(0) == 1


@pytest.mark.parametrize("rule", RULES)
def test_no_options_are_the_defaults(api, rule, rng):
    slots = _core.describe(rule, {})[1]
    g = rng.standard_normal(20)
    found = []
    for options in (None, fo.option_struct(rule).ctypes):
        arrays = {"p": np.ones(20), **{slot: np.full(20, value) for slot, value in slots.items()}}
        pointers = [arrays[s].ctypes if s in arrays else None for s in RULES[rule][2]]
        getattr(api, f"{rule}_f64")(options, 1, 20, arrays["p"].ctypes, g.ctypes, *pointers, 1)
        found.append({name: a.tolist() for name, a in arrays.items()})
    assert found[0] == found[1]
    assert found[0]["p"] != [1.0] * 20


@pytest.mark.parametrize("rule", RULES)
def test_structs_of_older_programs(api, rule):
    """They end before some members: those keep their defaults, and nothing is written there."""
    members = RULES[rule][1]
    defaults = values(fo.option_struct(rule))
    other = {NUMBER: 0.25, PAIR: (0.25, 0.5), FLAG: True}
    # Not everything goes with the others.
    special = {"nesterov": 0, "lr_inside": 0, "eps_hat": 0, "etas": (0.25, 1.5), "threshold": 8.0}
    given = {name: special.get(name, other[kind]) for name, kind, _, _ in members}
    record = changed(fo.option_struct(rule), **given)
    ends = [(k, offset + extra) for k, (*_, offset) in enumerate(members) for extra in (0, 3)]
    for known, end in ends:
        names = list(given)[:known]
        plan = Plan(api)
        plan.add_group(changed(record, size=end))
        assert values(plan.options(0)) == {**defaults, **{name: given[name] for name in names}}
        for told in (given, defaults):
            filled = np.frombuffer(bytearray(b"\x01" * record.nbytes), record.dtype)
            filled["size"], filled["rule"] = end, record["rule"]
            if told is given:
                api.plan_get_options(plan.handle, 0, filled.ctypes)
            else:
                api.options_init(rule.encode(), filled.ctypes, end)
            assert set(filled.tobytes()[end:]) <= {1}
            assert [values(filled)[name] for name in names] == [told[name] for name in names]


@pytest.mark.parametrize(
    ("length", "offset", "stride"), [(1, 72, 13), (0, 72, 13), (0, 24, 8)], ids=str
)
def test_arrays_without_neighbours(api, length, offset, stride):
    """One element has no stride, as NumPy sees it too; and none share memory with nothing."""
    block = np.ones(10)
    plan = Plan(api)
    plan.add_group(fo.option_struct("sgd"))
    plan.add_row(0, block[:9])
    changes = {"data": block.ctypes.data + offset, "shape": (length,), "strides": (stride,)}
    array = described(block, **changes)
    api.plan_add_row(plan.handle, 0, ctypes.byref(array), None, 0, None)


def test_the_count_stays_at_the_largest(api):
    p, plan = np.ones(3), Plan(api)
    plan.add_group(fo.option_struct("sgd", lr=0.5))
    plan.add_row(0, p)
    plan.set_gradient(0, np.ones(3))
    api.plan_set_steps(plan.handle, 0, MAX_STEPS)
    plan.step()
    assert plan.steps(0) == MAX_STEPS
    assert (p == 0.5).all()


def test_interleaved_arrays_are_accepted_where_the_caller_vouches(api):
    block = np.ones((6, 4), np.float32)
    p, q, g, buffer = block.T
    plan = Plan(api)
    plan.add_group(fo.option_struct("sgd", lr=1.0, momentum=0.5))
    plan.add_row(0, p)
    for add in (
        lambda *a: plan.add_row(0, q, [buffer], *a),
        lambda *a: plan.set_gradient(0, g, *a),
    ):
        with pytest.raises(Refused, match="shares memory") as caught:
            add()
        assert caught.value.status == OVERLAP
        add(APART)
        # It was for that call alone.
        with pytest.raises(Refused, match="shares memory"):
            add()
    plan.set_gradient(1, g, APART)
    plan.step()
    plan.step()
    assert block.tolist() == [[-1.5, -1.5, 1, 1.5]] * 6
    assert [plan.steps(0), plan.steps(1)] == [2, 2]


# ---- threads and the environment ----------------------------------------------------------------


def test_busy(api):
    """What a second thread would change during a step is refused."""
    message = "plan: another thread is stepping it; use a plan in one thread at a time"
    # A short step may be over too soon, but not one of a quarter of a second.
    for size in (1 << 20, 1 << 22, 1 << 24):
        # By tiles, which is slow; by one thread, from the first element to the last.
        p = np.ones((size, 2))[:, 0]
        g = np.broadcast_to(np.ones(1), size)
        plan = Plan(api)
        plan.add_group(fo.option_struct("adam", lr=0.25))
        plan.add_row(0, p)
        plan.set_gradient(0, g)
        record = fo.option_struct("adam")
        other = described(np.ones(3))
        calls = {
            "plan_add_group": (record.ctypes, None),
            "plan_add_row": (0, ctypes.byref(other), None, 0, None),
            "plan_set_gradient": (0, None, 0),
            "plan_step": (1,),
            "plan_set_options": (0, record.ctypes),
            "plan_set_steps": (0, 5),
        }
        changing = [name for name, (_, of) in FUNCTIONS.items() if ("fastopt_plan*", "plan") in of]
        assert {f"fastopt_{name}" for name in calls} == {*changing} - {"fastopt_plan_destroy"}
        thread = threading.Thread(target=plan.step)
        thread.start()
        while thread.is_alive() and p[0] == 1:
            pass
        answers = []
        for name, arguments in calls.items():
            try:
                answers.append(getattr(api, name)(plan.handle, *arguments))
            except Refused as refused:
                answers.append((refused.status, str(refused)))
        thread.join()
        if set(answers) == {(BUSY, message)}:
            break
    assert answers == [(BUSY, message)] * len(calls)
    assert plan.steps(0) == 1
    assert values(plan.options(0))["lr"] == 0.25
    assert (p == p[0]).all()
    plan.step()
    assert plan.steps(0) == 2


@pytest.mark.parametrize("threads", [1, 2])
def test_two_plans_in_two_threads(api, threads, rng):
    jobs = []
    for _ in range(2):
        p, g = rng.standard_normal((2, 1 << 18))
        twin = fo.Adam(p.copy())
        plan = Plan(api)
        plan.add_group(of_class(twin))
        plan.add_row(0, p)
        plan.set_gradient(0, g)
        for _ in range(10):
            twin.step(g)
        jobs.append((plan, p, twin))

    def work(plan):
        for _ in range(10):
            plan.step(threads)

    workers = [threading.Thread(target=work, args=(plan,)) for plan, _, _ in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for plan, p, twin in jobs:
        assert_same(plan, [0], twin, [p])


FIRST_CALLS = """
import ctypes
library = ctypes.CDLL({path!r})
library.fastopt_error_message.restype = library.fastopt_active_isa.restype = ctypes.c_char_p
zero, one = ctypes.c_size_t(0), ctypes.c_int64(1)
plan = ctypes.c_void_p()
calls = dict(
    initialize=library.fastopt_initialize,
    plan_create=lambda: library.fastopt_plan_create(ctypes.byref(plan)),
    sgd_f32=lambda: library.fastopt_sgd_f32(None, one, zero, None, None, None, 0),
    use_isa=lambda: library.fastopt_use_isa(b"baseline"),
)
for name in {order}:
    print(calls[name](), library.fastopt_error_message().decode())
print(library.fastopt_active_isa().decode(), library.fastopt_num_threads(0), plan.value)
"""


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "PYFASTOPT_ISA",
            "mmx",
            "isa = 'mmx' is not one that this CPU can run; use one of baseline",
        ),
        ("PYFASTOPT_PREFETCH", "yes", "'yes' must be 0 or 1, or unset"),
        ("PYFASTOPT_NUM_THREADS", "0", "= '0' must be an integer from 1 to 1024, or unset"),
        ("PYFASTOPT_NUM_THREADS", "2x", "= '2x' must be an integer from 1 to 1024, or unset"),
    ],
)
def test_wrong_environment(path, name, value, message, order):
    """Every call that needs it is refused, whichever comes first; in a process without Python's."""
    calls = ["initialize", "plan_create", "sgd_f32", "use_isa"][::order]
    code = FIRST_CALLS.format(path=str(path), order=calls)
    *lines, about = interpreter.output(code, **{name: value}).splitlines()
    assert len(lines) == len(calls)
    for line in lines:
        status, text = line.split(maxsplit=1)
        assert int(status) == INVALID_ENVIRONMENT
        assert text.startswith(name)
        assert message in text
    assert about.endswith("None")


def test_environment(path):
    environment = {"PYFASTOPT_ISA": "baseline", "PYFASTOPT_NUM_THREADS": "1"}
    code = FIRST_CALLS.format(path=str(path), order=["sgd_f32"])
    assert interpreter.output(code, **environment).splitlines() == ["0 ", "baseline 1 None"]
