# cython: language_level=3, autotestdict=False
# Written by csrc/generate_api.py from the rules in csrc/rules.h; do not edit.
"""The C API for Cython, by ``cimport pyfastopt.capi``, and for what takes addresses.

See ``capi.pxd`` and ``fastopt.h``.
"""

cdef extern from "fastopt.h" nogil:
    const char* _error_message "fastopt_error_message"()
    fastopt_status _options_init "fastopt_options_init"(const char* rule, fastopt_options* options,
        size_t size)
    fastopt_status _options_check "fastopt_options_check"(const fastopt_options* options)
    fastopt_status _options_check_change "fastopt_options_check_change"(
        const fastopt_options* present, const fastopt_options* changed)
    fastopt_status _options_kernel "fastopt_options_kernel"(const fastopt_options* options,
        const fastopt_kernel_info** kernel, double* initial_state)
    const fastopt_rule_info* _rule "fastopt_rule"(size_t index)
    const fastopt_rule_info* _find_rule "fastopt_find_rule"(const char* name)
    const fastopt_kernel_info* _kernel "fastopt_kernel"(size_t index)
    fastopt_status _plan_create "fastopt_plan_create"(fastopt_plan** plan)
    void _plan_destroy "fastopt_plan_destroy"(fastopt_plan* plan)
    fastopt_status _plan_add_group "fastopt_plan_add_group"(fastopt_plan* plan,
        const fastopt_options* options, size_t* group)
    fastopt_status _plan_add_row "fastopt_plan_add_row"(fastopt_plan* plan, size_t group,
        const fastopt_array* parameter, const fastopt_array* slots, unsigned flags, size_t* row)
    fastopt_status _plan_set_gradient "fastopt_plan_set_gradient"(fastopt_plan* plan, size_t row,
        const fastopt_array* gradient, unsigned flags)
    fastopt_status _plan_step "fastopt_plan_step"(fastopt_plan* plan, int num_threads)
    fastopt_status _plan_get_options "fastopt_plan_get_options"(const fastopt_plan* plan,
        size_t group, fastopt_options* options)
    fastopt_status _plan_set_options "fastopt_plan_set_options"(fastopt_plan* plan, size_t group,
        const fastopt_options* options)
    fastopt_status _plan_get_steps "fastopt_plan_get_steps"(const fastopt_plan* plan, size_t row,
        int64_t* steps)
    fastopt_status _plan_set_steps "fastopt_plan_set_steps"(fastopt_plan* plan, size_t row,
        int64_t steps)
    fastopt_status _plan_get_slot "fastopt_plan_get_slot"(const fastopt_plan* plan, size_t row,
        size_t slot, fastopt_array* array)
    fastopt_status _combine "fastopt_combine"(fastopt_type type, size_t count, void* out, double a,
        const void* x, const void* y, const void* z, double* dot, int num_threads)
    fastopt_status _secant "fastopt_secant"(fastopt_type type, size_t count, const void* g,
        void* before, double t, const void* d, void* y, void* s, double* dots, int num_threads)
    fastopt_status _magnitudes "fastopt_magnitudes"(fastopt_type type, size_t count, const void* x,
        double* magnitudes, int num_threads)
    fastopt_status _initialize "fastopt_initialize"()
    int _abi_version "fastopt_abi_version"()
    const char* _version "fastopt_version"()
    const char* _compiler "fastopt_compiler"()
    int _openmp_version "fastopt_openmp_version"()
    const char* _isa "fastopt_isa"(size_t index)
    int _isa_available "fastopt_isa_available"(const char* name)
    const char* _active_isa "fastopt_active_isa"()
    fastopt_status _use_isa "fastopt_use_isa"(const char* name)
    int _prefetches "fastopt_prefetches"()
    int _num_threads "fastopt_num_threads"(int requested)
    int _fork_count "fastopt_fork_count"()
    fastopt_status _sgd_f32 "fastopt_sgd_f32"(const fastopt_sgd_options* options, int64_t step,
        size_t count, float* p, const float* g, float* momentum_buffer, int num_threads)
    fastopt_status _sgd_f64 "fastopt_sgd_f64"(const fastopt_sgd_options* options, int64_t step,
        size_t count, double* p, const double* g, double* momentum_buffer, int num_threads)
    fastopt_status _rmsprop_f32 "fastopt_rmsprop_f32"(const fastopt_rmsprop_options* options,
        int64_t step, size_t count, float* p, const float* g, float* square_avg, float* grad_avg,
        float* momentum_buffer, int num_threads)
    fastopt_status _rmsprop_f64 "fastopt_rmsprop_f64"(const fastopt_rmsprop_options* options,
        int64_t step, size_t count, double* p, const double* g, double* square_avg,
        double* grad_avg, double* momentum_buffer, int num_threads)
    fastopt_status _adagrad_f32 "fastopt_adagrad_f32"(const fastopt_adagrad_options* options,
        int64_t step, size_t count, float* p, const float* g, float* sum, int num_threads)
    fastopt_status _adagrad_f64 "fastopt_adagrad_f64"(const fastopt_adagrad_options* options,
        int64_t step, size_t count, double* p, const double* g, double* sum, int num_threads)
    fastopt_status _adadelta_f32 "fastopt_adadelta_f32"(const fastopt_adadelta_options* options,
        int64_t step, size_t count, float* p, const float* g, float* square_avg, float* acc_delta,
        int num_threads)
    fastopt_status _adadelta_f64 "fastopt_adadelta_f64"(const fastopt_adadelta_options* options,
        int64_t step, size_t count, double* p, const double* g, double* square_avg,
        double* acc_delta, int num_threads)
    fastopt_status _adam_f32 "fastopt_adam_f32"(const fastopt_adam_options* options, int64_t step,
        size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq,
        float* max_exp_avg_sq, int num_threads)
    fastopt_status _adam_f64 "fastopt_adam_f64"(const fastopt_adam_options* options, int64_t step,
        size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
        double* max_exp_avg_sq, int num_threads)
    fastopt_status _adamax_f32 "fastopt_adamax_f32"(const fastopt_adamax_options* options,
        int64_t step, size_t count, float* p, const float* g, float* exp_avg, float* exp_inf,
        int num_threads)
    fastopt_status _adamax_f64 "fastopt_adamax_f64"(const fastopt_adamax_options* options,
        int64_t step, size_t count, double* p, const double* g, double* exp_avg, double* exp_inf,
        int num_threads)
    fastopt_status _nadam_f32 "fastopt_nadam_f32"(const fastopt_nadam_options* options,
        int64_t step, size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq,
        int num_threads)
    fastopt_status _nadam_f64 "fastopt_nadam_f64"(const fastopt_nadam_options* options,
        int64_t step, size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
        int num_threads)
    fastopt_status _radam_f32 "fastopt_radam_f32"(const fastopt_radam_options* options,
        int64_t step, size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq,
        int num_threads)
    fastopt_status _radam_f64 "fastopt_radam_f64"(const fastopt_radam_options* options,
        int64_t step, size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
        int num_threads)
    fastopt_status _rprop_f32 "fastopt_rprop_f32"(const fastopt_rprop_options* options,
        int64_t step, size_t count, float* p, const float* g, float* prev, float* step_size,
        int num_threads)
    fastopt_status _rprop_f64 "fastopt_rprop_f64"(const fastopt_rprop_options* options,
        int64_t step, size_t count, double* p, const double* g, double* prev, double* step_size,
        int num_threads)
    fastopt_status _asgd_f32 "fastopt_asgd_f32"(const fastopt_asgd_options* options, int64_t step,
        size_t count, float* p, const float* g, float* ax, int num_threads)
    fastopt_status _asgd_f64 "fastopt_asgd_f64"(const fastopt_asgd_options* options, int64_t step,
        size_t count, double* p, const double* g, double* ax, int num_threads)
    fastopt_status _lion_f32 "fastopt_lion_f32"(const fastopt_lion_options* options, int64_t step,
        size_t count, float* p, const float* g, float* exp_avg, int num_threads)
    fastopt_status _lion_f64 "fastopt_lion_f64"(const fastopt_lion_options* options, int64_t step,
        size_t count, double* p, const double* g, double* exp_avg, int num_threads)
    fastopt_status _ftrl_f32 "fastopt_ftrl_f32"(const fastopt_ftrl_options* options, int64_t step,
        size_t count, float* p, const float* g, float* sum, float* linear, int num_threads)
    fastopt_status _ftrl_f64 "fastopt_ftrl_f64"(const fastopt_ftrl_options* options, int64_t step,
        size_t count, double* p, const double* g, double* sum, double* linear, int num_threads)
    fastopt_status _lars_f32 "fastopt_lars_f32"(const fastopt_lars_options* options, int64_t step,
        size_t count, float* p, const float* g, float* momentum_buffer, int num_threads)
    fastopt_status _lars_f64 "fastopt_lars_f64"(const fastopt_lars_options* options, int64_t step,
        size_t count, double* p, const double* g, double* momentum_buffer, int num_threads)
    fastopt_status _lamb_f32 "fastopt_lamb_f32"(const fastopt_lamb_options* options, int64_t step,
        size_t count, float* p, const float* g, float* exp_avg, float* exp_avg_sq, int num_threads)
    fastopt_status _lamb_f64 "fastopt_lamb_f64"(const fastopt_lamb_options* options, int64_t step,
        size_t count, double* p, const double* g, double* exp_avg, double* exp_avg_sq,
        int num_threads)


