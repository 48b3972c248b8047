// What the library demands of the arrays that it is given. Each check throws Failure, naming the
// array by `name`.
#pragma once

#include <cstddef>

#include "array.h"

namespace fastopt::core {

void check_type(fastopt_type type);
void check_count(std::size_t count, fastopt_type type);
void check_aligned(const void* data, std::size_t item, const char* name);
[[noreturn]] void refuse_ndim(const fastopt_array& array, const char* name);
inline void check_ndim(const fastopt_array& array, const char* name) {
    if (array.ndim < 0 || array.ndim > FASTOPT_MAX_DIMS) refuse_ndim(array, name);
}

// That the description is one of an array that memory can hold: its type, ndim and shape.
void check_array(const fastopt_array& array, const char* name);

// The remaining checks take arrays with strides.

// That its elements are aligned and within memory.
void check_strides(const fastopt_array& array, const char* name);
// That its elements can be read.
void check_read(const fastopt_array& array, const char* name);
// That it can be updated in place.
void check_written(const fastopt_array& array, const char* name);
// That it has its parameter's type and shape.
[[noreturn]] void refuse_unlike(const fastopt_array& array, fastopt_type type, int ndim,
                                const std::ptrdiff_t* shape, const char* name);
inline void check_like(const fastopt_array& array, fastopt_type type, int ndim,
                       const std::ptrdiff_t* shape, const char* name) {
    if (array.type != type || array.ndim != ndim || !same_lengths(shape, array.shape, ndim))
        refuse_unlike(array, type, ndim, shape, name);
}

}  // namespace fastopt::core
