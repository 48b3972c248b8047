// The tasks of a step, and how they are shared out between threads.
#pragma once

#include <cstddef>
#include <functional>

#include "../kernels/kernel.h"
#include "operand.h"

namespace fastopt::core {

// The sums of squares of a kernel that measures are kept for blocks of so many elements, so that
// they do not depend on how threads share the work.
constexpr std::size_t block_elements = 16 * measured_elements;

constexpr std::size_t block_count(std::size_t elements) {
    return (elements + block_elements - 1) / block_elements;
}

// One sweep over the operands of a parameter, with all that it needs in one place.
struct Task {
    const Kernel* kernel;
    void* coefficients;
    std::size_t count;
    std::size_t end;  // how many elements the tasks up to this one have
    std::size_t item;
    std::size_t operands;
    char* at[max_operands];  // where the operands begin
    const Operand* tiled;    // the operands themselves if some is not contiguous, else null
    double* sums;            // two for each block if the kernel measures, else null
};

// visit(block, first, count) for the blocks of so many elements, shared out between threads where
// they touch enough bytes.
void for_each_block(std::size_t count, std::size_t bytes, int threads,
                    const std::function<void(std::size_t, std::size_t, std::size_t)>& visit);

// Does them all, in as many as `threads` where they touch enough `bytes`. `measured`: whether some
// kernel measures.
void run_tasks(const Task* tasks, std::size_t count, std::size_t bytes, bool measured, int threads);

}  // namespace fastopt::core