cdef const char* error_message() noexcept nogil:
    return _error_message()

cdef fastopt_status options_init(const char* rule, fastopt_options* options,
        size_t size) noexcept nogil:
    return _options_init(rule, options, size)

cdef fastopt_status options_check(const fastopt_options* options) noexcept nogil:
    return _options_check(options)

cdef fastopt_status options_check_change(const fastopt_options* present,
        const fastopt_options* changed) noexcept nogil:
    return _options_check_change(present, changed)

cdef fastopt_status options_kernel(const fastopt_options* options,
        const fastopt_kernel_info** kernel, double* initial_state) noexcept nogil:
    return _options_kernel(options, kernel, initial_state)

cdef const fastopt_rule_info* rule(size_t index) noexcept nogil:
    return _rule(index)

cdef const fastopt_rule_info* find_rule(const char* name) noexcept nogil:
    return _find_rule(name)

cdef const fastopt_kernel_info* kernel(size_t index) noexcept nogil:
    return _kernel(index)

cdef fastopt_status plan_create(fastopt_plan** plan) noexcept nogil:
    return _plan_create(plan)

cdef void plan_destroy(fastopt_plan* plan) noexcept nogil:
    _plan_destroy(plan)

cdef fastopt_status plan_add_group(fastopt_plan* plan, const fastopt_options* options,
        size_t* group) noexcept nogil:
    return _plan_add_group(plan, options, group)

