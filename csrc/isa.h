// The instruction sets that were compiled in, those that this CPU can run, and the one in use.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace fastopt {

std::vector<std::string> compiled_isas();

// Those that this CPU can run, the widest last.
std::vector<std::string> available_isas();

const KernelTable& active_isa();

// Throws std::invalid_argument, which lists the available names, for any other name.
void use_isa(const std::string& name);

}  // namespace fastopt
