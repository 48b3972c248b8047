// What an instruction set offers: one table with a kernel for every rule, variant and scalar type.
#pragma once

#include <cstddef>

#include "include/fastopt.h"

namespace fastopt {

// What a kernel takes: the parameter, the gradient, then the state slots of the rule's variant.
constexpr std::size_t gradient_operand = 1;
constexpr std::size_t max_operands = 6;

// Updates `count` contiguous elements of the operands; `rule` is the rule's scalar part, made
// by RuleOptions::prepare. With `prefetch` it asks for memory ahead; the numbers are the same.
using Kernel = void (*)(const void* rule, void* const* operands, std::size_t count, bool prefetch);

struct KernelTable {
    const char* isa;
    const Kernel* f32;
    const Kernel* f64;

    Kernel at(fastopt_type type, int kernel) const {
        return (type == FASTOPT_F32 ? f32 : f64)[kernel];
    }
};

}  // namespace fastopt
