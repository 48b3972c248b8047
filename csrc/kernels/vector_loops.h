// The loops of fastopt_combine, fastopt_secant and fastopt_magnitudes, over at most
// measured_elements. Compiled once per instruction set, as sweep.h is.
#pragma once

#include <cstddef>

#include "../rules/rule.h"
#include "kernel.h"
#include "simd.h"
#include "sums.h"

namespace fastopt::core {
namespace {

template <class F>
void combine(std::size_t count, void* out_, double a_, const void* x_, const void* y_,
             const void* z, double* sums) {
    auto* out = static_cast<F*>(out_);
    const auto* x = static_cast<const F*>(x_);
    const auto* y = static_cast<const F*>(y_);
    const auto a = static_cast<F>(a_);
    if (y == nullptr) {
        FASTOPT_SIMD
        for (std::size_t i = 0; i < count; ++i) out[i] = a * x[i];
    } else {
        FASTOPT_SIMD
        for (std::size_t i = 0; i < count; ++i) out[i] = y[i] + a * x[i];
    }
    if (z != nullptr) sums[0] += dot(out, static_cast<const F*>(z), count);
}

template <class F>
void secant(std::size_t count, const void* g_, void* before_, double t_, const void* d_, void* y_,
            void* s_, double* sums) {
    const auto* g = static_cast<const F*>(g_);
    const auto* d = static_cast<const F*>(d_);
    auto* before = static_cast<F*>(before_);
    auto* y = static_cast<F*>(y_);
    auto* s = static_cast<F*>(s_);
    const auto t = static_cast<F>(t_);
    FASTOPT_SIMD
    for (std::size_t i = 0; i < count; ++i) {
        y[i] = g[i] - before[i];
        s[i] = t * d[i];
        before[i] = g[i];
    }
    sums[0] += dot(y, s, count);
    sums[1] += dot(y, y, count);
}

template <class F>
void magnitudes(std::size_t count, const void* x_, double* largest_and_sum) {
    const auto* x = static_cast<const F*>(x_);
    double sums[sum_lanes] = {};
    F largest[sum_lanes] = {};
    const auto take = [&](std::size_t i, std::size_t lane) {
        const F size = abs(x[i]);
        largest[lane] = max(largest[lane], size);
        sums[lane] += static_cast<double>(size);
    };
    std::size_t i = 0;
    for (; i + sum_lanes <= count; i += sum_lanes) {
        FASTOPT_SIMD
        for (std::size_t lane = 0; lane < sum_lanes; ++lane) take(i + lane, lane);
    }
    for (std::size_t lane = 0; i + lane < count; ++lane) take(i + lane, lane);
    for (F candidate : largest)
        largest_and_sum[0] = max(largest_and_sum[0], static_cast<double>(candidate));
    largest_and_sum[1] += total(sums);
}

template <class F>
constexpr VectorKernels vector_kernels{combine<F>, secant<F>, magnitudes<F>};

}  // namespace
}  // namespace fastopt::core
