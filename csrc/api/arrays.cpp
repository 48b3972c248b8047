// Arrays: see fastopt.h.
#include "../base/array.h"
#include "../base/checks.h"
#include "../plan/state_layout.h"
#include "guard.h"

using namespace fastopt::core;

namespace {

// A described array that has strides, whether they were given or not.
class Array {
  public:
    Array(const fastopt_array* array, const char* name) : array_(given(array, name)) {
        check_array(array_, name);
        fill_strides(array_, c_strides_);
        check_read(array_, name);
    }

    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;

    const fastopt_array& get() const { return array_; }

  private:
    fastopt_array array_;
    std::ptrdiff_t c_strides_[FASTOPT_MAX_DIMS];
};

}  // namespace

fastopt_status fastopt_array_check(const fastopt_array* array,
                                   const fastopt_array* parameter) noexcept {
    return guard([&] {
        const Array checked(array, "array");
        if (parameter == nullptr) return;
        check_array(*parameter, "parameter");
        check_like(checked.get(), parameter->type, parameter->ndim, parameter->shape, "array");
    });
}

fastopt_status fastopt_array_extent(const fastopt_array* array, const char** begin,
                                    const char** end) noexcept {
    return guard([&] {
        const Extent bytes = extent(Array(array, "array").get());
        given(begin, "begin");
        given(end, "end") = bytes.end;
        *begin = bytes.begin;
    });
}

fastopt_status fastopt_array_overlaps_itself(const fastopt_array* array, int* overlaps) noexcept {
    return guard([&] {
        const Array checked(array, "array");
        given(overlaps, "overlaps") = may_overlap_itself(checked.get()) ? 1 : 0;
    });
}

fastopt_status fastopt_array_place_state(const fastopt_array* parameter, void* block,
                                         ptrdiff_t* strides, fastopt_array* state) noexcept {
    return guard([&] {
        const Array checked(parameter, "parameter");
        given(static_cast<char*>(block), "block");
        if (checked.get().ndim > 0) given(strides, "strides");
        given(state, "state");
        int order[FASTOPT_MAX_DIMS];
        memory_order(checked.get(), order);
        *state = place_state(checked.get(), order, block, strides);
    });
}
