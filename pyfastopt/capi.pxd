# Written by csrc/generate_api.py from the rules in csrc/rules.h; do not edit.
#
# fastopt.h for Cython: its types, and its functions without the prefix. Compile what cimports this
# with pyfastopt.get_include() among the include directories; there is nothing to link with. The
# functions are in __pyx_capi__, too, for those who take addresses.
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

cdef extern from "fastopt.h" nogil:
    int FASTOPT_ABI_VERSION
    int FASTOPT_MAX_THREADS
    int64_t FASTOPT_MAX_STEPS
    unsigned FASTOPT_APART

    ctypedef enum fastopt_status:
        FASTOPT_OK
        FASTOPT_INVALID_ARGUMENT
        FASTOPT_INVALID_OPTION
        FASTOPT_OVERLAP
        FASTOPT_BUSY
        FASTOPT_OUT_OF_MEMORY
        FASTOPT_INVALID_ENVIRONMENT

    ctypedef struct fastopt_options:
        size_t size
        const char* rule

    ctypedef struct fastopt_kernel_info:
        const char* rule
        size_t slot_count
        const char* const* slots

    ctypedef enum fastopt_option_kind:
        FASTOPT_NUMBER
        FASTOPT_PAIR
        FASTOPT_FLAG

    ctypedef struct fastopt_option_info:
        const char* name
        const char* domain
        fastopt_option_kind kind
        size_t offset

    ctypedef struct fastopt_rule_info:
        const char* name
        size_t options_size
        size_t option_count
        const fastopt_option_info* options
        fastopt_kernel_info all_slots

    ctypedef enum fastopt_type:
        FASTOPT_F32
        FASTOPT_F64

    ctypedef struct fastopt_array:
        void* data
        fastopt_type type
        int ndim
        const ptrdiff_t* shape
        const ptrdiff_t* strides

    ctypedef struct fastopt_plan

    ctypedef struct fastopt_sgd_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double momentum
        double dampening
        int nesterov
        int lr_inside

    ctypedef struct fastopt_rmsprop_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double alpha
        double eps
        double momentum
        int nesterov
        int centered
        int eps_inside
        int lr_inside
        int bias_correction
        double initial_accumulator_value

    ctypedef struct fastopt_adagrad_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double lr_decay
        double initial_accumulator_value
        double eps
        int eps_inside

    ctypedef struct fastopt_adadelta_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double rho
        double eps

    ctypedef struct fastopt_adam_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double betas[2]
        double eps
        double eps_root
        int eps_hat
        int amsgrad
        int amsgrad_corrected
        int decay_corrected

    ctypedef struct fastopt_adamax_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double betas[2]
        double eps
        int eps_inside

    ctypedef struct fastopt_nadam_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double betas[2]
        double eps
        double eps_root
        double momentum_decay

    ctypedef struct fastopt_radam_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double betas[2]
        double eps
        double eps_root
        int eps_hat
        double threshold

    ctypedef struct fastopt_rprop_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double etas[2]
        double step_sizes[2]

    ctypedef struct fastopt_asgd_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double lambd
        double alpha
        double t0

    ctypedef struct fastopt_lion_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double betas[2]

    ctypedef struct fastopt_ftrl_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double beta
        double l1
        double l2
        int l2_halved
        double l2_shrinkage
        double initial_accumulator_value

    ctypedef struct fastopt_lars_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double momentum
        int nesterov
        int lr_inside
        double trust_coefficient
        double eps
        int decay_in_norm
        int layerwise

    ctypedef struct fastopt_lamb_options:
        fastopt_options base
        double lr
        double weight_decay
        int decoupled_weight_decay
        int maximize
        double grad_scale
        double clip_value
        double betas[2]
        double eps
        double eps_root
        int bias_correction
        double norm_limits[2]
        int layerwise


cdef const char* error_message() noexcept nogil
cdef fastopt_status options_init(const char* rule, fastopt_options* options,
    size_t size) noexcept nogil
cdef fastopt_status options_check(const fastopt_options* options) noexcept nogil
cdef fastopt_status options_check_change(const fastopt_options* present,
    const fastopt_options* changed) noexcept nogil
cdef fastopt_status options_kernel(const fastopt_options* options,
    const fastopt_kernel_info** kernel, double* initial_state) noexcept nogil
cdef const fastopt_rule_info* rule(size_t index) noexcept nogil
cdef const fastopt_rule_info* find_rule(const char* name) noexcept nogil
cdef const fastopt_kernel_info* kernel(size_t index) noexcept nogil
cdef fastopt_status plan_create(fastopt_plan** plan) noexcept nogil
cdef void plan_destroy(fastopt_plan* plan) noexcept nogil
cdef fastopt_status plan_add_group(fastopt_plan* plan, const fastopt_options* options,
    size_t* group) noexcept nogil
