"""Which number of threads is chosen, and what limits it: sources of the library, in programs."""

import os
import shlex
import shutil
import subprocess

import pytest
from c_library import INCLUDE, ROOT

COMPILER = shlex.split(os.environ.get("CXX", "c++"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which(COMPILER[0]), reason="needs a compiler"),
]


def run(folder, *sources, arguments=()):
    program = folder / "program"
    options = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror"]
    places = [f"-I{ROOT / 'csrc'}", f"-I{INCLUDE}"]
    subprocess.run([*COMPILER, *options, *places, *sources, "-o", program], check=True)
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_choice_on_simulated_machines(tmp_path):
    """Near the better of one thread and all, whatever the machine, and whatever comes and goes."""
    choice = ROOT / "csrc" / "runtime" / "thread_choice.cpp"
    lines = run(tmp_path, ROOT / "tests" / "thread_choice.cpp", choice)
    assert len(lines) == 36
    for line in lines:
        *_, seconds, one, most, slow = line.split(";")
        assert float(seconds) < 1.2 * min(float(one), float(most)), line
        # Those of a trial, and as many again if what was known of one thread was out of date.
        assert int(slow) <= 6, line


QUOTA = r"""
#include <cstdio>
#include "runtime/cpu_quota.h"
int main(int, char** given) { std::printf("%d\n", fastopt::core::cpu_quota(given[1], given[2])); }
"""


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        ("", {}, 0),
        ("0::/\n", {"cpu.max": "150000 100000"}, 2),
        ("0::/\n", {"cpu.max": "max 100000"}, 0),
        ("0::/\n", {"cpu.max": "5000 100000"}, 1),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "400000 100000"}, 4),
        ("0::/a/b\n", {"a/b/cpu.max": "100000 100000", "a/cpu.max": "400000 100000"}, 1),
        ("0::/of/the/host\n", {"cpu.max": "300000 100000"}, 3),
        ("0::/\n", {"cpu.max": "words and more"}, 0),
        ("0::/\n", {"cpu.max": "100000 0"}, 0),
        (
            "3:cpuset:/\n2:cpu,cpuacct:/a\n0::/\n",
            {"cpu/a/cpu.cfs_quota_us": "250000", "cpu/a/cpu.cfs_period_us": "100000"},
            3,
        ),
        ("2:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 0),
        ("nothing that is known\n4:\n", {"cpu.max": "100000 100000"}, 0),
    ],
)
def test_quota(tmp_path, groups, files, quota):
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text + "\n")
    source = tmp_path / "quota.cpp"
    source.write_text(QUOTA)
    library = ROOT / "csrc" / "runtime" / "cpu_quota.cpp"
    assert run(tmp_path, source, library, arguments=[groups, str(tmp_path / "groups")]) == [
        str(quota)
    ]
