"""The C API for Cython: every function of the headers, as a function of pyfastopt.capi."""

from __future__ import annotations

from c_header import Function, Header
from description import GENERATED, Rule, wrap


def short(function: Function) -> str:
    return function.name.removeprefix("fastopt_")


def declared(function: Function, name: str, tail: str, indent: int = 4) -> str:
    head = f"{function.returns} {name}("
    return wrap(head, [parameter.declaration for parameter in function.parameters], tail, indent)


def types(header: Header) -> str:
    """Return the declarations of the headers' constants and types."""
    text = 'cdef extern from "fastopt.h" nogil:\n'
    for name, (kind, _) in header.constants.items():
        text += f"    {kind} {name}\n"
    for name, entries in header.enums.items():
        text += f"\n    ctypedef enum {name}:\n" + "".join(f"        {key}\n" for key in entries)
    for name, members in header.structs.items():
        text += f"\n    ctypedef struct {name}:\n"
        text += "".join(f"        {member.declaration}\n" for member in members)
    for name in header.opaque:
        text += f"\n    ctypedef struct {name}\n"
    return text


def pxd(rules: list[Rule], header: Header) -> str:
    text = f"""# {GENERATED}
#
# fastopt.h for Cython: its types, and its functions without the prefix. Compile what cimports this
# with pyfastopt.get_include() among the include directories; there is nothing to link with. The
# functions are in __pyx_capi__, too, for those who take addresses.
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

{types(header)}

"""
    for function in header.functions:
        text += "cdef " + declared(function, short(function), ") noexcept nogil") + "\n"
    for rule in rules:
        text += f"""

cdef inline {rule.struct} {rule.name}_defaults() noexcept nogil:
    cdef {rule.struct} options
    options_init("{rule.name}", &options.base, sizeof(options))
    return options
"""
    return text


def pyx(header: Header) -> str:
    text = f"""# cython: language_level=3, autotestdict=False
# {GENERATED}
\"\"\"The C API for Cython, by ``cimport pyfastopt.capi``, and for what takes addresses.

See ``capi.pxd`` and ``fastopt.h``.
\"\"\"

cdef extern from "fastopt.h" nogil:
"""
    for function in header.functions:
        in_c = f'_{short(function)} "{function.name}"'
        text += "    " + declared(function, in_c, ")", 8) + "\n"
    text += "\n"
    for function in header.functions:
        text += "\ncdef " + declared(function, short(function), ") noexcept nogil:", 8)
        call = "" if function.returns == "void" else "return "
        arguments = [parameter.name for parameter in function.parameters]
        text += "\n" + wrap(f"    {call}_{short(function)}(", arguments, ")", 8) + "\n"
    return text
