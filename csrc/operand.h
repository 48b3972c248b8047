// Arrays of any shape and strides, seen as one line of elements in a given order of their axes.
//
// A line that turns out contiguous goes straight to the kernel; any other is read into a tile,
// updated there, and written back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace fastopt {

// NumPy's largest number of dimensions, since its version 2.
constexpr int max_dims = 64;

// An array as its owner describes it; strides in bytes.
struct ArrayView {
    char* data;
    int ndim;
    const std::ptrdiff_t* shape;
    const std::ptrdiff_t* strides;
};

// From the first to behind the last byte.
struct Extent {
    const char *begin, *end;
};

inline Extent extent(const ArrayView& array, std::size_t item) {
    Extent bytes{array.data, array.data + item};
    for (int i = 0; i < array.ndim; ++i) {
        if (array.shape[i] == 0) return {array.data, array.data};
        const std::ptrdiff_t reach = (array.shape[i] - 1) * array.strides[i];
        (reach < 0 ? bytes.begin : bytes.end) += reach;
    }
    return bytes;
}

// The axes of an array from the widest stride to the narrowest: the order in which walking over it
// touches memory forwards, and in which a transposed contiguous array is contiguous.
inline std::vector<int> memory_order(const ArrayView& array) {
    std::vector<int> order(static_cast<std::size_t>(array.ndim));
    const auto width = [&](int axis) {
        const std::ptrdiff_t stride = array.strides[axis];
        return stride < 0 ? -stride : stride;
    };
    for (int i = 0; i < array.ndim; ++i) {  // insertion sort, stable
        int at = i;
        for (; at > 0 && width(order[at - 1]) < width(i); --at) order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

class Operand {
  public:
    // Makes bind() allocate nothing.
    void reserve(int ndim) { axes_.reserve(static_cast<std::size_t>(ndim)); }

    void bind(const ArrayView& array, const std::vector<int>& order, std::size_t item) {
        data_ = array.data;
        axes_.clear();
        for (int axis : order) {
            const Axis next{array.shape[axis], array.strides[axis]};
            if (next.size == 1) continue;
            if (!axes_.empty() && axes_.back().stride == next.stride * next.size)
                axes_.back() = {axes_.back().size * next.size, next.stride};
            else
                axes_.push_back(next);
        }
        contiguous_ = axes_.empty() ||
                      (axes_.size() == 1 && axes_[0].stride == static_cast<std::ptrdiff_t>(item));
    }

    void unbind() { data_ = nullptr; }

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

    // visit(address) for the elements first, first + 1, ... of the line.
    template <class Visit>
    void walk(std::size_t first, std::size_t count, Visit&& visit) const {
        const std::size_t inner = axes_.size() - 1;
        const Axis run = axes_[inner];
        std::ptrdiff_t index[max_dims];
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

}  // namespace fastopt
