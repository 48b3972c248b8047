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

// The memory of many arrays.
class ExtentSet {
  public:
    bool overlaps(const Extent& bytes) const {
        const auto found = first_behind(bytes.begin);
        return found != sorted_.end() && overlap(*found, bytes);
    }

    // Makes so many insertions allocate nothing.
    void reserve(std::size_t more) {
        if (sorted_.capacity() < sorted_.size() + more) sorted_.reserve(2 * sorted_.size() + more);
    }

    void insert(Extent added) {
        if (added.begin == added.end) return;
        const auto first = first_behind(added.begin);
        auto last = first;
        for (; last != sorted_.end() && overlap(*last, added); ++last)
            added = {std::min(added.begin, last->begin), std::max(added.end, last->end)};
        sorted_.insert(sorted_.erase(first, last), added);
    }

  private:
    // The first that ends behind an address.
    std::vector<Extent>::const_iterator first_behind(const char* begin) const {
        return std::upper_bound(sorted_.begin(), sorted_.end(), begin,
                                [](const char* at, const Extent& known) { return at < known.end; });
    }

    std::vector<Extent> sorted_;  // and disjoint
};

}  // namespace fastopt::core
