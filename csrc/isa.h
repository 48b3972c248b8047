// The instruction sets that were compiled in, those that this CPU can run, and the one in use.
#pragma once

#include <string_view>
#include <vector>

#include "kernels.h"

namespace fastopt {

// A table of kernels, and whether this CPU can run them.
struct Isa {
    const KernelTable* table;
    bool available;
};

// Those that were compiled in, the widest last.
const std::vector<Isa>& isas();

const KernelTable& active_isa();

// Throws Failure, whose message lists the available names, for any other name.
void use_isa(std::string_view name);

}  // namespace fastopt
