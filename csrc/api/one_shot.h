// What all one-shot functions of the C API do; the functions themselves are generated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "../include/fastopt.h"

namespace fastopt::core {

// One step on `count` contiguous elements of the parameter, the gradient and the rule's slots, in
// the order of fastopt_rule_info::all_slots. A slot that the options' variant lacks is null.
// `options` null: the rule's defaults.
fastopt_status one_shot(const char* rule, fastopt_type type, const fastopt_options* options,
                        std::int64_t step, std::size_t count,
                        std::initializer_list<const void*> addresses, int num_threads) noexcept;

}  // namespace fastopt::core
