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
    double lr;                  /* 0.001; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double momentum;            /* 0; a finite number >= 0, in float32 too */
    double dampening;           /* 0; a finite number, in float32 too */
    int nesterov;               /* 0; 0 or 1 */
    int lr_inside;              /* 0; 0 or 1 */
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

/* ---- RMSProp --------------------------------------------------------------------------------- */

typedef struct fastopt_rmsprop_options {
    fastopt_options base;
    double lr;                        /* 0.01; a finite number >= 0, in float32 too */
    double weight_decay;              /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay;       /* 0; 0 or 1 */
    int maximize;                     /* 0; 0 or 1 */
    double grad_scale;                /* 1; a finite number > 0, in float32 too */
    double clip_value;                /* inf; a number > 0, in float32 too (inf for no limit) */
    double alpha;                     /* 0.99; a number in [0, 1) */
    double eps;                       /* 1e-08; a finite number >= 0, in float32 too */
    double momentum;                  /* 0; a finite number >= 0, in float32 too */
    int nesterov;                     /* 0; 0 or 1 */
    int centered;                     /* 0; 0 or 1 */
    int eps_inside;                   /* 0; 0 or 1 */
    int lr_inside;                    /* 0; 0 or 1 */
    int bias_correction;              /* 0; 0 or 1 */
    double initial_accumulator_value; /* 0; a finite number >= 0, in float32 too */
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

/* ---- Adagrad --------------------------------------------------------------------------------- */

typedef struct fastopt_adagrad_options {
    fastopt_options base;
    double lr;                        /* 0.01; a finite number >= 0, in float32 too */
    double weight_decay;              /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay;       /* 0; 0 or 1 */
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

/* ---- Adadelta -------------------------------------------------------------------------------- */

typedef struct fastopt_adadelta_options {
    fastopt_options base;
    double lr;                  /* 1; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double rho;                 /* 0.9; a number in [0, 1) */
    double eps;                 /* 1e-06; a finite number >= 0, in float32 too */
} fastopt_adadelta_options;

static inline fastopt_adadelta_options fastopt_adadelta_defaults(void) {
    fastopt_adadelta_options options;
    fastopt_options_init("adadelta", &options.base, sizeof options);
    return options;
}

/* State: square_avg, acc_delta. */
FASTOPT_API fastopt_status fastopt_adadelta_f32(const fastopt_adadelta_options* options,
    int64_t step, size_t count, float* p, const float* g, float* square_avg, float* acc_delta,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_adadelta_f64(const fastopt_adadelta_options* options,
    int64_t step, size_t count, double* p, const double* g, double* square_avg, double* acc_delta,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- Adam ------------------------------------------------------------------------------------ */

typedef struct fastopt_adam_options {
    fastopt_options base;
    double lr;                  /* 0.001; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double betas[2];            /* (0.9, 0.999); each a number in [0, 1) */
    double eps;                 /* 1e-08; a finite number >= 0, in float32 too */
    double eps_root;            /* 0; a finite number >= 0, in float32 too */
    int eps_hat;                /* 0; 0 or 1 */
    int amsgrad;                /* 0; 0 or 1 */
    int amsgrad_corrected;      /* 0; 0 or 1 */
    int decay_corrected;        /* 0; 0 or 1 */
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

/* ---- Adamax ---------------------------------------------------------------------------------- */

typedef struct fastopt_adamax_options {
    fastopt_options base;
    double lr;                  /* 0.002; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double betas[2];            /* (0.9, 0.999); each a number in [0, 1) */
    double eps;                 /* 1e-08; a finite number >= 0, in float32 too */
    int eps_inside;             /* 1; 0 or 1 */
} fastopt_adamax_options;

static inline fastopt_adamax_options fastopt_adamax_defaults(void) {
    fastopt_adamax_options options;
    fastopt_options_init("adamax", &options.base, sizeof options);
    return options;
}

/* State: exp_avg, exp_inf. */
FASTOPT_API fastopt_status fastopt_adamax_f32(const fastopt_adamax_options* options, int64_t step,
    size_t count, float* p, const float* g, float* exp_avg, float* exp_inf,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_adamax_f64(const fastopt_adamax_options* options, int64_t step,
    size_t count, double* p, const double* g, double* exp_avg, double* exp_inf,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- NAdam ----------------------------------------------------------------------------------- */

typedef struct fastopt_nadam_options {
    fastopt_options base;
    double lr;                  /* 0.002; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double betas[2];            /* (0.9, 0.999); each a number in [0, 1) */
    double eps;                 /* 1e-08; a finite number >= 0, in float32 too */
    double eps_root;            /* 0; a finite number >= 0, in float32 too */
    double momentum_decay;      /* 0.004; a number >= 0 (inf included) */
} fastopt_nadam_options;

static inline fastopt_nadam_options fastopt_nadam_defaults(void) {
    fastopt_nadam_options options;
    fastopt_options_init("nadam", &options.base, sizeof options);
    return options;
}

/* State: exp_avg, exp_avg_sq. */
FASTOPT_API fastopt_status fastopt_nadam_f32(const fastopt_nadam_options* options, int64_t step,
    size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_nadam_f64(const fastopt_nadam_options* options, int64_t step,
    size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- RAdam ----------------------------------------------------------------------------------- */

typedef struct fastopt_radam_options {
    fastopt_options base;
    double lr;                  /* 0.001; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double betas[2];            /* (0.9, 0.999); each a number in [0, 1) */
    double eps;                 /* 1e-08; a finite number >= 0, in float32 too */
    double eps_root;            /* 0; a finite number >= 0, in float32 too */
    int eps_hat;                /* 1; 0 or 1 */
    double threshold;           /* 5; a finite number >= 4 */
} fastopt_radam_options;

static inline fastopt_radam_options fastopt_radam_defaults(void) {
    fastopt_radam_options options;
    fastopt_options_init("radam", &options.base, sizeof options);
    return options;
}

/* State: exp_avg, exp_avg_sq. */
FASTOPT_API fastopt_status fastopt_radam_f32(const fastopt_radam_options* options, int64_t step,
    size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_radam_f64(const fastopt_radam_options* options, int64_t step,
    size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- Rprop ----------------------------------------------------------------------------------- */

typedef struct fastopt_rprop_options {
    fastopt_options base;
    double lr;                  /* 0.01; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double etas[2];             /* (0.5, 1.2); each a finite number > 0, in float32 too */
    double step_sizes[2];       /* (1e-06, 50); each a finite number >= 0, in float32 too */
} fastopt_rprop_options;

static inline fastopt_rprop_options fastopt_rprop_defaults(void) {
    fastopt_rprop_options options;
    fastopt_options_init("rprop", &options.base, sizeof options);
    return options;
}

/* State: prev, step_size. */
FASTOPT_API fastopt_status fastopt_rprop_f32(const fastopt_rprop_options* options, int64_t step,
    size_t count, float* p, const float* g, float* prev, float* step_size,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_rprop_f64(const fastopt_rprop_options* options, int64_t step,
    size_t count, double* p, const double* g, double* prev, double* step_size,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- ASGD ------------------------------------------------------------------------------------ */

typedef struct fastopt_asgd_options {
    fastopt_options base;
    double lr;                  /* 0.01; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double lambd;               /* 0.0001; a finite number >= 0, in float32 too */
    double alpha;               /* 0.75; a finite number >= 0, in float32 too */
    double t0;                  /* 1e+06; a finite number >= 0, in float32 too */
} fastopt_asgd_options;

static inline fastopt_asgd_options fastopt_asgd_defaults(void) {
    fastopt_asgd_options options;
    fastopt_options_init("asgd", &options.base, sizeof options);
    return options;
}

/* State: ax. */
FASTOPT_API fastopt_status fastopt_asgd_f32(const fastopt_asgd_options* options, int64_t step,
    size_t count, float* p, const float* g, float* ax, int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_asgd_f64(const fastopt_asgd_options* options, int64_t step,
    size_t count, double* p, const double* g, double* ax, int num_threads) FASTOPT_NOEXCEPT;

/* ---- Lion ------------------------------------------------------------------------------------ */

typedef struct fastopt_lion_options {
    fastopt_options base;
    double lr;                  /* 0.0001; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 1; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double betas[2];            /* (0.9, 0.99); each a number in [0, 1) */
} fastopt_lion_options;

static inline fastopt_lion_options fastopt_lion_defaults(void) {
    fastopt_lion_options options;
    fastopt_options_init("lion", &options.base, sizeof options);
    return options;
}

/* State: exp_avg. */
FASTOPT_API fastopt_status fastopt_lion_f32(const fastopt_lion_options* options, int64_t step,
    size_t count, float* p, const float* g, float* exp_avg, int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_lion_f64(const fastopt_lion_options* options, int64_t step,
    size_t count, double* p, const double* g, double* exp_avg, int num_threads) FASTOPT_NOEXCEPT;

/* ---- FTRL ------------------------------------------------------------------------------------ */

typedef struct fastopt_ftrl_options {
    fastopt_options base;
    double lr;                        /* 0.1; a finite number >= 0, in float32 too */
    double weight_decay;              /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay;       /* 0; 0 or 1 */
    int maximize;                     /* 0; 0 or 1 */
    double grad_scale;                /* 1; a finite number > 0, in float32 too */
    double clip_value;                /* inf; a number > 0, in float32 too (inf for no limit) */
    double beta;                      /* 1; a finite number >= 0, in float32 too */
    double l1;                        /* 0; a finite number >= 0, in float32 too */
    double l2;                        /* 0; a finite number >= 0, in float32 too */
    int l2_halved;                    /* 1; 0 or 1 */
    double l2_shrinkage;              /* 0; a finite number >= 0, in float32 too */
    double initial_accumulator_value; /* 0; a finite number >= 0, in float32 too */
} fastopt_ftrl_options;

static inline fastopt_ftrl_options fastopt_ftrl_defaults(void) {
    fastopt_ftrl_options options;
    fastopt_options_init("ftrl", &options.base, sizeof options);
    return options;
}

/* State: sum, linear. */
FASTOPT_API fastopt_status fastopt_ftrl_f32(const fastopt_ftrl_options* options, int64_t step,
    size_t count, float* p, const float* g, float* sum, float* linear,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_ftrl_f64(const fastopt_ftrl_options* options, int64_t step,
    size_t count, double* p, const double* g, double* sum, double* linear,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- LARS ------------------------------------------------------------------------------------ */

typedef struct fastopt_lars_options {
    fastopt_options base;
    double lr;                  /* 0.1; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double momentum;            /* 0.9; a finite number >= 0, in float32 too */
    int nesterov;               /* 0; 0 or 1 */
    int lr_inside;              /* 1; 0 or 1 */
    double trust_coefficient;   /* 0.001; a finite number > 0, in float32 too */
    double eps;                 /* 1e-08; a finite number >= 0, in float32 too */
    int decay_in_norm;          /* 0; 0 or 1 */
    int layerwise;              /* 1; 0 or 1 */
} fastopt_lars_options;

static inline fastopt_lars_options fastopt_lars_defaults(void) {
    fastopt_lars_options options;
    fastopt_options_init("lars", &options.base, sizeof options);
    return options;
}

/* State: momentum_buffer. */
FASTOPT_API fastopt_status fastopt_lars_f32(const fastopt_lars_options* options, int64_t step,
    size_t count, float* p, const float* g, float* momentum_buffer,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_lars_f64(const fastopt_lars_options* options, int64_t step,
    size_t count, double* p, const double* g, double* momentum_buffer,
    int num_threads) FASTOPT_NOEXCEPT;

/* ---- LAMB ------------------------------------------------------------------------------------ */

typedef struct fastopt_lamb_options {
    fastopt_options base;
    double lr;                  /* 0.001; a finite number >= 0, in float32 too */
    double weight_decay;        /* 0.01; a finite number >= 0, in float32 too */
    int decoupled_weight_decay; /* 0; 0 or 1 */
    int maximize;               /* 0; 0 or 1 */
    double grad_scale;          /* 1; a finite number > 0, in float32 too */
    double clip_value;          /* inf; a number > 0, in float32 too (inf for no limit) */
    double betas[2];            /* (0.9, 0.999); each a number in [0, 1) */
    double eps;                 /* 1e-06; a finite number >= 0, in float32 too */
    double eps_root;            /* 0; a finite number >= 0, in float32 too */
    int bias_correction;        /* 1; 0 or 1 */
    double norm_limits[2];      /* (0, inf); each a number >= 0 (inf included) */
    int layerwise;              /* 1; 0 or 1 */
} fastopt_lamb_options;

static inline fastopt_lamb_options fastopt_lamb_defaults(void) {
    fastopt_lamb_options options;
    fastopt_options_init("lamb", &options.base, sizeof options);
    return options;
}

/* State: exp_avg, exp_avg_sq. */
FASTOPT_API fastopt_status fastopt_lamb_f32(const fastopt_lamb_options* options, int64_t step,
    size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq,
    int num_threads) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_lamb_f64(const fastopt_lamb_options* options, int64_t step,
    size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
    int num_threads) FASTOPT_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
