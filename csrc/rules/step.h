// What a rule's coefficients may depend on besides its options.
#pragma once

#include <cstdint>

namespace fastopt::core {

struct Step {
    std::int64_t number;  // of the parameter's own steps, from 1
};

}  // namespace fastopt::core
