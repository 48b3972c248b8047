// What an instruction set offers: one table with a kernel for every rule, variant and scalar type.
#pragma once

#include <cstddef>

#include "include/fastopt.h"

namespace fastopt {

// What a kernel takes: the parameter, the gradient, then the state slots of the rule's variant.
constexpr std::size_t gradient_operand = 1;
constexpr std::size_t max_operands = 2 + FASTOPT_MAX_SLOTS;

// A rule's functions. `rule` is its scalar part, made by RuleOptions::prepare.
struct Kernel {
    // Updates `count` contiguous elements of the operands. With `prefetch` it asks for memory
    // ahead; the numbers are the same.
    void (*sweep)(const void* rule, void* const* operands, std::size_t count, bool prefetch);

    // Null unless the rule needs norms. Else a pass before the sweep: adds the sums of the squares
    // of the weights and of their updates, over at most measured_elements, to `sums`.
    void (*measure)(const void* rule, void* const* operands, std::size_t count, double* sums);

    // Puts what follows from the sums over the whole parameter into the rule.
    void (*conclude)(void* rule, const double* sums);
};

constexpr std::size_t measured_elements = 256;

struct KernelTable {
    const char* isa;
    const Kernel* f32;
    const Kernel* f64;

    const Kernel& at(fastopt_type type, int kernel) const {
        return (type == FASTOPT_F32 ? f32 : f64)[kernel];
    }
};

}  // namespace fastopt
