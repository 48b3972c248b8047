// What an instruction set offers: one table with a kernel for every rule, variant and scalar type.
#pragma once

#include <cstddef>

namespace fastopt {

enum class Scalar { f32, f64 };

constexpr std::size_t size_of(Scalar type) {
    return type == Scalar::f32 ? 4 : 8;
}

constexpr std::size_t cache_line = 64;

// From this size on, a kernel takes the trouble to begin at a cache line of the parameter, and
// state is placed so that its cache lines begin at the same elements.
constexpr std::size_t long_array_bytes = std::size_t{1} << 14;

// What a kernel takes: the parameter, the gradient, then the state slots of the rule's variant.
constexpr std::size_t gradient_operand = 1;
constexpr std::size_t max_operands = 6;

// Updates `count` contiguous elements of the operands; `rule` is the rule's scalar part, made
// by RuleOptions::prepare.
using Kernel = void (*)(const void* rule, void* const* operands, std::size_t count);

struct KernelTable {
    const char* isa;
    const Kernel* f32;
    const Kernel* f64;

    Kernel at(Scalar type, int kernel) const { return (type == Scalar::f32 ? f32 : f64)[kernel]; }
};

}  // namespace fastopt
