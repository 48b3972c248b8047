// The instruction sets that were compiled in, those that this CPU can run, and the one in use; and
// whether it is better off with prefetching.
#pragma once

#include <string_view>
#include <vector>

#include "../kernels/kernel.h"

namespace fastopt::core {

// A table of kernels, and whether this CPU can run them.
struct Isa {
    const KernelTable* table;
    bool available;
};

// Those that were compiled in, the widest last.
const std::vector<Isa>& isas();

const KernelTable& active_isa();

// Throws Failure, whose message lists the names, for one that is not available.
void use_isa(std::string_view name);

// Whether sweeps prefetch: where this CPU gains by it, unless told otherwise.
bool prefetches();
void use_prefetch(std::string_view choice);  // "0" or "1", else throws Failure

}  // namespace fastopt::core
