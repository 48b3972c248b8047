// The one loop: applies a rule to every element of contiguous arrays, in one pass.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "../base/array.h"
#include "kernel.h"
#include "simd.h"
#include "sums.h"

namespace fastopt::core {
namespace {

// The roots and quotients of a rule fill some CPUs' windows long before they have run far enough
// ahead to keep the memory busy. There the sweep asks for memory itself, in small blocks of each
// array: a page ahead, which makes the next page known too. runtime/isa.cpp says where that pays.
constexpr std::ptrdiff_t block_bytes = 256;
constexpr std::ptrdiff_t ahead_bytes = 4096;

template <class F>
inline void prefetch_block(const F* begin) {
    const auto* bytes = reinterpret_cast<const char*>(begin);
    for (std::ptrdiff_t i = 0; i < block_bytes; i += cache_line) FASTOPT_PREFETCH(bytes + i);
}

// Every slot is a separate argument: as an array of pointers, GCC does not vectorise the loop.
template <class Rule, class F, class... Slot>
inline void sweep_range(const Rule& rule, std::ptrdiff_t begin, std::ptrdiff_t end,
                        F* FASTOPT_RESTRICT p, const F* FASTOPT_RESTRICT g,
                        Slot* FASTOPT_RESTRICT... slot) {
    FASTOPT_SIMD
    for (std::ptrdiff_t i = begin; i < end; ++i) rule(p[i], g[i], slot[i]...);
}

template <class Rule, class F, class... Slot>
inline void sweep(const Rule& rule, bool prefetch, std::ptrdiff_t count, F* p, const F* g,
                  Slot*... slot) {
    constexpr auto item = static_cast<std::ptrdiff_t>(sizeof(F));
    constexpr std::ptrdiff_t block = block_bytes / item;
    constexpr std::ptrdiff_t ahead = ahead_bytes / item;
    std::ptrdiff_t begin = 0;
    if (count * item >= static_cast<std::ptrdiff_t>(long_array_bytes)) {
        const auto past_line = reinterpret_cast<std::uintptr_t>(p) % cache_line;
        begin = static_cast<std::ptrdiff_t>((cache_line - past_line) % cache_line) / item;
        sweep_range(rule, 0, begin, p, g, slot...);
    }
    for (; prefetch && count - begin >= ahead + block; begin += block) {
        const std::ptrdiff_t next = begin + ahead;
        prefetch_block(g + next);
        prefetch_block(p + next);
        (prefetch_block(slot + next), ...);
        sweep_range(rule, begin, begin + block, p, g, slot...);
    }
    sweep_range(rule, begin, count, p, g, slot...);
}

// ---- a Kernel (kernel.h) for one variant --------------------------------------------------------

template <class Rule, class = void>
inline constexpr bool needs_norms = false;

template <class Rule>
inline constexpr bool needs_norms<Rule, std::void_t<decltype(&Rule::set_trust_ratio)>> = true;

template <class Rule, class = void>
inline constexpr bool can_be_idle = false;

template <class Rule>
inline constexpr bool can_be_idle<Rule, std::void_t<decltype(&Rule::idle)>> = true;

// Each function works on a local copy of the coefficients, so that the compiler knows that no store
// to an array changes them.
template <class Rule, class F, class Slots>
struct Functions;

template <class Rule, class F, std::size_t... I>
struct Functions<Rule, F, std::index_sequence<I...>> {
    static void sweep(const void* coefficients, void* const* operands, std::size_t count,
                      bool prefetch) {
        const Rule local = *static_cast<const Rule*>(coefficients);
        if constexpr (can_be_idle<Rule>)
            if (local.idle()) return;
        core::sweep(local, prefetch, static_cast<std::ptrdiff_t>(count),
                    static_cast<F*>(operands[0]), static_cast<const F*>(operands[1]),
                    static_cast<F*>(operands[2 + I])...);
    }

    static void measure(const void* coefficients, void* const* operands, std::size_t count,
                        double* sums) {
        const Rule local = *static_cast<const Rule*>(coefficients);
        measure_range(local, count, static_cast<const F*>(operands[0]),
                      static_cast<const F*>(operands[1]), sums,
                      static_cast<F*>(operands[2 + I])...);
    }

    static void set_trust_ratio(void* coefficients, const double* sums) {
        static_cast<Rule*>(coefficients)->set_trust_ratio(std::sqrt(sums[0]), std::sqrt(sums[1]));
    }
};

template <class Rule, class F>
constexpr Kernel kernel() {
    using Of = Functions<Rule, F, std::make_index_sequence<Rule::slot_count>>;
    if constexpr (needs_norms<Rule>)
        return {Of::sweep, Of::measure, Of::set_trust_ratio};
    else
        return {Of::sweep, nullptr, nullptr};
}

}  // namespace
}  // namespace fastopt::core
