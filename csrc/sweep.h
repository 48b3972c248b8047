// The one loop: applies a rule to every element of contiguous arrays, in one pass.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels.h"
#include "layout.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define FASTOPT_SIMD __pragma(loop(ivdep))
#define FASTOPT_RESTRICT __restrict
#define FASTOPT_PREFETCH(address) static_cast<void>(address)
#else
#define FASTOPT_SIMD _Pragma("omp simd")
#define FASTOPT_RESTRICT __restrict__
#define FASTOPT_PREFETCH(address) __builtin_prefetch(address)
#endif

namespace fastopt {
namespace {

// The roots and quotients of a rule fill some CPUs' windows long before they have run far enough
// ahead to keep the memory busy. There the sweep asks for memory itself, in small blocks of each
// array: a page ahead, which makes the next page known too. isa.cpp says where that pays.
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

// ---- sums ---------------------------------------------------------------------------------------

// In double, and in an order that no instruction set changes: into lanes, then those in halves.
constexpr std::size_t sum_lanes = 16;

inline double total(double* sums) {
    for (std::size_t half = sum_lanes / 2; half > 0; half /= 2)
        for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    return sums[0];
}

template <class F>
inline double dot(const F* x, const F* y, std::size_t count) {
    double sums[sum_lanes] = {};
    std::size_t i = 0;
    for (; i + sum_lanes <= count; i += sum_lanes) {
        FASTOPT_SIMD
        for (std::size_t lane = 0; lane < sum_lanes; ++lane)
            sums[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(y[i + lane]);
    }
    for (std::size_t lane = 0; i + lane < count; ++lane)
        sums[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(y[i + lane]);
    return total(sums);
}

template <class Rule, class F, class... Slot>
inline void measure_range(const Rule& rule, std::size_t count, const F* FASTOPT_RESTRICT p,
                          const F* FASTOPT_RESTRICT g, double* FASTOPT_RESTRICT sums,
                          Slot* FASTOPT_RESTRICT... slot) {
    double weights[sum_lanes] = {};
    double updates[sum_lanes] = {};
    const auto take = [&](std::size_t i, std::size_t lane) {
        F weight, update;
        rule.measure(p[i], g[i], slot[i]..., weight, update);
        weights[lane] += static_cast<double>(weight) * static_cast<double>(weight);
        updates[lane] += static_cast<double>(update) * static_cast<double>(update);
    };
    std::size_t i = 0;
    for (; i + sum_lanes <= count; i += sum_lanes) {
        FASTOPT_SIMD
        for (std::size_t lane = 0; lane < sum_lanes; ++lane) take(i + lane, lane);
    }
    for (std::size_t lane = 0; i + lane < count; ++lane) take(i + lane, lane);
    sums[0] += total(weights);
    sums[1] += total(updates);
}

// ---- a Kernel (kernels.h) for one rule ----------------------------------------------------------

template <class Rule, class = void>
inline constexpr bool measures = false;

template <class Rule>
inline constexpr bool measures<Rule, std::void_t<decltype(&Rule::conclude)>> = true;

// Each function works on a local copy of the rule, so that the compiler knows that no store to an
// array changes it.
template <class Rule, class F, class Slots>
struct Functions;

template <class Rule, class F, std::size_t... I>
struct Functions<Rule, F, std::index_sequence<I...>> {
    static void sweep(const void* rule, void* const* operands, std::size_t count, bool prefetch) {
        const Rule local = *static_cast<const Rule*>(rule);
        fastopt::sweep(local, prefetch, static_cast<std::ptrdiff_t>(count),
                       static_cast<F*>(operands[0]), static_cast<const F*>(operands[1]),
                       static_cast<F*>(operands[2 + I])...);
    }

    static void measure(const void* rule, void* const* operands, std::size_t count, double* sums) {
        const Rule local = *static_cast<const Rule*>(rule);
        measure_range(local, count, static_cast<const F*>(operands[0]),
                      static_cast<const F*>(operands[1]), sums,
                      static_cast<F*>(operands[2 + I])...);
    }

    static void conclude(void* rule, const double* sums) {
        static_cast<Rule*>(rule)->conclude(std::sqrt(sums[0]), std::sqrt(sums[1]));
    }
};

template <class Rule, class F>
constexpr Kernel kernel() {
    using Of = Functions<Rule, F, std::make_index_sequence<Rule::slot_count>>;
    if constexpr (measures<Rule>)
        return {Of::sweep, Of::measure, Of::conclude};
    else
        return {Of::sweep, nullptr, nullptr};
}

}  // namespace
}  // namespace fastopt
