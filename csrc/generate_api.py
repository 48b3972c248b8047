"""Write what the C API has for each rule: structs, one-shot functions, and their Cython twins.

``python csrc/generate_api.py`` asks the installed pyfastopt for its rules and their options, and
writes the files below; run it, and install again, after a rule or an option was added.
``tests/test_api.py`` fails where a file is not what this program writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyfastopt
from pyfastopt import _core

ROOT = Path(__file__).parent.parent
GENERATED = "Written by csrc/generate_api.py from the rules in csrc/rules.h"
TYPES = [("f32", "float"), ("f64", "double")]
NUMBER, PAIR, FLAG = range(3)


@dataclass(frozen=True)
class Option:
    name: str
    kind: int
    domain: str
    default: object

    @property
    def member(self) -> str:
        """Return its declaration in C."""
        kind = "int" if self.kind == FLAG else "double"
        return f"{kind} {self.name}{'[2]' if self.kind == PAIR else ''}"

    @property
    def comment(self) -> str:
        if self.kind == PAIR:
            first, second = self.default
            return f"({first:g}, {second:g}); each {self.domain}"
        return f"{float(self.default):g}; {self.domain}"


@dataclass(frozen=True)
class Rule:
    name: str
    title: str  # of its Python class
    options: list[Option]
    slots: tuple[str, ...]

    @property
    def struct(self) -> str:
        return f"fastopt_{self.name}_options"

    @property
    def optional(self) -> list[str]:
        """Return the slots that not every variant has."""
        variants = [slots for rule, slots in _core.kernels() if rule == self.name]
        return [slot for slot in self.slots if any(slot not in slots for slots in variants)]


def rules() -> Iterator[Rule]:
    classes = [getattr(pyfastopt, name) for name in pyfastopt.__all__]
    titles = {
        optimizer.rule: optimizer.__name__
        for optimizer in classes
        if isinstance(optimizer, type) and optimizer.__base__ is pyfastopt.Optimizer
    }
    for name, _, options, slots in _core.rules():
        defaults, _ = _core.describe(name, {})
        yield Rule(
            name,
            titles[name],
            [Option(name, kind, domain, defaults[name]) for name, kind, domain, _ in options],
            slots,
        )


def state(rule: Rule) -> str:
    """Return the sentence on the rule's state arrays."""
    text = ", ".join(f"{s} (NULL unless needed)" if s in rule.optional else s for s in rule.slots)
    return f"State: {text}." if text else "No state."


def wrap(head: str, parts: list[str], tail: str, indent: int = 4) -> str:
    """Return `head` + the comma-separated parts + `tail`, in lines of at most 100 characters."""
    lines = [head]
    parts = parts or [""]
    for i, part in enumerate(parts):
        piece = part + (", " if i < len(parts) - 1 else tail)
        if len(lines[-1] + piece.rstrip()) > 100:
            lines.append(" " * indent)
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def parameters(rule: Rule, scalar: str) -> list[str]:
    return [
        f"const {rule.struct}* options",
        "int64_t step",
        "size_t count",
        f"{scalar}* p",
        f"const {scalar}* g",
        *(f"{scalar}* {slot}" for slot in rule.slots),
        "int num_threads",
    ]


def header(rules: list[Rule]) -> str:
    text = f"""/* {GENERATED}; do not edit.
 *
 * For each rule: its struct of options, with defaults and ranges; and its one-shot functions, which
 * make one step on `count` contiguous elements. `options` NULL: the defaults. `step`: the number of
 * this step, from 1. `p` and the state are updated in place; state that starts with another value
 * than 0 says so in fastopt_options_kernel. `num_threads`: as in fastopt_plan_step.
 */
/* clang-format off */
#ifndef FASTOPT_RULES_H
#define FASTOPT_RULES_H

#include "fastopt.h"

#ifdef __cplusplus
extern "C" {{
#endif
"""
    for rule in rules:
        width = max(len(option.member) for option in rule.options) + 1
        text += f"\n/* ---- {rule.title} {'-' * (88 - len(rule.title))} */\n\n"
        text += f"typedef struct {rule.struct} {{\n"
        text += f"    {'fastopt_options base;':{width}}\n".rstrip() + "\n"
        for option in rule.options:
            text += f"    {option.member + ';':{width}} /* {option.comment} */\n"
        text += f"}} {rule.struct};\n\n"
        text += f"static inline {rule.struct} fastopt_{rule.name}_defaults(void) {{\n"
        text += f"    {rule.struct} options;\n"
        text += f'    fastopt_options_init("{rule.name}", &options.base, sizeof options);\n'
        text += "    return options;\n}\n\n"
        text += f"/* {state(rule)} */\n"
        for suffix, scalar in TYPES:
            head = f"FASTOPT_API fastopt_status fastopt_{rule.name}_{suffix}("
            text += wrap(head, parameters(rule, scalar), ") FASTOPT_NOEXCEPT;") + "\n"
    return text + "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"


