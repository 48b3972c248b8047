// How arrays lie in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>

#include "../include/fastopt.h"

namespace fastopt::core {

constexpr std::size_t cache_line = 64;

// From this size on, a kernel takes the trouble to begin at a cache line of the parameter, and
// state is placed so that its cache lines begin at the same elements (plan/state_layout.h).
constexpr std::size_t long_array_bytes = std::size_t{1} << 14;

constexpr std::size_t size_of(fastopt_type type) {
    return type == FASTOPT_F32 ? 4 : 8;
}

inline std::size_t element_count(const fastopt_array& array) {
    std::size_t count = 1;
    for (int i = 0; i < array.ndim; ++i) count *= static_cast<std::size_t>(array.shape[i]);
    return count;
}

// Whether two shapes, or two lists of strides, agree. There are few axes: a call of memcmp() would
// take longer, and this is asked for each array of each step.
inline bool same_lengths(const std::ptrdiff_t* a, const std::ptrdiff_t* b, int ndim) {
    for (int i = 0; i < ndim; ++i)
        if (a[i] != b[i]) return false;
    return true;
}

// From the first to behind the last byte.
struct Extent {
    const char *begin, *end;
};

inline Extent extent(const fastopt_array& array) {
    const auto* data = static_cast<const char*>(array.data);
    if (element_count(array) == 0) return {data, data};
    Extent bytes{data, data + size_of(array.type)};
    for (int i = 0; i < array.ndim; ++i) {
        const std::ptrdiff_t reach = (array.shape[i] - 1) * array.strides[i];
        (reach < 0 ? bytes.begin : bytes.end) += reach;
    }
    return bytes;
}

// The absolute value, also of the most negative number.
inline std::size_t magnitude(std::ptrdiff_t value) {
    return value < 0 ? 0 - static_cast<std::size_t>(value) : static_cast<std::size_t>(value);
}

// The axes of an array from the widest stride to the narrowest: the order in which walking over it
// touches memory forwards, and in which a transposed contiguous array is contiguous. `order` has
// room for them all, here and below.
inline void memory_order(const fastopt_array& array, int* order) {
    const auto width = [&](int axis) { return magnitude(array.strides[axis]); };
    for (int i = 0; i < array.ndim; ++i) {  // insertion sort, stable
        int at = i;
        for (; at > 0 && width(order[at - 1]) < width(i); --at) order[at] = order[at - 1];
        order[at] = i;
    }
}

inline void c_order(const fastopt_array& array, int* order) {
    std::iota(order, order + array.ndim, 0);
}

// The strides of a contiguous array like this one with its axes in the given order.
inline void contiguous_strides(const fastopt_array& like, const int* order,
                               std::ptrdiff_t* strides) {
    std::size_t stride = size_of(like.type);
    for (int i = like.ndim; i-- > 0;) {
        strides[order[i]] = static_cast<std::ptrdiff_t>(stride);
        stride *= static_cast<std::size_t>(like.shape[order[i]]);  // of an empty array it may wrap
    }
}

// Gives an array whose strides are NULL those of C order, in `room`.
inline void fill_strides(fastopt_array& array, std::ptrdiff_t* room) {
    if (array.strides != nullptr) return;
    int order[FASTOPT_MAX_DIMS];
    c_order(array, order);
    contiguous_strides(array, order, room);
    array.strides = room;
}

// False where each element surely has a place of its own: each axis steps over all that the
// narrower axes reach. What fails this nearly always overlaps.
inline bool may_overlap_itself(const fastopt_array& array) {
    if (element_count(array) == 0) return false;
    auto reach = static_cast<std::ptrdiff_t>(size_of(array.type));
    int order[FASTOPT_MAX_DIMS];
    memory_order(array, order);
    for (int i = array.ndim; i-- > 0;) {
        const int axis = order[i];
        if (array.shape[axis] == 1) continue;
        const auto stride = static_cast<std::ptrdiff_t>(magnitude(array.strides[axis]));
        if (stride < reach) return true;
        reach += (array.shape[axis] - 1) * stride;
    }
    return false;
}

}  // namespace fastopt::core
