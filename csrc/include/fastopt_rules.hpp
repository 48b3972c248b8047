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

struct AdadeltaOptions : fastopt_adadelta_options {
    AdadeltaOptions() noexcept : fastopt_adadelta_options(fastopt_adadelta_defaults()) {}
};

inline void adadelta(const AdadeltaOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> square_avg, Span<float> acc_delta, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), square_avg.size(), acc_delta.size()});
    check(fastopt_adadelta_f32(&options, step, p.size(), p.data(), g.data(), square_avg.data(),
        acc_delta.data(), num_threads));
}
inline void adadelta(const AdadeltaOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> square_avg, Span<double> acc_delta, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), square_avg.size(), acc_delta.size()});
    check(fastopt_adadelta_f64(&options, step, p.size(), p.data(), g.data(), square_avg.data(),
        acc_delta.data(), num_threads));
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

struct AdamaxOptions : fastopt_adamax_options {
    AdamaxOptions() noexcept : fastopt_adamax_options(fastopt_adamax_defaults()) {}
};

inline void adamax(const AdamaxOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> exp_avg, Span<float> exp_inf, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_inf.size()});
    check(fastopt_adamax_f32(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_inf.data(), num_threads));
}
inline void adamax(const AdamaxOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> exp_avg, Span<double> exp_inf, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_inf.size()});
    check(fastopt_adamax_f64(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_inf.data(), num_threads));
}

struct NAdamOptions : fastopt_nadam_options {
    NAdamOptions() noexcept : fastopt_nadam_options(fastopt_nadam_defaults()) {}
};

inline void nadam(const NAdamOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> exp_avg, Span<float> exp_avg_sq, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size()});
    check(fastopt_nadam_f32(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), num_threads));
}
inline void nadam(const NAdamOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> exp_avg, Span<double> exp_avg_sq, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size()});
    check(fastopt_nadam_f64(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), num_threads));
}

struct RAdamOptions : fastopt_radam_options {
    RAdamOptions() noexcept : fastopt_radam_options(fastopt_radam_defaults()) {}
};

inline void radam(const RAdamOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> exp_avg, Span<float> exp_avg_sq, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size()});
    check(fastopt_radam_f32(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), num_threads));
}
inline void radam(const RAdamOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> exp_avg, Span<double> exp_avg_sq, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size()});
    check(fastopt_radam_f64(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), num_threads));
}

struct RpropOptions : fastopt_rprop_options {
    RpropOptions() noexcept : fastopt_rprop_options(fastopt_rprop_defaults()) {}
};

inline void rprop(const RpropOptions& options, std::int64_t step, Span<float> p,
    Span<const float> g, Span<float> prev, Span<float> step_size, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), prev.size(), step_size.size()});
    check(fastopt_rprop_f32(&options, step, p.size(), p.data(), g.data(), prev.data(),
        step_size.data(), num_threads));
}
inline void rprop(const RpropOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> prev, Span<double> step_size, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), prev.size(), step_size.size()});
    check(fastopt_rprop_f64(&options, step, p.size(), p.data(), g.data(), prev.data(),
        step_size.data(), num_threads));
}

struct ASGDOptions : fastopt_asgd_options {
    ASGDOptions() noexcept : fastopt_asgd_options(fastopt_asgd_defaults()) {}
};

inline void asgd(const ASGDOptions& options, std::int64_t step, Span<float> p, Span<const float> g,
    Span<float> ax, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), ax.size()});
    check(fastopt_asgd_f32(&options, step, p.size(), p.data(), g.data(), ax.data(), num_threads));
}
inline void asgd(const ASGDOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> ax, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), ax.size()});
    check(fastopt_asgd_f64(&options, step, p.size(), p.data(), g.data(), ax.data(), num_threads));
}

struct LionOptions : fastopt_lion_options {
    LionOptions() noexcept : fastopt_lion_options(fastopt_lion_defaults()) {}
};

inline void lion(const LionOptions& options, std::int64_t step, Span<float> p, Span<const float> g,
    Span<float> exp_avg, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size()});
    check(fastopt_lion_f32(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        num_threads));
}
inline void lion(const LionOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> exp_avg, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size()});
    check(fastopt_lion_f64(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        num_threads));
}

struct FTRLOptions : fastopt_ftrl_options {
    FTRLOptions() noexcept : fastopt_ftrl_options(fastopt_ftrl_defaults()) {}
};

inline void ftrl(const FTRLOptions& options, std::int64_t step, Span<float> p, Span<const float> g,
    Span<float> sum, Span<float> linear, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), sum.size(), linear.size()});
    check(fastopt_ftrl_f32(&options, step, p.size(), p.data(), g.data(), sum.data(), linear.data(),
        num_threads));
}
inline void ftrl(const FTRLOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> sum, Span<double> linear, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), sum.size(), linear.size()});
    check(fastopt_ftrl_f64(&options, step, p.size(), p.data(), g.data(), sum.data(), linear.data(),
        num_threads));
}

struct LARSOptions : fastopt_lars_options {
    LARSOptions() noexcept : fastopt_lars_options(fastopt_lars_defaults()) {}
};

inline void lars(const LARSOptions& options, std::int64_t step, Span<float> p, Span<const float> g,
    Span<float> momentum_buffer, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), momentum_buffer.size()});
    check(fastopt_lars_f32(&options, step, p.size(), p.data(), g.data(), momentum_buffer.data(),
        num_threads));
}
inline void lars(const LARSOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> momentum_buffer, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), momentum_buffer.size()});
    check(fastopt_lars_f64(&options, step, p.size(), p.data(), g.data(), momentum_buffer.data(),
        num_threads));
}

struct LAMBOptions : fastopt_lamb_options {
    LAMBOptions() noexcept : fastopt_lamb_options(fastopt_lamb_defaults()) {}
};

inline void lamb(const LAMBOptions& options, std::int64_t step, Span<float> p, Span<const float> g,
    Span<float> exp_avg, Span<float> exp_avg_sq, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size()});
    check(fastopt_lamb_f32(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), num_threads));
}
inline void lamb(const LAMBOptions& options, std::int64_t step, Span<double> p,
    Span<const double> g, Span<double> exp_avg, Span<double> exp_avg_sq, int num_threads = 0) {
    detail::same_size(p.size(), {g.size(), exp_avg.size(), exp_avg_sq.size()});
    check(fastopt_lamb_f64(&options, step, p.size(), p.data(), g.data(), exp_avg.data(),
        exp_avg_sq.data(), num_threads));
}

}  // namespace fastopt