def cpp_header(rules: list[Rule]) -> str:
    text = f"""// {GENERATED}; do not edit.
//
// For each rule: its options, which begin with the defaults; and its one-shot function, for float
// and for double. State that the options' variant has not is left out.
// clang-format off
#pragma once

#include "fastopt.hpp"

namespace fastopt {{
"""
    for rule in rules:
        text += f"""
struct {rule.title}Options : {rule.struct} {{
    {rule.title}Options() noexcept : {rule.struct}(fastopt_{rule.name}_defaults()) {{}}
}};

"""
        for suffix, scalar in TYPES:
            arguments = [
                f"const {rule.title}Options& options",
                "std::int64_t step",
                f"Span<{scalar}> p",
                f"Span<const {scalar}> g",
                *(
                    f"Span<{scalar}> {slot}" + (" = {}" if slot in rule.optional else "")
                    for slot in rule.slots
                ),
                "int num_threads = 0",
            ]
            text += wrap(f"inline void {rule.name}(", arguments, ") {") + "\n"
            same = ["g", *rule.slots]
            sizes = wrap(
                "    detail::same_size(p.size(), {", [f"{s}.size()" for s in same], "});", 8
            )
            data = [f"{array}.data()" for array in ["p", *same]]
            call = ["&options", "step", "p.size()", *data, "num_threads"]
            text += sizes + "\n"
            text += wrap(f"    check(fastopt_{rule.name}_{suffix}(", call, "));", 8) + "\n}\n"
    return text + "\n}  // namespace fastopt\n"


def source(rules: list[Rule]) -> str:
    text = f"""// {GENERATED}; do not edit.
//
// The one-shot functions of include/fastopt_rules.h.
// clang-format off
#include "one_shot.h"

using fastopt::one_shot;
"""
    for rule in rules:
        text += "\n"
        for suffix, scalar in TYPES:
            head = f"fastopt_status fastopt_{rule.name}_{suffix}("
            text += wrap(head, parameters(rule, scalar), ") noexcept {") + "\n"
            operands = "{" + ", ".join(["p", "g", *rule.slots]) + "}"
            base = "options == nullptr ? nullptr : &options->base"
            call = [f'"{rule.name}"', f"FASTOPT_{suffix.upper()}", base, "step", "count", operands]
            text += wrap("    return one_shot(", [*call, "num_threads"], ");", 8) + "\n}\n"
    return text


# ---- Cython: every function of the two headers, as a function of the module pyfastopt.capi -------

PROTOTYPE = re.compile(r"FASTOPT_API ([^;()]+?)(\w+)\(([^)]*)\)\s*FASTOPT_NOEXCEPT;")


@dataclass(frozen=True)
class Function:
    returns: str
    name: str
    parameters: list[str]

    @property
    def short(self) -> str:
        return self.name.removeprefix("fastopt_")

    @property
    def arguments(self) -> list[str]:
        return [re.findall(r"\w+", parameter)[-1] for parameter in self.parameters]


def functions(*headers: str) -> Iterator[Function]:
    for text in headers:
        for returns, name, parameters in PROTOTYPE.findall(text):
            listed = " ".join(parameters.split())
            yield Function(returns, name, [] if listed == "void" else listed.split(", "))