cdef fastopt_status plan_add_row(fastopt_plan* plan, size_t group, const fastopt_array* parameter,
        const fastopt_array* slots, unsigned flags, size_t* row) noexcept nogil:
    return _plan_add_row(plan, group, parameter, slots, flags, row)

cdef fastopt_status plan_set_gradient(fastopt_plan* plan, size_t row, const fastopt_array* gradient,
        unsigned flags) noexcept nogil:
    return _plan_set_gradient(plan, row, gradient, flags)

cdef fastopt_status plan_step(fastopt_plan* plan, int num_threads) noexcept nogil:
    return _plan_step(plan, num_threads)

cdef fastopt_status plan_get_options(const fastopt_plan* plan, size_t group,
        fastopt_options* options) noexcept nogil:
    return _plan_get_options(plan, group, options)

cdef fastopt_status plan_set_options(fastopt_plan* plan, size_t group,
        const fastopt_options* options) noexcept nogil:
    return _plan_set_options(plan, group, options)

cdef fastopt_status plan_get_steps(const fastopt_plan* plan, size_t row,
        int64_t* steps) noexcept nogil:
    return _plan_get_steps(plan, row, steps)

cdef fastopt_status plan_set_steps(fastopt_plan* plan, size_t row, int64_t steps) noexcept nogil:
    return _plan_set_steps(plan, row, steps)

cdef fastopt_status plan_get_slot(const fastopt_plan* plan, size_t row, size_t slot,
        fastopt_array* array) noexcept nogil:
    return _plan_get_slot(plan, row, slot, array)

cdef fastopt_status combine(fastopt_type type, size_t count, void* out, double a, const void* x,
        const void* y, const void* z, double* dot, int num_threads) noexcept nogil:
    return _combine(type, count, out, a, x, y, z, dot, num_threads)

cdef fastopt_status secant(fastopt_type type, size_t count, const void* g, void* before, double t,
        const void* d, void* y, void* s, double* dots, int num_threads) noexcept nogil:
    return _secant(type, count, g, before, t, d, y, s, dots, num_threads)

cdef fastopt_status magnitudes(fastopt_type type, size_t count, const void* x, double* magnitudes,
        int num_threads) noexcept nogil:
    return _magnitudes(type, count, x, magnitudes, num_threads)

cdef fastopt_status initialize() noexcept nogil:
    return _initialize()

cdef int abi_version() noexcept nogil:
    return _abi_version()

cdef const char* version() noexcept nogil:
    return _version()

cdef const char* compiler() noexcept nogil:
    return _compiler()

