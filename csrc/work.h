// Sweeps to be done, and how they are shared out between threads.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>

#include "kernels.h"
#include "operand.h"

namespace fastopt {

// One sweep over the operands of a parameter, with all that it needs in one place.
struct Task {
    Kernel kernel;
    const void* rule;  // its scalar part
    std::size_t count;
    std::size_t end;  // how many elements the tasks up to this one have
    std::size_t item;
    std::size_t operands;
    char* at[max_operands];  // where the operands begin
    const Operand* tiled;    // the operands themselves if some is not contiguous, else null

    bool operator!=(const Task& other) const {
        return std::memcmp(this, &other, sizeof(Task)) != 0;
    }
};
static_assert(std::has_unique_object_representations_v<Task>, "comparison is by bytes");

// Does them all: in this thread, or where they touch enough `bytes` in as many as `threads`.
void run(const Task* tasks, std::size_t count, std::size_t bytes, int threads);

}  // namespace fastopt