def pxd(rules: list[Rule], found: list[Function]) -> str:
    text = f"""# {GENERATED}; do not edit.
#
# fastopt.h for Cython: its types, and its functions without the prefix. Compile what cimports this
# with pyfastopt.get_include() among the include directories; there is nothing to link with. The
# functions are in __pyx_capi__, too, for those who take addresses.
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

{TYPES_OF_THE_HEADER}"""
    for rule in rules:
        text += f"\n    ctypedef struct {rule.struct}:\n        fastopt_options base\n"
        text += "".join(f"        {option.member}\n" for option in rule.options)
    text += "\n\n"
    for f in found:
        text += wrap(f"cdef {f.returns}{f.short}(", f.parameters, ") noexcept nogil") + "\n"
    for rule in rules:
        text += f"""

cdef inline {rule.struct} {rule.name}_defaults() noexcept nogil:
    cdef {rule.struct} options
    options_init("{rule.name}", &options.base, sizeof(options))
    return options
"""
    return text


def pyx(found: list[Function]) -> str:
    text = f"""# cython: language_level=3, autotestdict=False
# {GENERATED}; do not edit.
\"\"\"The C API for Cython, by ``cimport pyfastopt.capi``, and for what takes addresses.

See ``capi.pxd`` and ``fastopt.h``.
\"\"\"

cdef extern from "fastopt.h" nogil:
"""
    for f in found:
        text += wrap(f'    {f.returns}_{f.short} "{f.name}"(', f.parameters, ")", 8) + "\n"
    text += "\n"
    for f in found:
        text += "\n" + wrap(f"cdef {f.returns}{f.short}(", f.parameters, ") noexcept nogil:", 8)
        call = "" if f.returns == "void " else "return "
        text += "\n" + wrap(f"    {call}_{f.short}(", f.arguments, ")", 8) + "\n"
    return text


TYPES_OF_THE_HEADER = """cdef extern from "fastopt.h" nogil:
    int FASTOPT_ABI_VERSION
    int FASTOPT_MAX_THREADS
    int64_t FASTOPT_MAX_STEPS
    unsigned FASTOPT_APART

    ctypedef enum fastopt_status:
        FASTOPT_OK
        FASTOPT_INVALID_ARGUMENT
        FASTOPT_INVALID_OPTION
        FASTOPT_OVERLAP
        FASTOPT_BUSY
        FASTOPT_OUT_OF_MEMORY
        FASTOPT_INVALID_ENVIRONMENT

    ctypedef struct fastopt_options:
        size_t size
        const char* rule

    ctypedef struct fastopt_kernel_info:
        const char* rule
        size_t slot_count
        const char* const* slots

    ctypedef enum fastopt_option_kind:
        FASTOPT_NUMBER
        FASTOPT_PAIR
        FASTOPT_FLAG

    ctypedef struct fastopt_option_info:
        const char* name
        const char* domain
        fastopt_option_kind kind
        size_t offset

    ctypedef struct fastopt_rule_info:
        const char* name
        size_t options_size
        size_t option_count
        const fastopt_option_info* options
        fastopt_kernel_info all_slots

    ctypedef enum fastopt_type:
        FASTOPT_F32
        FASTOPT_F64

    ctypedef struct fastopt_array:
        void* data
        fastopt_type type
        int ndim
        const ptrdiff_t* shape
        const ptrdiff_t* strides

    ctypedef struct fastopt_plan
"""


# ---- the files -----------------------------------------------------------------------------------


def contents() -> dict[Path, str]:
    """Map each generated file to what is to be in it."""
    found = list(rules())
    include = ROOT / "csrc" / "include"
    rules_header = header(found)
    api = list(functions((include / "fastopt.h").read_text(), rules_header))
    return {
        include / "fastopt_rules.h": rules_header,
        include / "fastopt_rules.hpp": cpp_header(found),
        ROOT / "csrc" / "api_rules.cpp": source(found),
        ROOT / "pyfastopt" / "capi.pxd": pxd(found, api),
        ROOT / "pyfastopt" / "capi.pyx": pyx(api),
    }


def main() -> None:
    for path, text in contents().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
