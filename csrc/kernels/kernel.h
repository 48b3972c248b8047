// What an instruction set offers: one table with a kernel for every variant and scalar type.
#pragma once

#include <cstddef>

#include "../include/fastopt.h"

namespace fastopt::core {

// What a kernel takes: the parameter, the gradient, then the state slots of the rule's variant.
constexpr std::size_t gradient_operand = 1;
constexpr std::size_t max_operands = 2 + FASTOPT_MAX_SLOTS;

// The compiled loops of a variant. `coefficients` are made by RuleOptions::compute_coefficients.
struct Kernel {
    // Updates `count` contiguous elements of the operands. With `prefetch` it asks for memory
    // ahead; the numbers are the same.
    void (*sweep)(const void* coefficients, void* const* operands, std::size_t count,
                  bool prefetch);

    // Null unless the rule needs norms. Else a pass before the sweep: adds the sums of the squares
    // of the weights and of their updates, over at most measured_elements, to `sums`.
    void (*measure)(const void* coefficients, void* const* operands, std::size_t count,
                    double* sums);

    // Puts the ratio that follows from the sums over the whole parameter into the coefficients.
    void (*set_trust_ratio)(void* coefficients, const double* sums);
};

constexpr std::size_t measured_elements = 256;

// The vector functions of the C API, over at most measured_elements; what they sum is added to
// `sums`.
struct VectorKernels {
    void (*combine)(std::size_t count, void* out, double a, const void* x, const void* y,
                    const void* z, double* sums);
    void (*secant)(std::size_t count, const void* g, void* before, double t, const void* d, void* y,
                   void* s, double* sums);
    // sums[0]: the largest magnitude so far.
    void (*magnitudes)(std::size_t count, const void* x, double* sums);
};

struct KernelTable {
    const char* isa;
    const Kernel* f32;
    const Kernel* f64;
    VectorKernels vectors_f32;
    VectorKernels vectors_f64;

    const Kernel& at(fastopt_type type, int variant) const {
        return (type == FASTOPT_F32 ? f32 : f64)[variant];
    }
    const VectorKernels& vectors(fastopt_type type) const {
        return type == FASTOPT_F32 ? vectors_f32 : vectors_f64;
    }
};

}  // namespace fastopt::core