cdef fastopt_status plan_add_row(fastopt_plan* plan, size_t group, const fastopt_array* parameter,
    const fastopt_array* slots, unsigned flags, size_t* row) noexcept nogil
cdef fastopt_status plan_set_gradient(fastopt_plan* plan, size_t row, const fastopt_array* gradient,
    unsigned flags) noexcept nogil
cdef fastopt_status plan_step(fastopt_plan* plan, int num_threads) noexcept nogil
cdef fastopt_status plan_get_options(const fastopt_plan* plan, size_t group,
    fastopt_options* options) noexcept nogil
cdef fastopt_status plan_set_options(fastopt_plan* plan, size_t group,
    const fastopt_options* options) noexcept nogil
cdef fastopt_status plan_get_steps(const fastopt_plan* plan, size_t row,
    int64_t* steps) noexcept nogil
cdef fastopt_status plan_set_steps(fastopt_plan* plan, size_t row, int64_t steps) noexcept nogil
cdef fastopt_status plan_get_slot(const fastopt_plan* plan, size_t row, size_t slot,
    fastopt_array* array) noexcept nogil
cdef fastopt_status combine(fastopt_type type, size_t count, void* out, double a, const void* x,
    const void* y, const void* z, double* dot, int num_threads) noexcept nogil
cdef fastopt_status secant(fastopt_type type, size_t count, const void* g, void* before, double t,
    const void* d, void* y, void* s, double* dots, int num_threads) noexcept nogil
cdef fastopt_status magnitudes(fastopt_type type, size_t count, const void* x, double* magnitudes,
    int num_threads) noexcept nogil
cdef fastopt_status initialize() noexcept nogil
cdef int abi_version() noexcept nogil
cdef const char* version() noexcept nogil
cdef const char* compiler() noexcept nogil
cdef int openmp_version() noexcept nogil
cdef const char* isa(size_t index) noexcept nogil
cdef int isa_available(const char* name) noexcept nogil
cdef const char* active_isa() noexcept nogil
cdef fastopt_status use_isa(const char* name) noexcept nogil
cdef int prefetches() noexcept nogil
cdef int num_threads(int requested) noexcept nogil
cdef int fork_count() noexcept nogil
cdef fastopt_status sgd_f32(const fastopt_sgd_options* options, int64_t step, size_t count,
    float* p, const float* g, float* momentum_buffer, int num_threads) noexcept nogil
cdef fastopt_status sgd_f64(const fastopt_sgd_options* options, int64_t step, size_t count,
    double* p, const double* g, double* momentum_buffer, int num_threads) noexcept nogil
cdef fastopt_status rmsprop_f32(const fastopt_rmsprop_options* options, int64_t step, size_t count,
    float* p, const float* g, float* square_avg, float* grad_avg, float* momentum_buffer,
    int num_threads) noexcept nogil
cdef fastopt_status rmsprop_f64(const fastopt_rmsprop_options* options, int64_t step, size_t count,
    double* p, const double* g, double* square_avg, double* grad_avg, double* momentum_buffer,
    int num_threads) noexcept nogil
cdef fastopt_status adagrad_f32(const fastopt_adagrad_options* options, int64_t step, size_t count,
    float* p, const float* g, float* sum, int num_threads) noexcept nogil
cdef fastopt_status adagrad_f64(const fastopt_adagrad_options* options, int64_t step, size_t count,
    double* p, const double* g, double* sum, int num_threads) noexcept nogil
cdef fastopt_status adadelta_f32(const fastopt_adadelta_options* options, int64_t step,
    size_t count, float* p, const float* g, float* square_avg, float* acc_delta,
    int num_threads) noexcept nogil
cdef fastopt_status adadelta_f64(const fastopt_adadelta_options* options, int64_t step,
    size_t count, double* p, const double* g, double* square_avg, double* acc_delta,
    int num_threads) noexcept nogil
cdef fastopt_status adam_f32(const fastopt_adam_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, float* max_exp_avg_sq,
    int num_threads) noexcept nogil
cdef fastopt_status adam_f64(const fastopt_adam_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, double* max_exp_avg_sq,
    int num_threads) noexcept nogil
cdef fastopt_status adamax_f32(const fastopt_adamax_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_inf, int num_threads) noexcept nogil
cdef fastopt_status adamax_f64(const fastopt_adamax_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_inf, int num_threads) noexcept nogil
cdef fastopt_status nadam_f32(const fastopt_nadam_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, int num_threads) noexcept nogil
cdef fastopt_status nadam_f64(const fastopt_nadam_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, int num_threads) noexcept nogil
cdef fastopt_status radam_f32(const fastopt_radam_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, int num_threads) noexcept nogil
cdef fastopt_status radam_f64(const fastopt_radam_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, int num_threads) noexcept nogil
cdef fastopt_status rprop_f32(const fastopt_rprop_options* options, int64_t step, size_t count,
    float* p, const float* g, float* prev, float* step_size, int num_threads) noexcept nogil
