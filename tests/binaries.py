"""What is in the compiled objects: symbols, and how wide each kernel's arithmetic is.

``python tests/binaries.py`` prints the vectorisation report of what pip built last in ``build/``.
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

KERNEL = re.compile(
    r"Functions<fastopt::core::\(anonymous namespace\)::(\w+<.*>), (?:float|double), .*>"
    r"::(sweep|measure)\("
    r"|void fastopt::core::\(anonymous namespace\)::((?:combine|secant|magnitudes)<\w+>)\("
)
ARITHMETIC = re.compile(r"\bv?(add|sub|mul|div|sqrt)(ps|pd|ss|sd)\b.*%(xmm|ymm|zmm)")


def has_tools():
    return all(shutil.which(tool) for tool in ("nm", "objdump"))


def objects():
    """The object file of each instruction set, by name, from the newest of pip's builds."""
    found = {}
    paths = BUILDS.glob("cp*/CMakeFiles/*/csrc/kernels/table.cpp.o")
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        found[path.parents[2].name.removeprefix("kernels_").removesuffix(".dir")] = path
    return dict(sorted(found.items(), key=lambda item: list(REGISTERS).index(item[0])))


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def global_symbols(path):
    """The demangled names that the object offers to the linker."""
    lines = output("nm", "-C", "--extern-only", "--defined-only", path).splitlines()
    return [line.split(maxsplit=2)[2] for line in lines]


def kernels(path):
    """Count each kernel's arithmetic instructions by (operation, suffix, register)."""
    found = {}
    current = None
    for line in output("objdump", "-dC", "--no-show-raw-insn", path).splitlines():
        if line.endswith(">:"):
            match = KERNEL.search(line)
            name = " ".join(filter(None, match.groups())) if match else None
            current = found.setdefault(name, Counter()) if name else None
        elif current is not None and (match := ARITHMETIC.search(line)):
            current[match.groups()] += 1
    return found


def widest_and_scalar(counts, isa):
    """For each operation: how often packed at the width of the instruction set, and how often not.

    A vectorised kernel has each operation of its formula packed at the full width, and again in the
    remainder of narrower vectors and single elements.
    """
    register, _ = REGISTERS[isa]
    packed, scalar = Counter(), Counter()
    for (operation, suffix, reg), count in counts.items():
        if suffix in ("ss", "sd"):
            scalar[operation] += count
        elif reg == register:
            packed[operation] += count
    return packed, scalar


def main():
    reports = {isa: kernels(path) for isa, path in objects().items()}
    heads = [f"{isa}, {REGISTERS[isa][1]} bytes" for isa in reports]
    print("Packed arithmetic instructions at the full width, in the compiled kernels\n")
    print(f"{'kernel':32}" + "".join(f"{head:>20}" for head in heads))
    for kernel in sorted(reports["baseline"]):
        row = [sum(widest_and_scalar(reports[isa][kernel], isa)[0].values()) for isa in reports]
        print(f"{kernel:32}" + "".join(f"{count:20}" for count in row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
