// The one loop: applies a rule to every element of contiguous arrays, in one pass.
#pragma once

#include <cstddef>
#include <utility>

#if defined(_MSC_VER) && !defined(__clang__)
#define FASTOPT_SIMD __pragma(loop(ivdep))
#define FASTOPT_RESTRICT __restrict
#else
#define FASTOPT_SIMD _Pragma("omp simd")
#define FASTOPT_RESTRICT __restrict__
#endif

namespace fastopt {
namespace {

// Every slot is a separate argument: as an array of pointers, GCC does not vectorise the loop.
template <class Rule, class F, class... Slot>
inline void sweep(const Rule& rule, std::ptrdiff_t count, F* FASTOPT_RESTRICT p,
                  const F* FASTOPT_RESTRICT g, Slot* FASTOPT_RESTRICT... slot) {
    FASTOPT_SIMD
    for (std::ptrdiff_t i = 0; i < count; ++i) rule(p[i], g[i], slot[i]...);
}

template <class Rule, class F, std::size_t... I>
inline void sweep_operands(const void* rule, void* const* operands, std::size_t count,
                           std::index_sequence<I...>) {
    // A local copy, so that the compiler knows that no store to an array changes it.
    const Rule local = *static_cast<const Rule*>(rule);
    sweep(local, static_cast<std::ptrdiff_t>(count), static_cast<F*>(operands[0]),
          static_cast<const F*>(operands[1]), static_cast<F*>(operands[2 + I])...);
}

// A Kernel (kernels.h) for one rule.
template <class Rule, class F>
void kernel(const void* rule, void* const* operands, std::size_t count) {
    sweep_operands<Rule, F>(rule, operands, count, std::make_index_sequence<Rule::slot_count>());
}

}  // namespace
}  // namespace fastopt
