// Written by csrc/generate_api.py from the rules in csrc/rules.h; do not edit.
//
// For each rule: its options, which begin with the defaults; and its one-shot function, for float
// and for double. State that the options' variant has not is left out.
// clang-format off
#pragma once

#include "fastopt.hpp"

namespace fastopt {

struct SGDOptions : fastopt_sgd_options {
    SGDOptions() noexcept : fastopt_sgd_options(fastopt_sgd_defaults()) {}
};

inline void sgd(const SGDOptions& options, std::int64_t step, Span<float> p, Span<const float> g,
    Span<float> momentum_buffer = {}, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), momentum_buffer.size()});
    check(fastopt_sgd_f32(&options, step, p.size(), p.data(), g.data(), momentum_buffer.data(),
        num_threads));
}
inline void sgd(const SGDOptions& options, std::int64_t step, Span<double> p, Span<const double> g,
    Span<double> momentum_buffer = {}, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), momentum_buffer.size()});
    check(fastopt_sgd_f64(&options, step, p.size(), p.data(), g.data(), momentum_buffer.data(),
        num_threads));
}

struct MomentumOptions : fastopt_momentum_options {
    MomentumOptions() noexcept : fastopt_momentum_options(fastopt_momentum_defaults()) {}
};

inline void momentum(const MomentumOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> velocity, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), velocity.size()});
    check(fastopt_momentum_f32(&options, step, p.size(), p.data(), g.data(), velocity.data(),
        num_threads));
}
inline void momentum(const MomentumOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> velocity, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), velocity.size()});
    check(fastopt_momentum_f64(&options, step, p.size(), p.data(), g.data(), velocity.data(),
        num_threads));
}

struct RMSPropOptions : fastopt_rmsprop_options {
    RMSPropOptions() noexcept : fastopt_rmsprop_options(fastopt_rmsprop_defaults()) {}
};

inline void rmsprop(const RMSPropOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> square_avg, Span<float> grad_avg = {},
    Span<float> momentum_buffer = {}, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), square_avg.size(), grad_avg.size(),
        momentum_buffer.size()});
    check(fastopt_rmsprop_f32(&options, step, p.size(), p.data(), g.data(), square_avg.data(),
        grad_avg.data(), momentum_buffer.data(), num_threads));
}
inline void rmsprop(const RMSPropOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> square_avg, Span<double> grad_avg = {},
    Span<double> momentum_buffer = {}, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), square_avg.size(), grad_avg.size(),
        momentum_buffer.size()});
    check(fastopt_rmsprop_f64(&options, step, p.size(), p.data(), g.data(), square_avg.data(),
        grad_avg.data(), momentum_buffer.data(), num_threads));
}

struct AdamOptions : fastopt_adam_options {
    AdamOptions() noexcept : fastopt_adam_options(fastopt_adam_defaults()) {}
};

inline void adam(const AdamOptions& options, std::int64_t step, Span<float> p, Span<const float> g,
    Span<float> exp_avg, Span<float> exp_avg_sq, Span<float> max_exp_avg_sq = {},
    int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size(),
        max_exp_avg_sq.size()});
    check(fastopt_adam_f32(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), max_exp_avg_sq.data(), num_threads));
}
inline void adam(const AdamOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> exp_avg, Span<double> exp_avg_sq,
    Span<double> max_exp_avg_sq = {}, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size(),
        max_exp_avg_sq.size()});
    check(fastopt_adam_f64(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), max_exp_avg_sq.data(), num_threads));
}

struct AdagradOptions : fastopt_adagrad_options {
    AdagradOptions() noexcept : fastopt_adagrad_options(fastopt_adagrad_defaults()) {}
};

inline void adagrad(const AdagradOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> sum, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), sum.size()});
    check(fastopt_adagrad_f32(&options, step, p.size(), p.data(), g.data(), sum.data(),
        num_threads));
}
inline void adagrad(const AdagradOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> sum, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), sum.size()});
    check(fastopt_adagrad_f64(&options, step, p.size(), p.data(), g.data(), sum.data(),
        num_threads));
}

}  // namespace fastopt
