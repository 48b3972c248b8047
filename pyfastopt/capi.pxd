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
        int maximize
        double grad_scale
        double clip_value
        double momentum
        double dampening
        int nesterov

    ctypedef struct fastopt_momentum_options:
        fastopt_options base
        double lr
        double weight_decay
        int maximize
        double grad_scale
        double clip_value
        double momentum
        int nesterov

    ctypedef struct fastopt_rmsprop_options:
        fastopt_options base
        double lr
        double weight_decay
        int maximize
        double grad_scale
        double clip_value
        double alpha
        double eps
        double momentum
        int centered
        int eps_inside

    ctypedef struct fastopt_adam_options:
        fastopt_options base
        double lr
        double weight_decay
        int maximize
        double grad_scale
        double clip_value
        double betas[2]
        double eps
        int amsgrad
        int decoupled_weight_decay

    ctypedef struct fastopt_adagrad_options:
        fastopt_options base
        double lr
        double weight_decay
        int maximize
        double grad_scale
        double clip_value
        double lr_decay
        double initial_accumulator_value
        double eps
        int eps_inside


cdef const char* error_message() noexcept nogil
cdef fastopt_status options_init(const char* rule, fastopt_options* options,
    size_t size) noexcept nogil
cdef fastopt_status options_check(const fastopt_options* options) noexcept nogil
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
cdef fastopt_status momentum_f32(const fastopt_momentum_options* options, int64_t step,
    size_t count, float* p, const float* g, float* velocity, int num_threads) noexcept nogil
cdef fastopt_status momentum_f64(const fastopt_momentum_options* options, int64_t step,
    size_t count, double* p, const double* g, double* velocity, int num_threads) noexcept nogil
cdef fastopt_status rmsprop_f32(const fastopt_rmsprop_options* options, int64_t step, size_t count,
    float* p, const float* g, float* square_avg, float* grad_avg, float* momentum_buffer,
    int num_threads) noexcept nogil
cdef fastopt_status rmsprop_f64(const fastopt_rmsprop_options* options, int64_t step, size_t count,
    double* p, const double* g, double* square_avg, double* grad_avg, double* momentum_buffer,
    int num_threads) noexcept nogil
cdef fastopt_status adam_f32(const fastopt_adam_options* options, int64_t step, size_t count,
    float* p, const float* g, float* exp_avg, float* exp_avg_sq, float* max_exp_avg_sq,
    int num_threads) noexcept nogil
cdef fastopt_status adam_f64(const fastopt_adam_options* options, int64_t step, size_t count,
    double* p, const double* g, double* exp_avg, double* exp_avg_sq, double* max_exp_avg_sq,
    int num_threads) noexcept nogil
cdef fastopt_status adagrad_f32(const fastopt_adagrad_options* options, int64_t step, size_t count,
    float* p, const float* g, float* sum, int num_threads) noexcept nogil
cdef fastopt_status adagrad_f64(const fastopt_adagrad_options* options, int64_t step, size_t count,
    double* p, const double* g, double* sum, int num_threads) noexcept nogil


cdef inline fastopt_sgd_options sgd_defaults() noexcept nogil:
    cdef fastopt_sgd_options options
    options_init("sgd", &options.base, sizeof(options))
    return options


cdef inline fastopt_momentum_options momentum_defaults() noexcept nogil:
    cdef fastopt_momentum_options options
    options_init("momentum", &options.base, sizeof(options))
    return options


cdef inline fastopt_rmsprop_options rmsprop_defaults() noexcept nogil:
    cdef fastopt_rmsprop_options options
    options_init("rmsprop", &options.base, sizeof(options))
    return options


cdef inline fastopt_adam_options adam_defaults() noexcept nogil:
    cdef fastopt_adam_options options
    options_init("adam", &options.base, sizeof(options))
    return options


cdef inline fastopt_adagrad_options adagrad_defaults() noexcept nogil:
    cdef fastopt_adagrad_options options
    options_init("adagrad", &options.base, sizeof(options))
    return options
