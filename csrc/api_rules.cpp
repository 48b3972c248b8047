// Written by csrc/generate_api.py from the rules in csrc/rules.h; do not edit.
//
// The one-shot functions of include/fastopt_rules.h.
// clang-format off
#include "one_shot.h"

using fastopt::one_shot;

fastopt_status fastopt_sgd_f32(const fastopt_sgd_options* options, int64_t step, size_t count,
    float* p, const float* g, float* momentum_buffer, int num_threads) noexcept {
    return one_shot("sgd", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, momentum_buffer}, num_threads);
}
fastopt_status fastopt_sgd_f64(const fastopt_sgd_options* options, int64_t step, size_t count,
    double* p, const double* g, double* momentum_buffer, int num_threads) noexcept {
    return one_shot("sgd", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, momentum_buffer}, num_threads);
}

fastopt_status fastopt_momentum_f32(const fastopt_momentum_options* options, int64_t step,
    size_t count, float* p, const float* g, float* velocity, int num_threads) noexcept {
    return one_shot("momentum", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, velocity}, num_threads);
}
fastopt_status fastopt_momentum_f64(const fastopt_momentum_options* options, int64_t step,
    size_t count, double* p, const double* g, double* velocity, int num_threads) noexcept {
    return one_shot("momentum", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, velocity}, num_threads);
}

fastopt_status fastopt_rmsprop_f32(const fastopt_rmsprop_options* options, int64_t step,
    size_t count, float* p, const float* g, float* square_avg, float* grad_avg,
    float* momentum_buffer, int num_threads) noexcept {
    return one_shot("rmsprop", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, square_avg, grad_avg, momentum_buffer}, num_threads);
}
fastopt_status fastopt_rmsprop_f64(const fastopt_rmsprop_options* options, int64_t step,
    size_t count, double* p, const double* g, double* square_avg, double* grad_avg,
    double* momentum_buffer, int num_threads) noexcept {
    return one_shot("rmsprop", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, square_avg, grad_avg, momentum_buffer}, num_threads);
}

fastopt_status fastopt_adam_f32(const fastopt_adam_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, float* max_exp_avg_sq,
    int num_threads) noexcept {
    return one_shot("adam", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, exp_avg, exp_avg_sq, max_exp_avg_sq}, num_threads);
}
fastopt_status fastopt_adam_f64(const fastopt_adam_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, double* max_exp_avg_sq,
    int num_threads) noexcept {
    return one_shot("adam", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, exp_avg, exp_avg_sq, max_exp_avg_sq}, num_threads);
}

fastopt_status fastopt_adagrad_f32(const fastopt_adagrad_options* options, int64_t step,
    size_t count, float* p, const float* g, float* sum, int num_threads) noexcept {
    return one_shot("adagrad", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, sum}, num_threads);
}
fastopt_status fastopt_adagrad_f64(const fastopt_adagrad_options* options, int64_t step,
    size_t count, double* p, const double* g, double* sum, int num_threads) noexcept {
    return one_shot("adagrad", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, sum}, num_threads);
}
