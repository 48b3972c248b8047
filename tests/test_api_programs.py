"""The C API: its headers in C and C++, with every warning, and programs that use it."""

import os
import shlex
import shutil
import subprocess
import sys

import binaries
import pytest
from c_library import RULES, reported
from table import SANITIZED

import pyfastopt as fo

COMPILERS = {
    ".c": shlex.split(os.environ.get("CC", "cc")),
    ".cpp": shlex.split(os.environ.get("CXX", "c++")),
}
WARNINGS = {
    ".c": "-Wall -Wextra -Wpedantic -Wconversion -Werror",
    ".cpp": "-Wall -Wextra -Wpedantic -Wshadow -Werror",
}

pytestmark = pytest.mark.slow

needs_compiler = pytest.mark.skipif(
    SANITIZED or not all(shutil.which(command[0]) for command in COMPILERS.values()),
    reason="needs compilers, installed headers, and a library without sanitizers",
)


@pytest.fixture(scope="module")
def flags():
    command = [sys.executable, "-m", "pyfastopt", "--cflags", "--libs"]
    return shlex.split(binaries.output(*command))


@pytest.fixture
def build(flags, tmp_path):
    """Compiles without warnings, and runs; returns what was printed."""

    def build(language, standard, source, *options, run=True):
        file, program = tmp_path / f"program{language}", tmp_path / "program"
        file.write_text(source)
        strict = f"-std={standard} {WARNINGS[language]}".split()
        output = ["-o", program] if run else ["-fsyntax-only"]
        command = [*COMPILERS[language], *strict, file, *output, *flags, *options]
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
    CHECK(plan.threading().num_threads == 1 && plan.threading().reason == FASTOPT_THREADS_SMALL);

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
    plan.set_gradient_array(of_left, right, FASTOPT_DISJOINT);
    const double ones[] = {1, 1};
    plan.set_gradient(of_a, ones);
    plan.set_gradient(of_c, fastopt::Span(ones));
    plan.step();
    CHECK(a[1] == 1 && c[0] == 2 && c[1] == 3 && columns[0] == -4 && columns[2] == -5);

    fastopt::Plan sparse;
    const std::size_t of_d = sparse.add(sparse.add_group(sgd), c);
    const std::int64_t met[] = {1, 1};
    double twice[] = {1, 1};
    sparse.set_sparse_gradient(of_d, met, 2, {twice, FASTOPT_F64, 1, shape, nullptr});
    sparse.step();
    CHECK(c[0] == 2 && c[1] == 1);

    CHECK(refused(FASTOPT_OVERLAP, "parameter: shares memory", [&] { plan.add(group, p); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "row = 9 ", [&] { plan.steps(9); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "gradient: ", [&] { plan.set_gradient(row, a); }));
    CHECK(refused(FASTOPT_INVALID_ARGUMENT, "options.rule = 'sgd', but",
                  [&] { plan.options<fastopt::SGDOptions>(group); }));
    options.clip_value = -1;
    const char* wrong = "clip_value = -1 ";
    CHECK(refused(FASTOPT_INVALID_OPTION, wrong, [&] { plan.add_group(options); }));
    CHECK(refused(FASTOPT_INVALID_OPTION, wrong, [&] { plan.set_options(group, options); }));
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


FLOATING_POINT = r"""
#include <fenv.h>
#include <stdio.h>
#include <string.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif
#include "fastopt.h"

enum { size = 1 << 18 };
static float g[size], arrays[3][3][size];
static double sums[3][2];

/* With LAMB, which measures, and a vector function. */
static void work(int mode, int threads, int slot) {
    float(*a)[size] = arrays[slot];
    fenv_t own;
    fegetenv(&own);
    for (int i = 0; i < size; ++i) {
        g[i] = i % 2 == 0 ? 1e-41f * (float)(i % 97) : 0.1f / (float)(1 + i);
        a[0][i] = i % 3 == 0 ? 3e-39f : 1.0f / (float)(3 + i);
        a[1][i] = a[2][i] = 0;
    }
    if (mode == 1) fesetround(FE_UPWARD);
#ifdef __SSE2__
    if (mode == 2) _mm_setcsr(_mm_getcsr() | 0x8040); /* subnormals in and out are 0 */
#endif
    fastopt_lamb_f32(NULL, 1, size, a[0], g, a[1], a[2], threads);
    fastopt_magnitudes(FASTOPT_F32, size, g, sums[slot], threads);
    fesetenv(&own);
}

static int same(int a, int b) {
    return memcmp(arrays[a], arrays[b], sizeof arrays[a]) == 0 &&
           memcmp(sums[a], sums[b], sizeof sums[a]) == 0;
}

int main(void) {
#ifdef __SSE2__
    const int modes = 3;
#else
    const int modes = 2;
#endif
    for (int threads = 2; threads <= 5; ++threads)
        for (int mode = 0; mode < modes; ++mode) {
            int changed = 0;
            work(0, 1, 0);
            work(mode, 1, 1);
            work(mode, threads, 2);
            if (!same(1, 2)) printf("mode %d: %d threads show\n", mode, threads);
            if (mode > 0 && same(0, 1)) printf("mode %d does not matter\n", mode);
#pragma omp parallel num_threads(threads) reduction(+ : changed)
            {
                changed += fegetround() != FE_TONEAREST;
#ifdef __SSE2__
                changed += (_mm_getcsr() & 0x8040) != 0;
#endif
            }
            if (changed > 0) printf("mode %d: %d of %d stay so\n", mode, changed, threads);
        }
    return 0;
}
"""


@needs_compiler
@pytest.mark.skipif(
    fo.runtime_info()["openmp"] is None, reason="built without OpenMP: every step is serial"
)
def test_helpers_compute_as_their_caller_does(build):
    """Its rounding mode, and whether it flushes subnormals, act on all of a step or on none."""
    assert build(".c", "c99", FLOATING_POINT, "-fopenmp", "-lm") == ""