cdef int openmp_version() noexcept nogil:
    return _openmp_version()

cdef const char* isa(size_t index) noexcept nogil:
    return _isa(index)

cdef int isa_available(const char* name) noexcept nogil:
    return _isa_available(name)

cdef const char* active_isa() noexcept nogil:
    return _active_isa()

cdef fastopt_status use_isa(const char* name) noexcept nogil:
    return _use_isa(name)

cdef int prefetches() noexcept nogil:
    return _prefetches()

cdef int num_threads(int requested) noexcept nogil:
    return _num_threads(requested)

cdef int fork_count() noexcept nogil:
    return _fork_count()

cdef fastopt_status sgd_f32(const fastopt_sgd_options* options, int64_t step, size_t count,
        float* p, const float* g, float* momentum_buffer, int num_threads) noexcept nogil:
    return _sgd_f32(options, step, count, p, g, momentum_buffer, num_threads)

cdef fastopt_status sgd_f64(const fastopt_sgd_options* options, int64_t step, size_t count,
        double* p, const double* g, double* momentum_buffer, int num_threads) noexcept nogil:
    return _sgd_f64(options, step, count, p, g, momentum_buffer, num_threads)

cdef fastopt_status rmsprop_f32(const fastopt_rmsprop_options* options, int64_t step, size_t count,
        float* p, const float* g, float* square_avg, float* grad_avg, float* momentum_buffer,
        int num_threads) noexcept nogil:
    return _rmsprop_f32(options, step, count, p, g, square_avg, grad_avg, momentum_buffer,
        num_threads)

cdef fastopt_status rmsprop_f64(const fastopt_rmsprop_options* options, int64_t step, size_t count,
        double* p, const double* g, double* square_avg, double* grad_avg, double* momentum_buffer,
        int num_threads) noexcept nogil:
    return _rmsprop_f64(options, step, count, p, g, square_avg, grad_avg, momentum_buffer,
        num_threads)

cdef fastopt_status adagrad_f32(const fastopt_adagrad_options* options, int64_t step, size_t count,
        float* p, const float* g, float* sum, int num_threads) noexcept nogil:
    return _adagrad_f32(options, step, count, p, g, sum, num_threads)

cdef fastopt_status adagrad_f64(const fastopt_adagrad_options* options, int64_t step, size_t count,
        double* p, const double* g, double* sum, int num_threads) noexcept nogil:
    return _adagrad_f64(options, step, count, p, g, sum, num_threads)

cdef fastopt_status adadelta_f32(const fastopt_adadelta_options* options, int64_t step,
        size_t count, float* p, const float* g, float* square_avg, float* acc_delta,
        int num_threads) noexcept nogil:
    return _adadelta_f32(options, step, count, p, g, square_avg, acc_delta, num_threads)

cdef fastopt_status adadelta_f64(const fastopt_adadelta_options* options, int64_t step,
        size_t count, double* p, const double* g, double* square_avg, double* acc_delta,
        int num_threads) noexcept nogil:
    return _adadelta_f64(options, step, count, p, g, square_avg, acc_delta, num_threads)

cdef fastopt_status adam_f32(const fastopt_adam_options* options, int64_t step, size_t count,
        float* p, const float* g, float* exp_avg, float* exp_avg_sq, float* max_exp_avg_sq,
        int num_threads) noexcept nogil:
    return _adam_f32(options, step, count, p, g, exp_avg, exp_avg_sq, max_exp_avg_sq, num_threads)

cdef fastopt_status adam_f64(const fastopt_adam_options* options, int64_t step, size_t count,
        double* p, const double* g, double* exp_avg, double* exp_avg_sq, double* max_exp_avg_sq,
        int num_threads) noexcept nogil:
    return _adam_f64(options, step, count, p, g, exp_avg, exp_avg_sq, max_exp_avg_sq, num_threads)

cdef fastopt_status adamax_f32(const fastopt_adamax_options* options, int64_t step, size_t count,
        float* p, const float* g, float* exp_avg, float* exp_inf, int num_threads) noexcept nogil:
    return _adamax_f32(options, step, count, p, g, exp_avg, exp_inf, num_threads)

cdef fastopt_status adamax_f64(const fastopt_adamax_options* options, int64_t step, size_t count,
        double* p, const double* g, double* exp_avg, double* exp_inf,
        int num_threads) noexcept nogil:
    return _adamax_f64(options, step, count, p, g, exp_avg, exp_inf, num_threads)