cdef fastopt_status rprop_f64(const fastopt_rprop_options* options, int64_t step, size_t count,
    double* p, const double* g, double* prev, double* step_size, int num_threads) noexcept nogil
cdef fastopt_status asgd_f32(const fastopt_asgd_options* options, int64_t step, size_t count,
    float* p, const float* g, float* ax, int num_threads) noexcept nogil
cdef fastopt_status asgd_f64(const fastopt_asgd_options* options, int64_t step, size_t count,
    double* p, const double* g, double* ax, int num_threads) noexcept nogil
cdef fastopt_status lion_f32(const fastopt_lion_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, int num_threads) noexcept nogil
cdef fastopt_status lion_f64(const fastopt_lion_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, int num_threads) noexcept nogil
cdef fastopt_status ftrl_f32(const fastopt_ftrl_options* options, int64_t step, size_t count,
    float* p, const float* g, float* sum, float* linear, int num_threads) noexcept nogil
cdef fastopt_status ftrl_f64(const fastopt_ftrl_options* options, int64_t step, size_t count,
    double* p, const double* g, double* sum, double* linear, int num_threads) noexcept nogil
cdef fastopt_status lars_f32(const fastopt_lars_options* options, int64_t step, size_t count,
    float* p, const float* g, float* momentum_buffer, int num_threads) noexcept nogil
cdef fastopt_status lars_f64(const fastopt_lars_options* options, int64_t step, size_t count,
    double* p, const double* g, double* momentum_buffer, int num_threads) noexcept nogil
cdef fastopt_status lamb_f32(const fastopt_lamb_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, int num_threads) noexcept nogil
cdef fastopt_status lamb_f64(const fastopt_lamb_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, int num_threads) noexcept nogil


cdef inline fastopt_sgd_options sgd_defaults() noexcept nogil:
    cdef fastopt_sgd_options options
    options_init("sgd", &options.base, sizeof(options))
    return options


cdef inline fastopt_rmsprop_options rmsprop_defaults() noexcept nogil:
    cdef fastopt_rmsprop_options options
    options_init("rmsprop", &options.base, sizeof(options))
    return options


cdef inline fastopt_adagrad_options adagrad_defaults() noexcept nogil:
    cdef fastopt_adagrad_options options
    options_init("adagrad", &options.base, sizeof(options))
    return options


cdef inline fastopt_adadelta_options adadelta_defaults() noexcept nogil:
    cdef fastopt_adadelta_options options
    options_init("adadelta", &options.base, sizeof(options))
    return options


cdef inline fastopt_adam_options adam_defaults() noexcept nogil:
    cdef fastopt_adam_options options
    options_init("adam", &options.base, sizeof(options))
    return options


cdef inline fastopt_adamax_options adamax_defaults() noexcept nogil:
    cdef fastopt_adamax_options options
    options_init("adamax", &options.base, sizeof(options))
    return options


cdef inline fastopt_nadam_options nadam_defaults() noexcept nogil:
    cdef fastopt_nadam_options options
    options_init("nadam", &options.base, sizeof(options))
    return options


cdef inline fastopt_radam_options radam_defaults() noexcept nogil:
    cdef fastopt_radam_options options
    options_init("radam", &options.base, sizeof(options))
    return options


cdef inline fastopt_rprop_options rprop_defaults() noexcept nogil:
    cdef fastopt_rprop_options options
    options_init("rprop", &options.base, sizeof(options))
    return options


cdef inline fastopt_asgd_options asgd_defaults() noexcept nogil:
    cdef fastopt_asgd_options options
    options_init("asgd", &options.base, sizeof(options))
    return options


cdef inline fastopt_lion_options lion_defaults() noexcept nogil:
    cdef fastopt_lion_options options
    options_init("lion", &options.base, sizeof(options))
    return options


cdef inline fastopt_ftrl_options ftrl_defaults() noexcept nogil:
    cdef fastopt_ftrl_options options
    options_init("ftrl", &options.base, sizeof(options))
    return options


cdef inline fastopt_lars_options lars_defaults() noexcept nogil:
    cdef fastopt_lars_options options
    options_init("lars", &options.base, sizeof(options))
    return options


cdef inline fastopt_lamb_options lamb_defaults() noexcept nogil:
    cdef fastopt_lamb_options options
    options_init("lamb", &options.base, sizeof(options))
    return options
