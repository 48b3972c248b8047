// How an array lies when it is flattened: its elements one after the other, in a given order of its
// axes.
//
// Where they turn out contiguous they go straight to the kernel; any others are read into a tile,
// updated there, and written back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "../base/array.h"
#include "../kernels/kernel.h"

namespace fastopt::core {

// The order in which a kernel goes over the axes of a parameter: as that lies in memory, or for
// sums, which depend on the order of their terms and must not depend on the layout, C order.
inline void sweep_order(const Kernel& kernel, const fastopt_array& parameter, int* order) {
    if (kernel.measure == nullptr)
        memory_order(parameter, order);
    else
        c_order(parameter, order);
}

class Operand {
  public:
    struct Axis {
        std::ptrdiff_t size, stride;
    };

    // `room` has an axis for each of the array's, and lives as long as the operand is used.
    void bind(const fastopt_array& array, const int* order, Axis* room) {
        axes_ = room;
        axis_count_ = 0;
        contiguous_ = true;
        if (element_count(array) == 0) return;  // whose strides nobody has checked
        for (int i = 0; i < array.ndim; ++i) {
            const Axis next{array.shape[order[i]], array.strides[order[i]]};
            if (next.size == 1) continue;
            if (axis_count_ > 0 && axes_[axis_count_ - 1].stride == next.stride * next.size)
                axes_[axis_count_ - 1] = {axes_[axis_count_ - 1].size * next.size, next.stride};
            else
                axes_[axis_count_++] = next;
        }
        contiguous_ = axis_count_ == 0 ||
                      (axis_count_ == 1 &&
                       axes_[0].stride == static_cast<std::ptrdiff_t>(size_of(array.type)));
    }

    bool contiguous() const { return contiguous_; }

    // Here `data` is where the array begins.

    template <class F>
    void read(void* data, std::size_t first, std::size_t count, F* tile) const {
        walk(static_cast<char*>(data), first, count,
             [&](char* element) { std::memcpy(tile++, element, sizeof(F)); });
    }

    template <class F>
    void write(void* data, std::size_t first, std::size_t count, const F* tile) const {
        walk(static_cast<char*>(data), first, count,
             [&](char* element) { std::memcpy(element, tile++, sizeof(F)); });
    }

  private:
    // visit(address) for the elements first, first + 1, ... of the flattened array.
    template <class Visit>
    void walk(char* data, std::size_t first, std::size_t count, Visit&& visit) const {
        const std::size_t inner = axis_count_ - 1;
        const Axis run = axes_[inner];
        std::ptrdiff_t index[FASTOPT_MAX_DIMS];
        char* start = data;  // of the innermost run that the walk is in
        auto rest = static_cast<std::ptrdiff_t>(first);
        for (std::size_t k = axis_count_; k-- > 0;) {
            index[k] = rest % axes_[k].size;
            rest /= axes_[k].size;
            if (k != inner) start += index[k] * axes_[k].stride;
        }
        auto left = static_cast<std::ptrdiff_t>(count);
        for (;;) {
            const std::ptrdiff_t length = std::min(left, run.size - index[inner]);
            char* element = start + index[inner] * run.stride;
            for (std::ptrdiff_t i = 0; i < length; ++i, element += run.stride) visit(element);
            left -= length;
            if (left == 0) return;
            index[inner] = 0;
            for (std::size_t k = inner; k-- > 0;) {
                start += axes_[k].stride;
                if (++index[k] < axes_[k].size) break;
                start -= axes_[k].stride * axes_[k].size;
                index[k] = 0;
            }
        }
    }

    bool contiguous_ = true;
    Axis* axes_ = nullptr;
    std::size_t axis_count_ = 0;
};

}  // namespace fastopt::core
