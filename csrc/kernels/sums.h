// Sums whose order depends on neither the instruction set nor the number of threads.
#pragma once

#include <cstddef>

#include "simd.h"

namespace fastopt::core {
namespace {

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

}  // namespace
}  // namespace fastopt::core
