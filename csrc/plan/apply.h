// One step without a plan.
#pragma once

#include <cstdint>

#include "../kernels/kernel.h"
#include "../options/registry.h"

namespace fastopt::core {

// How messages name an operand of a rule's variant: "p", "g", or as the slot is called.
const char* operand_name(const fastopt_variant_info& variant, std::size_t operand);

// `operands` are the parameter, its gradient and the slots of the options' variant, as check_array
// has passed them; strides may be null. It throws Failure for what else is wrong with them, and
// allocates nothing where all are contiguous. `disjoint`: the caller vouches that nothing overlaps.
void apply(const RuleOptions& options, std::int64_t step, fastopt_array (&operands)[max_operands],
           bool disjoint, int num_threads);

}  // namespace fastopt::core
