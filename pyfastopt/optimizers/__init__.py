"""The optimizers: a file for each rule of the library, with the classes that step by it.

Whatever file is here is part of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._stubs.optimizers import *
    from .._stubs.optimizers import __all__ as __all__
else:
    from importlib import import_module
    from pkgutil import iter_modules

    from .. import _core
    from ..optimizer import Optimizer

    # In the order of the library's rules, which is that of the documentation too.
    _order = [rule for rule, *_ in _core.rules()]
    _files = sorted(module.name for module in iter_modules(__path__))  # noqa: F405
    _files.sort(key=lambda name: _order.index(name) if name in _order else len(_order))
    __all__ = []
    for _file in _files:
        for _name, _value in vars(import_module(f".{_file}", __name__)).items():
            if isinstance(_value, type) and _value.__module__ == f"{__name__}.{_file}":
                if not (issubclass(_value, Optimizer) and hasattr(_value, "rule")):
                    raise ImportError(
                        f"{__name__}.{_file}.{_name} is not an optimizer with a rule, and only "
                        "such classes may be here: class Name(Optimizer, rule=...)"
                    )
                globals()[_name] = _value
                __all__.append(_name)
