// Where the state arrays of a parameter lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../base/array.h"

namespace fastopt::core {

// What a block of memory for a state array has room for besides the elements.
constexpr std::size_t state_padding = cache_line;

// Where in such a block the state array begins: at a cache line, or if it is long, as far behind
// one as its parameter does.
inline std::size_t state_offset(const void* block, const void* parameter, std::size_t bytes) {
    const auto place = [](const void* data) {
        return reinterpret_cast<std::uintptr_t>(data) % cache_line;
    };
    const std::size_t wanted = bytes >= long_array_bytes ? place(parameter) : 0;
    return (cache_line + wanted - place(block)) % cache_line;
}

// The state array in a block: contiguous, with its axes in the given order. Its strides go to
// `strides`.
inline fastopt_array place_state(const fastopt_array& parameter, const int* order, void* block,
                                 std::ptrdiff_t* strides) {
    const std::size_t bytes = element_count(parameter) * size_of(parameter.type);
    contiguous_strides(parameter, order, strides);
    void* data = static_cast<char*>(block) + state_offset(block, parameter.data, bytes);
    return {data, parameter.type, parameter.ndim, parameter.shape, strides};
}

}  // namespace fastopt::core
