// An array flattened: its elements one after the other, in a given order of its axes.
//
// Where they turn out contiguous they go straight to the kernel; any others are read into a tile,
// updated there, and written back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "../base/array.h"

namespace fastopt::core {

class Operand {
  public:
    // Makes bind() allocate nothing.
    void reserve(int ndim) { axes_.reserve(static_cast<std::size_t>(ndim)); }

    void bind(const fastopt_array& array, const std::vector<int>& order) {
        data_ = static_cast<char*>(array.data);
        contiguous_ = true;
        axes_.clear();
        if (element_count(array) == 0) return;  // whose strides nobody has checked
        for (int axis : order) {
            const Axis next{array.shape[axis], array.strides[axis]};
            if (next.size == 1) continue;
            if (!axes_.empty() && axes_.back().stride == next.stride * next.size)
                axes_.back() = {axes_.back().size * next.size, next.stride};
            else
                axes_.push_back(next);
        }
        contiguous_ =
            axes_.empty() || (axes_.size() == 1 &&
                              axes_[0].stride == static_cast<std::ptrdiff_t>(size_of(array.type)));
    }

    bool contiguous() const { return contiguous_; }
    char* data() const { return data_; }

    template <class F>
    void read(std::size_t first, std::size_t count, F* tile) const {
        walk(first, count, [&](char* element) { std::memcpy(tile++, element, sizeof(F)); });
    }

    template <class F>
    void write(std::size_t first, std::size_t count, const F* tile) const {
        walk(first, count, [&](char* element) { std::memcpy(element, tile++, sizeof(F)); });
    }

  private:
    struct Axis {
        std::ptrdiff_t size, stride;
    };

    // visit(address) for the elements first, first + 1, ... of the flattened array.
    template <class Visit>
    void walk(std::size_t first, std::size_t count, Visit&& visit) const {
        const std::size_t inner = axes_.size() - 1;
        const Axis run = axes_[inner];
        std::ptrdiff_t index[FASTOPT_MAX_DIMS];
        char* start = data_;  // of the innermost run that the walk is in
        auto rest = static_cast<std::ptrdiff_t>(first);
        for (std::size_t k = axes_.size(); k-- > 0;) {
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

    char* data_ = nullptr;
    bool contiguous_ = true;
    std::vector<Axis> axes_;
};

}  // namespace fastopt::core
