"""Each folder of csrc/ includes what the architecture allows it to, and nothing else."""

import re

import pytest
from c_library import ROOT

CSRC = ROOT / "csrc"

#: Each room, and the rooms that it may include, as docs/architecture.md lists them.
ALLOWED = {
    "include": set(),
    "base": {"include"},
    "rules": set(),
    "kernels": {"rules", "base", "include"},
    "options": {"rules", "kernels", "base", "include"},
    "runtime": {"kernels", "base", "include"},
    "plan": {"options", "runtime", "kernels", "rules", "base", "include"},
    "api": {"plan", "options", "runtime", "kernels", "rules", "base", "include"},
    "generate": {"rules"},
    "python": {"include"},
}

SOURCES = [path for path in sorted(CSRC.rglob("*")) if path.suffix in (".h", ".hpp", ".cpp")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CSRC)))
def test_includes(path):
    room = path.relative_to(CSRC).parts[0]
    for name in re.findall(r'^#include ["<](.+)[">]', path.read_text(), re.MULTILINE):
        places = [folder / name for folder in (path.parent, CSRC, CSRC / "include")]
        for place in places:
            if place.exists():
                other = place.resolve().relative_to(CSRC).parts[0]
                assert other in {room, *ALLOWED[room]}, (
                    f"it includes {name}, but csrc/{room} may include "
                    f"{', '.join(sorted(ALLOWED[room])) or 'nothing'} only"
                )


def test_every_room_is_listed():
    assert {path.relative_to(CSRC).parts[0] for path in SOURCES} == set(ALLOWED)
