"""The rules in C and C++: structs of options, and one-shot functions."""

from __future__ import annotations

from description import GENERATED, TYPES, Option, Rule, wrap

MEMBERS = {"number": "double {}", "pair": "double {}[2]", "flag": "int {}"}


def member(option: Option) -> str:
    return MEMBERS[option.kind].format(option.name)


def comment(option: Option) -> str:
    if option.kind == "pair":
        first, second = option.default
        return f"({first:g}, {second:g}); each {option.domain}"
    return f"{float(option.default):g}; {option.domain}"


def state(rule: Rule) -> str:
    """Return the sentence on the rule's state arrays."""
    text = ", ".join(f"{s} (NULL unless needed)" if s in rule.optional else s for s in rule.slots)
    return f"State: {text}." if text else "No state."


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
    """Return fastopt_rules.h."""
    text = f"""/* {GENERATED}
 *
 * For each rule: its struct of options, with defaults and ranges; and its one-shot functions, which
 * make one step on `count` contiguous elements. `options` NULL: the defaults. `step`: the number of
 * this step, from 1. `p` and the state are updated in place; fastopt_options_variant tells what
 * state begins with. `num_threads`: as in fastopt_plan_step.
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
        width = max(len(member(option)) for option in rule.options) + 1
        text += f"\n/* ---- {rule.title} {'-' * (88 - len(rule.title))} */\n\n"
        text += f"typedef struct {rule.struct} {{\n    fastopt_options base;\n"
        for option in rule.options:
            text += f"    {member(option) + ';':{width}} /* {comment(option)} */\n"
        text += f"}} {rule.struct};\n\n"
        text += f"static inline {rule.struct} fastopt_{rule.name}_defaults(void) {{\n"
        text += f"    {rule.struct} options;\n"
        text += f'    fastopt_options_init("{rule.name}", &options.base, sizeof options);\n'
        text += "    return options;\n}\n\n"
        text += f"/* {state(rule)} */\n"
        for suffix, scalar in TYPES.items():
            head = f"FASTOPT_API fastopt_status fastopt_{rule.name}_{suffix}("
            text += wrap(head, parameters(rule, scalar), ") FASTOPT_NOEXCEPT;") + "\n"
    return text + "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n"


def cpp_header(rules: list[Rule]) -> str:
    """Return fastopt_rules.hpp."""
    text = f"""// {GENERATED}
//
// For each rule: its options, which begin with the defaults; and its one-shot function, for float
// and for double. State that the options' variant lacks is left out.
// clang-format off
#ifndef FASTOPT_RULES_HPP
#define FASTOPT_RULES_HPP

#include "fastopt.hpp"

namespace fastopt {{
"""
    for rule in rules:
        text += f"""
struct {rule.title}Options : {rule.struct} {{
    {rule.title}Options() noexcept : {rule.struct}(fastopt_{rule.name}_defaults()) {{}}
}};

"""
        for suffix, scalar in TYPES.items():
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
            sizes = [f"{array}.size()" for array in same]
            text += wrap("    detail::same_size(p.size(), {", sizes, "});", 8) + "\n"
            data = [f"{array}.data()" for array in ["p", *same]]
            call = ["&options", "step", "p.size()", *data, "num_threads"]
            text += wrap(f"    check(fastopt_{rule.name}_{suffix}(", call, "));", 8) + "\n}\n"
    return text + "\n}  // namespace fastopt\n\n#endif\n"


def one_shots(rules: list[Rule]) -> str:
    """Return the source of the one-shot functions."""
    text = f"""// {GENERATED}
//
// The one-shot functions of fastopt_rules.h.
// clang-format off
#include "api/one_shot.h"

using fastopt::core::one_shot;
"""
    for rule in rules:
        text += "\n"
        for suffix, scalar in TYPES.items():
            head = f"fastopt_status fastopt_{rule.name}_{suffix}("
            text += wrap(head, parameters(rule, scalar), ") noexcept {") + "\n"
            operands = "{" + ", ".join(["p", "g", *rule.slots]) + "}"
            base = "options == nullptr ? nullptr : &options->base"
            call = [f'"{rule.name}"', f"FASTOPT_{suffix.upper()}", base, "step", "count", operands]
            text += wrap("    return one_shot(", [*call, "num_threads"], ");", 8) + "\n}\n"
    return text
