"""What is in the compiled objects: symbols, and how wide each kernel's arithmetic is.

``python tests/binaries.py`` prints the vectorisation report of the newest build in ``build/``.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

BUILDS = Path(__file__).parent.parent / "build"

#: The registers of each x86 instruction set, and how many bytes they have.
REGISTERS = {"baseline": ("xmm", 16), "avx2": ("ymm", 32), "avx512": ("zmm", 64)}

KERNEL = re.compile(r"kernel<fastopt::\(anonymous namespace\)::(\w+<.*>), (float|double)>")
PACKED = re.compile(r"\bv?(add|sub|mul|div|sqrt)(ps|pd)\b.*%(xmm|ymm|zmm)")


def has_tools():
    return all(shutil.which(tool) for tool in ("nm", "objdump"))


def objects():
    """The newest build's object file for each instruction set, by name."""
    found = {}
    for path in sorted(BUILDS.rglob("kernels.cpp.o"), key=lambda path: path.stat().st_mtime):
        found[path.parent.parent.name.removeprefix("kernels_").removesuffix(".dir")] = path
    return found


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def global_symbols(path):
    """The demangled names that the object offers to the linker."""
    lines = output("nm", "-C", "--extern-only", "--defined-only", path).splitlines()
    return [line.split(maxsplit=2)[2] for line in lines]


def kernels(path):
    """For each kernel in the object: Counter of (operation, type, register) of packed arithmetic."""
    found = {}
    current = None
    for line in output("objdump", "-dC", "--no-show-raw-insn", path).splitlines():
        if line.endswith(">:"):
            match = KERNEL.search(line)
            current = found.setdefault(match.groups(), Counter()) if match else None
        elif current is not None and (match := PACKED.search(line)):
            current[match.groups()] += 1
    return found


def main():
    print(f"{'kernel':32} {'type':8}" + "".join(f"{isa:>28}" for isa in REGISTERS))
    reports = {isa: kernels(path) for isa, path in objects().items()}
    for name, scalar in sorted(reports["baseline"]):
        print(f"{name:32} {scalar:8}", end="")
        for isa, (register, width) in REGISTERS.items():
            count = sum(n for key, n in reports[isa][name, scalar].items() if key[2] == register)
            print(f"{count:10} packed at {width:2} bytes", end="")
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
