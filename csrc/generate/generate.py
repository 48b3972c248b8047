"""Write what follows from the rules' declarations, in the languages of the C API.

``generate.py DESCRIPTION INCLUDE OUT`` reads what describe.cpp prints and the headers in the folder
INCLUDE, and writes into the folder OUT what the build compiles and installs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import c_text
import cython_text
import description
from c_header import parse


def contents(rules: list[description.Rule], include: Path) -> dict[str, str]:
    """Map the path of each generated file to its text."""
    rules_header = c_text.header(rules)
    header = parse((include / "fastopt.h").read_text(), rules_header)
    return {
        "pyfastopt/include/fastopt_rules.h": rules_header,
        "pyfastopt/include/fastopt_rules.hpp": c_text.cpp_header(rules),
        "one_shots.cpp": c_text.one_shots(rules),
        "pyfastopt/capi.pxd": cython_text.pxd(rules, header),
        "pyfastopt/capi.pyx": cython_text.pyx(header),
    }


def write(path: Path, text: str) -> None:
    """Leave a file that is as it should be alone, so that nothing is built anew for it."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main(describes: Path, include: Path, out: Path) -> None:
    for name, text in contents(description.load(describes), include).items():
        write(out / name, text)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
