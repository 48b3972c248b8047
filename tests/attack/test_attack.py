"""A bounded share of each attack; CONTRIBUTING.md says how to run them for hours."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import binaries
import interpreter
import pytest
import random_calls
from table import SANITIZED

import pyfastopt as fo

HERE = Path(__file__).parent
CORPUS = sorted((HERE / "corpus").iterdir())
CXX = shlex.split(os.environ.get("CXX", "c++"))

pytestmark = pytest.mark.slow

needs_compiler = pytest.mark.skipif(shutil.which(CXX[0]) is None, reason="needs a C++ compiler")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="uses what Linux alone has")


def program(name, *arguments, **environment):
    """The last line of what a program of this folder prints."""
    result = interpreter.python(HERE / name, *arguments, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


@needs_compiler
@on_linux
def test_the_corpus(tmp_path):
    """What the fuzzer has found its way by, on this build of the library."""
    replay, library_dir = tmp_path / "replay", fo.get_library_dir()
    sources = [HERE / "fuzz_api.cpp", HERE / "replay.cpp"]
    command = [*CXX, "-std=c++17", "-O1", *sources, "-o", replay]
    flags = [f"-I{fo.get_include()}", f"-L{library_dir}", "-lfastopt", "-ldl"]
    # A sanitizer of the library's is preloaded.
    linker = f"-Wl,-rpath,{library_dir},--allow-shlib-undefined"
    subprocess.run([*command, *flags, linker], check=True)
    assert binaries.output(replay, *CORPUS) == f"{len(CORPUS)} inputs\n"


@on_linux
@pytest.mark.parametrize("prefetch", ["0", "1"])
def test_nothing_is_touched_beside_the_arrays(prefetch):
    line = program("guard_pages.py", PYFASTOPT_PREFETCH=prefetch)
    assert int(line.removesuffix(" cases")) > 5000


@needs_compiler
@pytest.mark.skipif(
    sys.platform != "linux" or SANITIZED,
    reason="preloads an allocator, which is Linux's and is taken where sanitizers run",
)
def test_failing_allocations(tmp_path):
    library = tmp_path / "fail_malloc.so"
    flags = ["-std=c++17", "-O1", "-shared", "-fPIC"]
    subprocess.run([*CXX, *flags, HERE / "fail_malloc.cpp", "-o", library], check=True)
    line = program("allocations.py", LD_PRELOAD=str(library))
    assert int(line.removesuffix(" failures")) > 100


def test_random_calls():
    assert random_calls.run(3000, seed=0) > 10


def test_torch_calls_by_chance():
    pytest.importorskip("torch")
    assert program("random_tensors.py", "--calls", "900").startswith("900 calls")