cdef fastopt_status nadam_f32(const fastopt_nadam_options* options, int64_t step, size_t count,
        float* p, const float* g, float* exp_avg, float* exp_avg_sq,
        int num_threads) noexcept nogil:
    return _nadam_f32(options, step, count, p, g, exp_avg, exp_avg_sq, num_threads)

cdef fastopt_status nadam_f64(const fastopt_nadam_options* options, int64_t step, size_t count,
        double* p, const double* g, double* exp_avg, double* exp_avg_sq,
        int num_threads) noexcept nogil:
    return _nadam_f64(options, step, count, p, g, exp_avg, exp_avg_sq, num_threads)

cdef fastopt_status radam_f32(const fastopt_radam_options* options, int64_t step, size_t count,
        float* p, const float* g, float* exp_avg, float* exp_avg_sq,
        int num_threads) noexcept nogil:
    return _radam_f32(options, step, count, p, g, exp_avg, exp_avg_sq, num_threads)

cdef fastopt_status radam_f64(const fastopt_radam_options* options, int64_t step, size_t count,
        double* p, const double* g, double* exp_avg, double* exp_avg_sq,
        int num_threads) noexcept nogil:
    return _radam_f64(options, step, count, p, g, exp_avg, exp_avg_sq, num_threads)

cdef fastopt_status rprop_f32(const fastopt_rprop_options* options, int64_t step, size_t count,
        float* p, const float* g, float* prev, float* step_size, int num_threads) noexcept nogil:
    return _rprop_f32(options, step, count, p, g, prev, step_size, num_threads)

cdef fastopt_status rprop_f64(const fastopt_rprop_options* options, int64_t step, size_t count,
        double* p, const double* g, double* prev, double* step_size,
        int num_threads) noexcept nogil:
    return _rprop_f64(options, step, count, p, g, prev, step_size, num_threads)

cdef fastopt_status asgd_f32(const fastopt_asgd_options* options, int64_t step, size_t count,
        float* p, const float* g, float* ax, int num_threads) noexcept nogil:
    return _asgd_f32(options, step, count, p, g, ax, num_threads)

cdef fastopt_status asgd_f64(const fastopt_asgd_options* options, int64_t step, size_t count,
        double* p, const double* g, double* ax, int num_threads) noexcept nogil:
    return _asgd_f64(options, step, count, p, g, ax, num_threads)

cdef fastopt_status lion_f32(const fastopt_lion_options* options, int64_t step, size_t count,
        float* p, const float* g, float* exp_avg, int num_threads) noexcept nogil:
    return _lion_f32(options, step, count, p, g, exp_avg, num_threads)

cdef fastopt_status lion_f64(const fastopt_lion_options* options, int64_t step, size_t count,
        double* p, const double* g, double* exp_avg, int num_threads) noexcept nogil:
    return _lion_f64(options, step, count, p, g, exp_avg, num_threads)

cdef fastopt_status ftrl_f32(const fastopt_ftrl_options* options, int64_t step, size_t count,
        float* p, const float* g, float* sum, float* linear, int num_threads) noexcept nogil:
    return _ftrl_f32(options, step, count, p, g, sum, linear, num_threads)

cdef fastopt_status ftrl_f64(const fastopt_ftrl_options* options, int64_t step, size_t count,
        double* p, const double* g, double* sum, double* linear, int num_threads) noexcept nogil:
    return _ftrl_f64(options, step, count, p, g, sum, linear, num_threads)

cdef fastopt_status lars_f32(const fastopt_lars_options* options, int64_t step, size_t count,
        float* p, const float* g, float* momentum_buffer, int num_threads) noexcept nogil:
    return _lars_f32(options, step, count, p, g, momentum_buffer, num_threads)

cdef fastopt_status lars_f64(const fastopt_lars_options* options, int64_t step, size_t count,
        double* p, const double* g, double* momentum_buffer, int num_threads) noexcept nogil:
    return _lars_f64(options, step, count, p, g, momentum_buffer, num_threads)

cdef fastopt_status lamb_f32(const fastopt_lamb_options* options, int64_t step, size_t count,
        float* p, const float* g, float* exp_avg, float* exp_avg_sq,
        int num_threads) noexcept nogil:
    return _lamb_f32(options, step, count, p, g, exp_avg, exp_avg_sq, num_threads)

cdef fastopt_status lamb_f64(const fastopt_lamb_options* options, int64_t step, size_t count,
        double* p, const double* g, double* exp_avg, double* exp_avg_sq,
        int num_threads) noexcept nogil:
    return _lamb_f64(options, step, count, p, g, exp_avg, exp_avg_sq, num_threads)
