"""Which module of pyfastopt may import which: what is below knows nothing of what is above."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pyfastopt"

#: The modules that each may import; a package stands for all in it, which may import each other.
ALLOWED = {
    "__init__": "_core _types functional interop lbfgs optimizer optimizers runtime",
    "__main__": "__init__ interop train",
    "_types": "",
    "checkpoint": "_core declaration",
    "declaration": "_core _types documentation",
    "documentation": "",
    "formulas": "",
    "functional": "_core _stubs documentation optimizer optimizers",
    "interop": "_core _types",
    "lbfgs": "_core _types declaration optimizer",
    "optimizer": "_core _types checkpoint declaration formulas",
    "optimizers": "_core _stubs _types declaration formulas optimizer",
    "reference": "_core formulas lbfgs optimizer",
    "runtime": "_core",
    "torch": "_core _stubs _types checkpoint declaration lbfgs optimizer optimizers",
    "train": "__init__ lbfgs optimizer reference",
}


def imported(path):
    """The modules of pyfastopt that a file imports anywhere, for type checkers alone too."""
    package = ["pyfastopt", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{base}.{a.name}" for a in node.names] if base == "pyfastopt" else [base]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == "pyfastopt":
                module = rest.split(".")[0]
                file = any((PACKAGE / module).with_suffix(s).exists() for s in (".py", ".pyi"))
                yield module if module and (file or (PACKAGE / module).is_dir()) else "__init__"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_imports_go_downwards(path):
    module = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert module in ALLOWED, f"'{module}' has no line in the table in tests/test_imports.py"
    wrong = set(imported(path)) - {module, *ALLOWED[module].split()}
    assert not wrong, (
        f"{path.name} imports {sorted(wrong)}, but '{module}' may import '{ALLOWED[module]}' only; "
        "move what it needs below both, or change the table in tests/test_imports.py"
    )


def test_there_are_no_circles():
    below = {module: set(names.split()) - {"__init__"} for module, names in ALLOWED.items()}
    while leaves := [m for m, names in below.items() if not names & below.keys()]:
        below = {m: names for m, names in below.items() if m not in leaves}
    assert not below, f"circles of imports among {sorted(below)}"
