// Which arrays have memory in common, exactly: interleaved views do not.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../include/fastopt.h"

namespace fastopt::python {

// Says which pairs of arrays are asked for, by their numbers, the smaller one first.
using Pairs = std::function<bool(std::size_t, std::size_t)>;

// Two of the arrays that have an element in common, of those pairs that are asked for.
//
// It takes n log n for n arrays of which only few come near each other: apart, or slices of one
// array with the same largest stride, such as columns or tiles of a matrix. For others that
// interleave, it takes a search of microseconds a pair.
std::optional<std::pair<std::size_t, std::size_t>> find_shared(
    const std::vector<fastopt_array>& arrays, const Pairs& is_asked);

[[noreturn]] void refuse_shared(const std::string& place, const std::string& other);

}  // namespace fastopt::python
