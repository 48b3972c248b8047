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

fastopt_status fastopt_adadelta_f32(const fastopt_adadelta_options* options, int64_t step,
    size_t count, float* p, const float* g, float* square_avg, float* acc_delta,
    int num_threads) noexcept {
    return one_shot("adadelta", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, square_avg, acc_delta}, num_threads);
}
fastopt_status fastopt_adadelta_f64(const fastopt_adadelta_options* options, int64_t step,
    size_t count, double* p, const double* g, double* square_avg, double* acc_delta,
    int num_threads) noexcept {
    return one_shot("adadelta", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, square_avg, acc_delta}, num_threads);
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

fastopt_status fastopt_adamax_f32(const fastopt_adamax_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_inf, int num_threads) noexcept {
    return one_shot("adamax", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, exp_avg, exp_inf}, num_threads);
}
fastopt_status fastopt_adamax_f64(const fastopt_adamax_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_inf, int num_threads) noexcept {
    return one_shot("adamax", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, exp_avg, exp_inf}, num_threads);
}

fastopt_status fastopt_nadam_f32(const fastopt_nadam_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, int num_threads) noexcept {
    return one_shot("nadam", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, exp_avg, exp_avg_sq}, num_threads);
}
fastopt_status fastopt_nadam_f64(const fastopt_nadam_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, int num_threads) noexcept {
    return one_shot("nadam", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, exp_avg, exp_avg_sq}, num_threads);
}

fastopt_status fastopt_radam_f32(const fastopt_radam_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, int num_threads) noexcept {
    return one_shot("radam", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, exp_avg, exp_avg_sq}, num_threads);
}
fastopt_status fastopt_radam_f64(const fastopt_radam_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, int num_threads) noexcept {
    return one_shot("radam", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, exp_avg, exp_avg_sq}, num_threads);
}

fastopt_status fastopt_rprop_f32(const fastopt_rprop_options* options, int64_t step, size_t count,
    float* p, const float* g, float* prev, float* step_size, int num_threads) noexcept {
    return one_shot("rprop", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, prev, step_size}, num_threads);
}
fastopt_status fastopt_rprop_f64(const fastopt_rprop_options* options, int64_t step, size_t count,
    double* p, const double* g, double* prev, double* step_size, int num_threads) noexcept {
    return one_shot("rprop", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step,
        count, {p, g, prev, step_size}, num_threads);
}

fastopt_status fastopt_asgd_f32(const fastopt_asgd_options* options, int64_t step, size_t count,
    float* p, const float* g, float* ax, int num_threads) noexcept {
    return one_shot("asgd", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, ax}, num_threads);
}
fastopt_status fastopt_asgd_f64(const fastopt_asgd_options* options, int64_t step, size_t count,
    double* p, const double* g, double* ax, int num_threads) noexcept {
    return one_shot("asgd", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, ax}, num_threads);
}

fastopt_status fastopt_lion_f32(const fastopt_lion_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, int num_threads) noexcept {
    return one_shot("lion", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, exp_avg}, num_threads);
}
fastopt_status fastopt_lion_f64(const fastopt_lion_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, int num_threads) noexcept {
    return one_shot("lion", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, exp_avg}, num_threads);
}

fastopt_status fastopt_ftrl_f32(const fastopt_ftrl_options* options, int64_t step, size_t count,
    float* p, const float* g, float* sum, float* linear, int num_threads) noexcept {
    return one_shot("ftrl", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, sum, linear}, num_threads);
}
fastopt_status fastopt_ftrl_f64(const fastopt_ftrl_options* options, int64_t step, size_t count,
    double* p, const double* g, double* sum, double* linear, int num_threads) noexcept {
    return one_shot("ftrl", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, sum, linear}, num_threads);
}

fastopt_status fastopt_lars_f32(const fastopt_lars_options* options, int64_t step, size_t count,
    float* p, const float* g, float* momentum_buffer, int num_threads) noexcept {
    return one_shot("lars", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, momentum_buffer}, num_threads);
}
fastopt_status fastopt_lars_f64(const fastopt_lars_options* options, int64_t step, size_t count,
    double* p, const double* g, double* momentum_buffer, int num_threads) noexcept {
    return one_shot("lars", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, momentum_buffer}, num_threads);
}

fastopt_status fastopt_lamb_f32(const fastopt_lamb_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, int num_threads) noexcept {
    return one_shot("lamb", FASTOPT_F32, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, exp_avg, exp_avg_sq}, num_threads);
}
fastopt_status fastopt_lamb_f64(const fastopt_lamb_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, int num_threads) noexcept {
    return one_shot("lamb", FASTOPT_F64, options == nullptr ? nullptr : &options->base, step, count,
        {p, g, exp_avg, exp_avg_sq}, num_threads);
}
