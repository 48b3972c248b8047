/* Written by csrc/generate_api.py from the rules in csrc/rules.h; do not edit.
 *
 * For each rule: its struct of options, with defaults and ranges; and its one-shot functions, which
 * make one step on `count` contiguous elements. `options` NULL: the defaults. `step`: the number of
 * this step, from 1. `p` and the state are updated in place; state that starts with another value
 * than 0 says so in fastopt_options_kernel. `num_threads`: as in fastopt_plan_step.
 */
/* clang-format off */
#ifndef FASTOPT_RULES_H
#define FASTOPT_RULES_H

#include "fastopt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- SGD ------------------------------------------------------------------------------------- */

typedef struct fastopt_sgd_options {
    fastopt_options base;
    double lr;           /* 0.001; a finite number >= 0, in float32 too */
    double weight_decay; /* 0; a finite number >= 0, in float32 too */
    int maximize;        /* 0; 0 or 1 */
    double grad_scale;   /* 1; a finite number > 0, in float32 too */
    double clip_value;   /* inf; a number > 0, in float32 too (inf for no limit) */
    double momentum;     /* 0; a finite number >= 0, in float32 too */
    double dampening;    /* 0; a finite number, in float32 too */
    int nesterov;        /* 0; 0 or 1 */
} fastopt_sgd_options;

static inline fastopt_sgd_options fastopt_sgd_defaults(void) {
    fastopt_sgd_options options;
    fastopt_options_init("sgd", &options.base, sizeof options);
    return options;
}

/* State: momentum_buffer (NULL unless needed). */
FASTOPT_API fastopt_status fastopt_sgd_f32(const fastopt_sgd_options* options, int64_t step,
    size_t count, float* p, const float* g, float* momentum_buffer,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_sgd_f64(const fastopt_sgd_options* options, int64_t step,
    size_t count, double* p, const double* g, double* momentum_buffer,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- Momentum -------------------------------------------------------------------------------- */

typedef struct fastopt_momentum_options {
    fastopt_options base;
    double lr;           /* 0.01; a finite number >= 0, in float32 too */
    double weight_decay; /* 0; a finite number >= 0, in float32 too */
    int maximize;        /* 0; 0 or 1 */
    double grad_scale;   /* 1; a finite number > 0, in float32 too */
    double clip_value;   /* inf; a number > 0, in float32 too (inf for no limit) */
    double momentum;     /* 0.9; a finite number >= 0, in float32 too */
    int nesterov;        /* 0; 0 or 1 */
} fastopt_momentum_options;

static inline fastopt_momentum_options fastopt_momentum_defaults(void) {
    fastopt_momentum_options options;
    fastopt_options_init("momentum", &options.base, sizeof options);
    return options;
}

/* State: velocity. */
FASTOPT_API fastopt_status fastopt_momentum_f32(const fastopt_momentum_options* options,
    int64_t step, size_t count, float* p, const float* g, float* velocity,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_momentum_f64(const fastopt_momentum_options* options,
    int64_t step, size_t count, double* p, const double* g, double* velocity,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- RMSProp --------------------------------------------------------------------------------- */

typedef struct fastopt_rmsprop_options {
    fastopt_options base;
    double lr;           /* 0.01; a finite number >= 0, in float32 too */
    double weight_decay; /* 0; a finite number >= 0, in float32 too */
    int maximize;        /* 0; 0 or 1 */
    double grad_scale;   /* 1; a finite number > 0, in float32 too */
    double clip_value;   /* inf; a number > 0, in float32 too (inf for no limit) */
    double alpha;        /* 0.99; a number in [0, 1) */
    double eps;          /* 1e-08; a finite number >= 0, in float32 too */
    double momentum;     /* 0; a finite number >= 0, in float32 too */
    int centered;        /* 0; 0 or 1 */
    int eps_inside;      /* 0; 0 or 1 */
} fastopt_rmsprop_options;

static inline fastopt_rmsprop_options fastopt_rmsprop_defaults(void) {
    fastopt_rmsprop_options options;
    fastopt_options_init("rmsprop", &options.base, sizeof options);
    return options;
}

/* State: square_avg, grad_avg (NULL unless needed), momentum_buffer (NULL unless needed). */
FASTOPT_API fastopt_status fastopt_rmsprop_f32(const fastopt_rmsprop_options* options, int64_t step,
    size_t count, float* p, const float* g, float* square_avg, float* grad_avg,
    float* momentum_buffer, int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_rmsprop_f64(const fastopt_rmsprop_options* options, int64_t step,
    size_t count, double* p, const double* g, double* square_avg, double* grad_avg,
    double* momentum_buffer, int num_threads) FASTOPT_NOEXCEPT;

/* ---- Adam ------------------------------------------------------------------------------------ */

typedef struct fastopt_adam_options {
    fastopt_options base;
    double lr;                  /* 0.001; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double betas[2];            /* (0.9, 0.999); each a number in [0, 1) */
    double eps;                 /* 1e-08; a finite number >= 0, in float32 too */
    int amsgrad;                /* 0; 0 or 1 */
    int decoupled_weight_decay; /* 0; 0 or 1 */
} fastopt_adam_options;

static inline fastopt_adam_options fastopt_adam_defaults(void) {
    fastopt_adam_options options;
    fastopt_options_init("adam", &options.base, sizeof options);
    return options;
}

/* State: exp_avg, exp_avg_sq, max_exp_avg_sq (NULL unless needed). */
FASTOPT_API fastopt_status fastopt_adam_f32(const fastopt_adam_options* options, int64_t step,
    size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq,
    float* max_exp_avg_sq, int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_adam_f64(const fastopt_adam_options* options, int64_t step,
    size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
    double* max_exp_avg_sq, int num_threads) FASTOPT_NOEXCEPT;

/* ---- Adagrad --------------------------------------------------------------------------------- */

typedef struct fastopt_adagrad_options {
    fastopt_options base;
    double lr;                        /* 0.01; a finite number >= 0, in float32 too */
    double weight_decay;              /* 0; a finite number >= 0, in float32 too */
    int maximize;                     /* 0; 0 or 1 */
    double grad_scale;                /* 1; a finite number > 0, in float32 too */
    double clip_value;                /* inf; a number > 0, in float32 too (inf for no limit) */
    double lr_decay;                  /* 0; a finite number >= 0, in float32 too */
    double initial_accumulator_value; /* 0; a finite number >= 0, in float32 too */
    double eps;                       /* 1e-10; a finite number >= 0, in float32 too */
    int eps_inside;                   /* 0; 0 or 1 */
} fastopt_adagrad_options;

static inline fastopt_adagrad_options fastopt_adagrad_defaults(void) {
    fastopt_adagrad_options options;
    fastopt_options_init("adagrad", &options.base, sizeof options);
    return options;
}

/* State: sum. */
FASTOPT_API fastopt_status fastopt_adagrad_f32(const fastopt_adagrad_options* options, int64_t step,
    size_t count, float* p, const float* g, float* sum, int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_adagrad_f64(const fastopt_adagrad_options* options, int64_t step,
    size_t count, double* p, const double* g, double* sum, int num_threads) FASTOPT_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
