#include "checks.h"

#include <cstdint>
#include <limits>
#include <string>

#include "array.h"
#include "failure.h"
#include "text.h"

namespace fastopt::core {
namespace {

constexpr auto max_bytes = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());

bool is_type(fastopt_type type) {
    return type == FASTOPT_F32 || type == FASTOPT_F64;
}

// Whether a * b > limit, where b > 0. A division takes longer than all else that is checked, and
// nearly all lengths are short.
bool is_product_above(std::size_t a, std::size_t b, std::size_t limit) {
    constexpr int half = 4 * sizeof(std::size_t);
    return (a | b) >> (half - 1) == 0 ? a * b > limit : a > limit / b;
}

std::string type_message(fastopt_type type) {
    return "type = " + std::to_string(type) + " must be FASTOPT_F32 or FASTOPT_F64";
}

}  // namespace

void check_type(fastopt_type type) {
    if (!is_type(type)) refuse(type_message(type));
}

void check_count(std::size_t count, fastopt_type type) {
    if (count > max_bytes / size_of(type))
        refuse("count = " + std::to_string(count) + " elements are more than memory can have");
}

void check_aligned(const void* data, std::size_t item, const char* name) {
    if (reinterpret_cast<std::uintptr_t>(data) % item != 0)
        refuse_argument(name, "its address is not a multiple of its element size " +
                                  std::to_string(item) + "; pass an aligned copy");
}

void refuse_ndim(const fastopt_array& array, const char* name) {
    refuse_argument(name, "ndim = " + std::to_string(array.ndim) + " must be from 0 to " +
                              std::to_string(FASTOPT_MAX_DIMS));
}

void check_array(const fastopt_array& array, const char* name) {
    if (!is_type(array.type)) refuse_argument(name, type_message(array.type));
    check_ndim(array, name);
    if (array.ndim > 0 && array.shape == nullptr)
        refuse_argument(name, "shape = NULL; pass its lengths");
    std::size_t bytes = size_of(array.type);
    bool is_empty = false;
    for (int i = 0; i < array.ndim; ++i) {
        // Made only for a message, because this is done for each array of each call.
        const auto member = [&] {
            return "shape[" + std::to_string(i) + "] = " + std::to_string(array.shape[i]);
        };
        if (array.shape[i] < 0) refuse_argument(name, member() + " must not be negative");
        is_empty |= array.shape[i] == 0;
        if (is_empty) continue;
        const auto length = static_cast<std::size_t>(array.shape[i]);
        if (is_product_above(bytes, length, max_bytes))
            refuse_argument(name, member() +
                                      " makes the array larger than memory can be; pass its real "
                                      "shape");
        bytes *= length;
    }
}

void check_strides(const fastopt_array& array, const char* name) {
    if (element_count(array) == 0) return;
    const std::size_t item = size_of(array.type);
    const std::size_t within_item = item - 1;
    bool aligned = (reinterpret_cast<std::uintptr_t>(array.data) & within_item) == 0;
    std::size_t room = max_bytes - item;
    for (int i = 0; i < array.ndim; ++i) {
        if (array.shape[i] == 1) continue;
        const std::size_t stride = magnitude(array.strides[i]);
        const auto steps = static_cast<std::size_t>(array.shape[i] - 1);
        aligned &= (stride & within_item) == 0;
        if (is_product_above(stride, steps, room))
            refuse_argument(name, "strides[" + std::to_string(i) +
                                      "] = " + std::to_string(array.strides[i]) +
                                      " reaches beyond memory; pass its real strides, in bytes");
        room -= stride * steps;
    }
    if (!aligned)
        refuse_argument(name, "address " +
                                  std::to_string(reinterpret_cast<std::uintptr_t>(array.data)) +
                                  " or its strides are not a multiple of the element size " +
                                  std::to_string(item) + "; pass an aligned copy");
}

void check_read(const fastopt_array& array, const char* name) {
    if (array.data == nullptr && element_count(array) > 0)
        refuse_argument(name, "data is NULL; pass the address of its elements");
    check_strides(array, name);
}

void check_written(const fastopt_array& array, const char* name) {
    check_read(array, name);
    if (may_overlap_itself(array))
        refuse_argument(name, "elements share memory, or lie among each other (strides " +
                                  shape_text(array.ndim, array.strides) + " for shape " +
                                  shape_text(array.ndim, array.shape) + "); pass a copy of it");
}

void refuse_unlike(const fastopt_array& array, fastopt_type type, int ndim,
                   const std::ptrdiff_t* shape, const char* name) {
    if (array.type != type)
        refuse_argument(name, "type " + type_text(array.type) + " differs from its parameter's " +
                                  type_text(type) + "; convert it");
    refuse_argument(name, "shape " + shape_text(array.ndim, array.shape) +
                              " differs from its parameter's " + shape_text(ndim, shape) +
                              "; pass an array of that shape");
}

}  // namespace fastopt::core
