#include "shared_memory.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "../include/fastopt.hpp"
#include "memory.h"

namespace fastopt::python {
namespace {

// Shares of exact searches (NumPy's unit) before two views count as overlapping.
constexpr int max_work = 100000;

// Addresses from the first to behind the last byte.
struct Interval {
    std::uintptr_t begin, end;
};

Interval extent(const fastopt_array& array) {
    const char *begin, *end;
    check(fastopt_array_extent(&array, &begin, &end));
    return {reinterpret_cast<std::uintptr_t>(begin), reinterpret_cast<std::uintptr_t>(end)};
}

std::uintptr_t magnitude(std::ptrdiff_t stride) {
    return stride < 0 ? 0 - static_cast<std::uintptr_t>(stride)
                      : static_cast<std::uintptr_t>(stride);
}

std::uintptr_t largest_stride(const fastopt_array& array) {
    std::uintptr_t largest = 0;
    for (int i = 0; i < array.ndim; ++i)
        if (array.shape[i] > 1) largest = std::max(largest, magnitude(array.strides[i]));
    return largest;
}

bool share_memory(const fastopt_array& a, const fastopt_array& b) {
    const NumPy& numpy = NumPy::get();
    const auto as_ndarray = [&](const fastopt_array& array) {
        return py::array(numpy.of(array.type), {array.shape, array.shape + array.ndim},
                         {array.strides, array.strides + array.ndim}, array.data, py::none());
    };
    try {
        return numpy.shares_memory(as_ndarray(a), as_ndarray(b), max_work).cast<bool>();
    } catch (py::error_already_set& error) {
        if (!error.matches(numpy.too_hard_error)) throw;
        return true;
    }
}

// Where the bytes of an array are within a period: its remainders. Axes whose strides are multiples
// of the period add nothing to them. It may go beyond the period's end, and on from its beginning.
Interval remainders(const fastopt_array& array, const Interval& extent, std::uintptr_t period) {
    std::uintptr_t width = size_of(array.type);
    for (int i = 0; i < array.ndim; ++i)
        if (array.shape[i] > 1 && magnitude(array.strides[i]) % period != 0)
            width += magnitude(array.strides[i]) * static_cast<std::uintptr_t>(array.shape[i] - 1);
    if (width >= period) return {0, period};
    return {extent.begin % period, extent.begin % period + width};
}

// The arrays that a sweep over addresses is in, by their remainders.
class Active {
  public:
    explicit Active(std::uintptr_t period) : period_(period) {}

    // Calls visit(array) for those that these remainders meet.
    template <class Visit>
    void visit_met(const Interval& remainders, Visit&& visit) const {
        for_each_piece(remainders, [&](const Interval& piece) {
            const std::uintptr_t first = piece.begin - std::min(piece.begin, widest_);
            for (auto at = pieces_.lower_bound(first); at != pieces_.end() && at->first < piece.end;
                 ++at)
                if (at->second.end > piece.begin) visit(at->second.array);
        });
    }

    void add(std::size_t array, const Interval& extent, const Interval& remainders) {
        for_each_piece(remainders, [&](const Interval& piece) {
            widest_ = std::max(widest_, piece.end - piece.begin);
            ends_.push({extent.end, pieces_.insert({piece.begin, {piece.end, array}})});
        });
    }

    void remove_before(std::uintptr_t address) {
        for (; !ends_.empty() && ends_.top().first <= address; ends_.pop())
            pieces_.erase(ends_.top().second);
    }

  private:
    struct Piece {
        std::uintptr_t end;
        std::size_t array;
    };
    using Pieces = std::multimap<std::uintptr_t, Piece>;
    struct Later {
        template <class End>
        bool operator()(const End& a, const End& b) const {
            return a.first > b.first;
        }
    };
    using End = std::pair<std::uintptr_t, Pieces::iterator>;

    template <class Visit>
    void for_each_piece(const Interval& remainders, Visit&& visit) const {
        visit(Interval{remainders.begin, std::min(remainders.end, period_)});
        if (remainders.end > period_) visit(Interval{0, remainders.end - period_});
    }

    std::uintptr_t period_;
    std::uintptr_t widest_ = 0;
    Pieces pieces_;  // by where they begin
    std::priority_queue<End, std::vector<End>, Later> ends_;
};

// The largest stride that most of these arrays have.
std::uintptr_t common_stride(const std::vector<fastopt_array>& arrays, const std::size_t* begin,
                             const std::size_t* end) {
    std::unordered_map<std::uintptr_t, std::size_t> counts;
    std::uintptr_t common = 1;
    for (; begin != end; ++begin) {
        const std::uintptr_t stride = largest_stride(arrays[*begin]);
        if (stride > 1 && ++counts[stride] > counts[common]) common = stride;
    }
    return common;
}

}  // namespace

std::optional<std::pair<std::size_t, std::size_t>> find_shared(
    const std::vector<fastopt_array>& arrays, const Pairs& is_asked) {
    std::vector<Interval> extents(arrays.size());
    std::transform(arrays.begin(), arrays.end(), extents.begin(), extent);
    std::vector<std::size_t> order(arrays.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto is_empty = [&](std::size_t i) { return extents[i].begin == extents[i].end; };
    order.erase(std::remove_if(order.begin(), order.end(), is_empty), order.end());
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::make_pair(extents[a].begin, a) < std::make_pair(extents[b].begin, b);
    });
    const std::size_t* const last = order.data() + order.size();
    for (const std::size_t* first = order.data(); first != last;) {
        // Those whose extents hang together.
        std::uintptr_t reach = 0;
        const std::size_t* end = first;
        for (; end != last && (end == first || extents[*end].begin < reach); ++end)
            reach = std::max(reach, extents[*end].end);
        if (end - first > 1) {
            const std::uintptr_t period = common_stride(arrays, first, end);
            Active active(period);
            for (const std::size_t* at = first; at != end; ++at) {
                const Interval mine = remainders(arrays[*at], extents[*at], period);
                active.remove_before(extents[*at].begin);
                std::optional<std::size_t> other;
                active.visit_met(mine, [&](std::size_t met) {
                    if (!other && is_asked(std::min(met, *at), std::max(met, *at)) &&
                        share_memory(arrays[met], arrays[*at]))
                        other = met;
                });
                if (other) return std::minmax(*other, *at);
                active.add(*at, extents[*at], mine);
            }
        }
        first = end;
    }
    return std::nullopt;
}

void refuse_shared(const std::string& place, const std::string& other) {
    value_error(place, "shares memory with " + other + "; pass a copy of one of them");
}

}  // namespace fastopt::python
