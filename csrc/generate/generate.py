"""Write what follows from what the rules and the optimizers declare.

``generate.py build DESCRIPTION ROOT OUT`` reads what describe.cpp prints and the headers of the
source folder ROOT, and writes into the folder OUT what the build compiles and installs.

``generate.py sources DESCRIPTION ROOT`` writes what stands in the source folder itself: the stubs
in pyfastopt/_stubs, and the tables of README.md and docs/.
"""

from __future__ import annotations

import sys
from pathlib import Path

import c_text
import cython_text
import declarations
import description
import stubs
import tables
from c_header import parse
from description import Rule


def of_the_build(rules: list[Rule], root: Path) -> dict[str, str]:
    """Map the path of each file in the build folder to its text."""
    rules_header = c_text.header(rules)
    header = parse((root / "csrc" / "include" / "fastopt.h").read_text(), rules_header)
    return {
        "pyfastopt/include/fastopt_rules.h": rules_header,
        "pyfastopt/include/fastopt_rules.hpp": c_text.cpp_header(rules),
        "one_shots.cpp": c_text.one_shots(rules),
        "pyfastopt/capi.pxd": cython_text.pxd(rules, header),
        "pyfastopt/capi.pyx": cython_text.pyx(header),
    }


def of_the_sources(rules: list[Rule], root: Path) -> dict[str, str]:
    """Map the path of each file in the source folder to its text."""
    declared = declarations.read(root / "pyfastopt" / "optimizers")
    texts = {
        f"pyfastopt/_stubs/{name}.pyi": stub(rules, declared)
        for name, stub in (
            ("functional", stubs.functional_stub),
            ("optimizers", stubs.optimizers_stub),
            ("torch", stubs.torch_stub),
        )
    }
    for path, name, table in (
        ("README.md", "optimizers", tables.optimizers),
        ("docs/conventions.md", "conventions", tables.conventions),
    ):
        text = (root / path).read_text(encoding="utf-8")
        texts[path] = tables.replaced(text, name, table(rules, declared))
    return texts


def write(path: Path, text: str) -> None:
    """Leave a file that is as it should be alone, so that nothing is built anew for it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(command: str, describes: str, root: str, out: str | None = None) -> None:
    rules = description.load(Path(describes))
    contents = of_the_build if command == "build" else of_the_sources
    for name, text in contents(rules, Path(root)).items():
        write(Path(out or root) / name, text)


if __name__ == "__main__":
    main(*sys.argv[1:])
