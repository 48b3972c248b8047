// The tasks of a step, and how they are shared out between threads.
#pragma once

#include <cstddef>
#include <functional>

#include "../kernels/kernel.h"
#include "operand.h"

namespace fastopt::core {

// Sums, such as those of a kernel that measures, are made for blocks of so many elements and then
// added up in order, so that they do not depend on how threads share the work.
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
    void* at[max_operands];  // where the operands begin
    const Operand* tiled;    // how they lie if some is not contiguous, else null
    std::size_t blocks_end;  // how many blocks the tasks up to this one have, if kernels measure

    // Where an element of an operand is, if that is contiguous.
    char* at_element(std::size_t operand, std::size_t element) const {
        return static_cast<char*>(at[operand]) + element * item;
    }

    // How many it has itself.
    std::size_t blocks() const { return kernel->measure == nullptr ? 0 : block_count(count); }
};

// Room for copies of a task's operands, of which a thread needs one if some task is tiled. It is
// not on the threads' stacks, which their owner may have made small.
struct alignas(cache_line) Tiles {
    unsigned char bytes[max_operands * measured_elements * sizeof(double)];
};

// visit(block, first, count) for the blocks of so many elements, in so many threads; returns how
// many there were.
int for_each_block(std::size_t count, int threads,
                   const std::function<void(std::size_t, std::size_t, std::size_t)>& visit);

// Does them all, in so many threads, each with its own of the `tiles`; null if no task is tiled.
// Returns how many there were.
int run_tasks(const Task* tasks, std::size_t count, int threads, Tiles* tiles);

}  // namespace fastopt::core
