"""The examples, built and run as their README says: all end in the same bits."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import interpreter
import pytest
from table import SANITIZED

import pyfastopt as fo

EMBED = Path(__file__).parent.parent / "examples" / "embed"
README = (EMBED / "README.md").read_text(encoding="utf-8")
PRINTED, WITH_PKG_CONFIG = re.findall(r"^```\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
#: From each row of the table: the folder, and the commands that build and run.
EXAMPLES = dict(re.findall(r"^\| \[.+\]\((\w+)\) \|.+\| `(.+)` \|$", README, re.MULTILINE))
#: Tools and Python modules.
NEEDS = {
    "c": (["cc", "make"], []),
    "cpp": (["c++", "make", "cmake"], []),
    "cython": (["cc"], ["Cython", "setuptools"]),
    "numba": ([], ["numba"]),
    "torch": ([], ["torch"]),
}

#: Tools that came with pip are beside the interpreter, and so is the `python` of the commands.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(fo.get_cmake_dir()).exists() or not list(Path(fo.get_library_dir()).glob("lib*")),
        reason="the package is not installed: it has no library, headers and CMake files",
    ),
    pytest.mark.skipif(SANITIZED, reason="the library has sanitizers"),
]


@cache
def runs(tool):
    path = shutil.which(tool, path=PATH)
    return path and not subprocess.run([path, "--version"], capture_output=True).returncode


def need(*tools, modules=()):
    missing = [name for name in tools if not runs(name)]
    missing += [name for name in modules if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


@pytest.fixture
def shell(tmp_path):
    """Runs commands in a copy of an example, away from the clone and its source folder."""

    def run(example, commands):
        sources = shutil.ignore_patterns("__pycache__", "build", "train")
        folder = shutil.copytree(EMBED / example, tmp_path / example, ignore=sources)
        result = subprocess.run(
            commands,
            shell=True,
            cwd=folder,
            env={**os.environ, "PATH": PATH},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    return run


def test_the_network_has_learnt():
    accuracy = re.match(r"accuracy: (.+) %\nparameters: [0-9a-f]{16}\n$", PRINTED)
    assert float(accuracy[1]) > 95


def test_each_example_is_in_the_table():
    assert {path.parent.name for path in EMBED.glob("*/train.*")} == EXAMPLES.keys()


@pytest.mark.parametrize("example", EXAMPLES)
def test_same_bits(shell, example):
    tools, modules = NEEDS.get(example, ([], []))
    need(*tools, modules=modules)
    assert shell(example, EXAMPLES[example]).endswith(PRINTED)


def test_pkg_config(shell):
    need("cc", "pkg-config")
    assert shell("c", WITH_PKG_CONFIG) == PRINTED


def test_nothing_leaks(shell):
    need("cc", "make", "valgrind")
    valgrind = "valgrind --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite"
    assert shell("c", f"make && {valgrind} ./train").endswith(PRINTED)


def test_scikit_build_core_finds_the_package(shell):
    """By an entry point, as a project that requires pyfastopt for its build needs it."""
    need("c++", "cmake", modules=["pip", "scikit_build_core"])
    project = r'[project]\nname = "train"\nversion = "0"\n'
    backend = r'[build-system]\nrequires = []\nbuild-backend = "scikit_build_core.build"\n'
    offline = "--no-build-isolation --no-deps --no-index --disable-pip-version-check"
    shell("cpp", f"printf '{project}{backend}' > pyproject.toml && python -m pip wheel {offline} .")


def test_l1_makes_weights_exactly_zero():
    result = interpreter.python(EMBED.parent / "sparse_weights.py")
    assert result.returncode == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    zeros = [float(row[1].rstrip("%")) for row in rows]
    assert zeros == sorted(zeros)
    assert zeros[0] == 0
    assert zeros[-1] > 90
    assert {row[3] for row in rows} == {"yes"}
