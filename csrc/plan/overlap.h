// Whether arrays overlap, by their first and last bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "../base/array.h"
#include "../base/failure.h"

namespace fastopt::core {

inline bool overlap(const Extent& a, const Extent& b) {
    return a.begin < b.end && b.begin < a.end && a.begin != a.end && b.begin != b.end;
}

[[noreturn]] inline void refuse_overlap(std::string_view name, std::string_view other) {
    refuse_argument(name,
                    "shares memory with " + std::string(other) + "; pass a copy of one of them",
                    FASTOPT_OVERLAP);
}

// The memory of many arrays: runs, each sorted and disjoint, and each more than twice the next. So
// arrays may come in any order of addresses, and n of them take n log n.
class ExtentSet {
  public:
    bool overlaps(const Extent& bytes) const {
        for (std::size_t run = 0; run < begins_.size(); ++run) {
            const auto found = std::upper_bound(
                at(run), at(run + 1), bytes.begin,
                [](const char* begin, const Extent& known) { return begin < known.end; });
            if (found != at(run + 1) && overlap(*found, bytes)) return true;
        }
        return false;
    }

    // Makes so many insertions allocate nothing.
    void reserve(std::size_t more) {
        begins_.reserve(8 * sizeof(std::size_t));  // runs double, so one for each bit of a size
        if (extents_.capacity() < extents_.size() + more)
            extents_.reserve(2 * extents_.size() + more);
    }

    void insert(const Extent& added) {
        if (added.begin == added.end) return;
        begins_.push_back(extents_.size());
        extents_.push_back(added);
        while (begins_.size() > 1 && 2 * size(begins_.size() - 1) >= size(begins_.size() - 2))
            merge_last();
    }

    // Has later questions look at one run only.
    void settle() {
        while (begins_.size() > 1) merge_last();
    }

  private:
    using Iterator = std::vector<Extent>::iterator;

    std::size_t begin(std::size_t run) const {
        return run < begins_.size() ? begins_[run] : extents_.size();
    }
    std::size_t size(std::size_t run) const { return begin(run + 1) - begin(run); }
    std::vector<Extent>::const_iterator at(std::size_t run) const {
        return extents_.begin() + static_cast<std::ptrdiff_t>(begin(run));
    }

    void merge_last() {
        const auto place = [&](std::size_t run) {
            return extents_.begin() + static_cast<std::ptrdiff_t>(begin(run));
        };
        const std::size_t last = begins_.size() - 1;
        const Iterator first = place(last - 1);
        std::inplace_merge(first, place(last), extents_.end(),
                           [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
        begins_.pop_back();
        Iterator end = first;
        for (Iterator next = first + 1; next != extents_.end(); ++next) {
            if (overlap(*end, *next))
                end->end = std::max(end->end, next->end);
            else
                *++end = *next;
        }
        extents_.erase(end + 1, extents_.end());
    }

    std::vector<Extent> extents_;
    std::vector<std::size_t> begins_;  // of the runs
};

}  // namespace fastopt::core
