/* fastopt.h: fused, in-place optimizer steps for CPUs, in C.
 *
 * Two levels. One-shot functions, such as fastopt_adam_f32 (fastopt_rules.h), step one array of
 * contiguous elements; they allocate nothing. A plan steps many arrays, of any memory layout, in
 * one go:
 *
 *     fastopt_adam_options options = fastopt_adam_defaults();
 *     options.lr = 0.01;
 *     fastopt_plan *plan = NULL;
 *     size_t group, row;
 *     fastopt_plan_create(&plan);
 *     fastopt_plan_add_group(plan, &options.base, &group);
 *     fastopt_plan_add_row(plan, group, &parameter, NULL, 0, &row);
 *     fastopt_plan_set_gradient(plan, row, &gradient, 0);
 *     ...
 *     fastopt_plan_step(plan, 0);
 *     ...
 *     fastopt_plan_destroy(plan);
 *
 * Every function that can fail returns a fastopt_status; fastopt_error_message() has the details.
 * A call that fails has modified nothing. No function throws.
 *
 * All functions may be called from any thread, but those of one plan by one thread at a time. What
 * would change a plan while a step of it runs is refused with FASTOPT_BUSY.
 */
#ifndef FASTOPT_H
#define FASTOPT_H

#include <stddef.h>
#include <stdint.h>

/* Changes when a program that was compiled with another value can no longer use the library. */
#define FASTOPT_ABI_VERSION 1

/* The most threads that can be asked for: OpenMP ends the process where it cannot start one. */
#define FASTOPT_MAX_THREADS 1024

/* The most numbers of threads, 1, 2, 4 ..., that a plan chooses from. */
#define FASTOPT_MAX_CHOICES 11

/* The most state arrays that a parameter has. */
#define FASTOPT_MAX_SLOTS 4

/* The most dimensions that an array has. */
#define FASTOPT_MAX_DIMS 64

/* How many bytes more than its elements a block of memory for a state array has. */
#define FASTOPT_STATE_PADDING 64

/* The largest step count, 2**53: a rule computes with it as a double. */
#define FASTOPT_MAX_STEPS INT64_C(9007199254740992)

#if defined(_WIN32) && defined(FASTOPT_BUILDS_LIBRARY)
#define FASTOPT_API __declspec(dllexport)
#elif defined(_WIN32)
#define FASTOPT_API __declspec(dllimport)
#else
#define FASTOPT_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
#define FASTOPT_NOEXCEPT noexcept
extern "C" {
#else
#define FASTOPT_NOEXCEPT
#endif

/* ---- errors -----------------------------------------------------------------------------------
 */

typedef enum fastopt_status {
    FASTOPT_OK = 0,
    FASTOPT_INVALID_ARGUMENT = 1,
    FASTOPT_INVALID_OPTION = 2,
    FASTOPT_OVERLAP = 3, /* arrays share memory */
    FASTOPT_BUSY = 4,    /* another thread is using the plan */
    FASTOPT_OUT_OF_MEMORY = 5,
    FASTOPT_INVALID_ENVIRONMENT = 6 /* PYFASTOPT_ISA or PYFASTOPT_NUM_THREADS */
} fastopt_status;

/* What was wrong with the last call of this thread that failed: the argument, its value and the
 * remedy. Empty before the first; valid until the next. */
FASTOPT_API const char* fastopt_error_message(void) FASTOPT_NOEXCEPT;

/* The array that the message begins with, such as "gradient" or "exp_avg"; empty where it begins
 * with none. A caller that knows the array by a name of its own can put that in its place. */
FASTOPT_API const char* fastopt_error_argument(void) FASTOPT_NOEXCEPT;

/* ---- options ----------------------------------------------------------------------------------
 */

/* Every rule has its own struct of options (fastopt_rules.h), which begins with this. Fill it by
 * fastopt_<rule>_defaults(), then set what differs. The size is how a program and a library of
 * different age agree: options that the program does not know keep their defaults. */
typedef struct fastopt_options {
    size_t size;      /* of the rule's struct, in bytes */
    const char* rule; /* "adam", ... */
} fastopt_options;

/* Fills the struct of `size` bytes with the rule's defaults; on failure sets options->size = 0, if
 * so much fits. */
FASTOPT_API fastopt_status fastopt_options_init(const char* rule, fastopt_options* options,
                                                size_t size) FASTOPT_NOEXCEPT;

/* Whether each value is within its range, and all go together. */
FASTOPT_API fastopt_status fastopt_options_check(const fastopt_options* options) FASTOPT_NOEXCEPT;

/* Whether a plan's group may go from the options that it has to others: not if that would change
 * which state arrays there are, or what they hold. */
FASTOPT_API fastopt_status fastopt_options_check_change(
    const fastopt_options* present, const fastopt_options* changed) FASTOPT_NOEXCEPT;
/* For who keeps state from one plan to the next: whether the rule's slot of that name holds the
 * same with either, as if both had it. */
FASTOPT_API fastopt_status fastopt_options_check_slot(const fastopt_options* present,
                                                      const fastopt_options* changed,
                                                      const char* slot) FASTOPT_NOEXCEPT;

/* A form of a rule, with a given set of state arrays, its "slots": most rules have one variant. */
typedef struct fastopt_variant_info {
    const char* rule;
    size_t slot_count;
    const char* const* slots;
} fastopt_variant_info;

/* The variant that serves the options, and what each of its slots has to hold before the first
 * step: `initial_state` has room for variant->slot_count numbers, at most FASTOPT_MAX_SLOTS. Either
 * may be NULL. */
FASTOPT_API fastopt_status fastopt_options_variant(const fastopt_options* options,
                                                   const fastopt_variant_info** variant,
                                                   double* initial_state) FASTOPT_NOEXCEPT;

typedef enum fastopt_option_kind {
    FASTOPT_NUMBER = 0, /* double */
    FASTOPT_PAIR = 1,   /* double[2] */
    FASTOPT_FLAG = 2    /* int, 0 or 1 */
} fastopt_option_kind;

typedef struct fastopt_option_info {
    const char* name;
    const char* domain; /* the values allowed, in words */
    fastopt_option_kind kind;
    size_t offset; /* in the rule's struct */
} fastopt_option_info;

typedef struct fastopt_rule_info {
    const char* name;
    size_t options_size; /* of the rule's struct */
    size_t option_count;
    const fastopt_option_info* options;
    fastopt_variant_info all_slots; /* those of all variants, in the order of the one-shots */
} fastopt_rule_info;

/* NULL if no rule has that number, from 0 on, or that name. */
FASTOPT_API const fastopt_rule_info* fastopt_rule(size_t index) FASTOPT_NOEXCEPT;
FASTOPT_API const fastopt_rule_info* fastopt_find_rule(const char* name) FASTOPT_NOEXCEPT;

/* NULL if no variant has that number, from 0 on. */
FASTOPT_API const fastopt_variant_info* fastopt_variant(size_t index) FASTOPT_NOEXCEPT;

/* ---- arrays -----------------------------------------------------------------------------------
 */

typedef enum fastopt_type
#ifdef __cplusplus
    : int /* so that the library may look at, and refuse, a number that is none of these */
#endif
{ FASTOPT_F32 = 0,
  FASTOPT_F64 = 1 } fastopt_type;

/* An array of any layout. */
typedef struct fastopt_array {
    void* data; /* of the element with all indices 0 */
    fastopt_type type;
    int ndim; /* at most FASTOPT_MAX_DIMS */
    const ptrdiff_t* shape;
    const ptrdiff_t* strides; /* in bytes; NULL for C order */
} fastopt_array;

/* Whether memory can have the array, with its elements aligned; and whether it has the type and the
 * shape of the parameter that it belongs to, which may be NULL. */
FASTOPT_API fastopt_status fastopt_array_check(const fastopt_array* array,
                                               const fastopt_array* parameter) FASTOPT_NOEXCEPT;

/* Its first byte, and the byte behind its last one; the same address where it has no elements. */
FASTOPT_API fastopt_status fastopt_array_extent(const fastopt_array* array, const char** begin,
                                                const char** end) FASTOPT_NOEXCEPT;

/* Sets `overlaps` to 0 where each element has a place of its own, which an array that is to be
 * updated needs; else to 1. */
FASTOPT_API fastopt_status fastopt_array_overlaps_itself(const fastopt_array* array,
                                                         int* overlaps) FASTOPT_NOEXCEPT;

/* Where in a block of memory a state array of the parameter best lies. The block is as large as the
 * parameter's elements and FASTOPT_STATE_PADDING. The state has the parameter's shape and order of
 * axes, and lies as it does relative to cache lines, so that a sweep over both is fastest. `state`
 * refers to the parameter's shape, and to `strides`, which has room for parameter->ndim. */
FASTOPT_API fastopt_status fastopt_array_place_state(const fastopt_array* parameter, void* block,
                                                     ptrdiff_t* strides,
                                                     fastopt_array* state) FASTOPT_NOEXCEPT;

/* ---- plans ------------------------------------------------------------------------------------
 */

/* The caller vouches that this array has no element in common with those that the plan writes, now
 * or later. It is for arrays that interleave: the library compares first and last bytes only. */
#define FASTOPT_DISJOINT 1u

typedef struct fastopt_plan fastopt_plan;

/* On failure, *plan is NULL. */
FASTOPT_API fastopt_status fastopt_plan_create(fastopt_plan** plan) FASTOPT_NOEXCEPT;
FASTOPT_API void fastopt_plan_destroy(fastopt_plan* plan) FASTOPT_NOEXCEPT; /* NULL is fine */

/* A group is the rows that have the same options. The options are copied. `group`, which may be
 * NULL, receives its number; the first is 0. */
FASTOPT_API fastopt_status fastopt_plan_add_group(fastopt_plan* plan,
                                                  const fastopt_options* options,
                                                  size_t* group) FASTOPT_NOEXCEPT;

/* A row is a parameter with its state, updated in place. `slots` has as many arrays, of the
 * parameter's shape and type, as fastopt_options_variant says; with NULL the plan allocates and
 * initialises them. Shapes and strides are copied; the arrays stay the caller's and must outlive
 * the plan. No two rows may have elements in common. `row`, which may be NULL, receives the row's
 * number; the first is 0. */
FASTOPT_API fastopt_status fastopt_plan_add_row(fastopt_plan* plan, size_t group,
                                                const fastopt_array* parameter,
                                                const fastopt_array* slots, unsigned flags,
                                                size_t* row) FASTOPT_NOEXCEPT;

/* Where a row's gradient is, of the parameter's shape and type; until it is set again. NULL skips
 * the row: its state and its step count stay as they are. */
FASTOPT_API fastopt_status fastopt_plan_set_gradient(fastopt_plan* plan, size_t row,
                                                     const fastopt_array* gradient,
                                                     unsigned flags) FASTOPT_NOEXCEPT;

/* Instead, the gradient of some slices of the parameter, such as rows of a matrix: a step leaves
 * the others, and their state, as they are. values has count slices along its first axis; the
 * indices, which are copied, say where they belong, and number the parameter's slices through, in C
 * order, over those of its axes that a slice lacks. Slices of one index are added up, in their
 * order. Refused for rules that work with norms of the whole parameter, LARS and LAMB. */
FASTOPT_API fastopt_status fastopt_plan_set_sparse_gradient(fastopt_plan* plan, size_t row,
                                                            const int64_t* indices, size_t count,
                                                            const fastopt_array* values,
                                                            unsigned flags) FASTOPT_NOEXCEPT;

/* Updates every row that has a gradient. The bits of the result do not depend on num_threads:
 *   from 1 to FASTOPT_MAX_THREADS: so many;
 *   0: as many as gain by it now, which the plan learns from how long its steps take, and at most
 *      fastopt_num_threads(0);
 *   below 0: the same, and at most as many as that is below 0.
 * Work on less than half a mebibyte is one thread's. */
FASTOPT_API fastopt_status fastopt_plan_step(fastopt_plan* plan, int num_threads) FASTOPT_NOEXCEPT;

/* Why a step ran in so many threads. */
typedef enum fastopt_threads_reason {
    FASTOPT_THREADS_SMALL = 0,   /* it touched less than half a mebibyte */
    FASTOPT_THREADS_EXACT = 1,   /* num_threads said so */
    FASTOPT_THREADS_LIMITED = 2, /* no more were allowed */
    FASTOPT_THREADS_MEASURED = 3 /* they gain by it, or are on trial */
} fastopt_threads_reason;

/* How a plan's last step used threads. */
typedef struct fastopt_threading {
    int num_threads; /* that it ran in; 0 before the first */
    int most;        /* that it might have run in; 1 where it is small */
    fastopt_threads_reason reason;
    /* Where it measured: the numbers of threads that were tried, and how long the step takes with
     * each, of late. The first step, which may be the first to touch the memory, does not count. */
    int count;
    int tried[FASTOPT_MAX_CHOICES];
    double seconds[FASTOPT_MAX_CHOICES];
} fastopt_threading;

FASTOPT_API fastopt_status
fastopt_plan_get_threading(const fastopt_plan* plan, fastopt_threading* threading) FASTOPT_NOEXCEPT;

/* Takes over what another plan has learned of threads, and tells of its last step: for a plan that
 * replaces it. */
FASTOPT_API fastopt_status fastopt_plan_learn(fastopt_plan* plan,
                                              const fastopt_plan* other) FASTOPT_NOEXCEPT;

/* options->size and options->rule say what the caller's struct is. New options must be served by
 * the same variant, and must not change what the state began with. */
FASTOPT_API fastopt_status fastopt_plan_get_options(const fastopt_plan* plan, size_t group,
                                                    fastopt_options* options) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_plan_set_options(
    fastopt_plan* plan, size_t group, const fastopt_options* options) FASTOPT_NOEXCEPT;

/* How many steps a row has made, from 0 to FASTOPT_MAX_STEPS, where it stays: with the state, what
 * a checkpoint needs. */
FASTOPT_API fastopt_status fastopt_plan_get_steps(const fastopt_plan* plan, size_t row,
                                                  int64_t* steps) FASTOPT_NOEXCEPT;
FASTOPT_API fastopt_status fastopt_plan_set_steps(fastopt_plan* plan, size_t row,
                                                  int64_t steps) FASTOPT_NOEXCEPT;

/* Where a slot is. Its shape and strides are the plan's own, valid until it is destroyed. */
FASTOPT_API fastopt_status fastopt_plan_get_slot(const fastopt_plan* plan, size_t row, size_t slot,
                                                 fastopt_array* array) FASTOPT_NOEXCEPT;

/* ---- one step ---------------------------------------------------------------------------------
 *
 * The functions of fastopt_rules.h step contiguous elements; this one steps arrays of any layout.
 */

/* One step of the options' rule, of number `step` from 1. `p` and the slots, which are as for
 * fastopt_plan_add_row, are updated in place. It allocates memory only where an array is not
 * contiguous: some kilobytes for each thread. */
FASTOPT_API fastopt_status fastopt_apply(const fastopt_options* options, int64_t step,
                                         const fastopt_array* p, const fastopt_array* g,
                                         const fastopt_array* slots, unsigned flags,
                                         int num_threads) FASTOPT_NOEXCEPT;

/* ---- vectors ----------------------------------------------------------------------------------
 *
 * What L-BFGS is made of: each function makes one pass over contiguous, aligned arrays of `count`
 * elements. Sums are in double, and the same bits for every number of threads and instruction set.
 * Arrays do not overlap, except that `out` may be `x` or `y`.
 */

/* out = a*x, or y + a*x where y is not NULL. `dot`, where z is not NULL: the sum of out*z. */
FASTOPT_API fastopt_status fastopt_combine(fastopt_type type, size_t count, void* out, double a,
                                           const void* x, const void* y, const void* z, double* dot,
                                           int num_threads) FASTOPT_NOEXCEPT;

/* y = g - before, s = t*d, before = g. `dots`: two numbers, the sums of y*s and of y*y. */
FASTOPT_API fastopt_status fastopt_secant(fastopt_type type, size_t count, const void* g,
                                          void* before, double t, const void* d, void* y, void* s,
                                          double* dots, int num_threads) FASTOPT_NOEXCEPT;

/* `magnitudes`: two numbers, the largest, NaN if there is one, and the sum of all. */
FASTOPT_API fastopt_status fastopt_magnitudes(fastopt_type type, size_t count, const void* x,
                                              double* magnitudes, int num_threads) FASTOPT_NOEXCEPT;

/* ---- the library as it runs here --------------------------------------------------------------
 */

/* The library reads its environment variables and OpenMP's number of threads at the first call that
 * needs them; this has it done now. */
FASTOPT_API fastopt_status fastopt_initialize(void) FASTOPT_NOEXCEPT;

FASTOPT_API int fastopt_abi_version(void) FASTOPT_NOEXCEPT;
FASTOPT_API const char* fastopt_version(void) FASTOPT_NOEXCEPT;  /* "1.2.3" */
FASTOPT_API const char* fastopt_compiler(void) FASTOPT_NOEXCEPT; /* name and version */
FASTOPT_API int fastopt_openmp_version(void) FASTOPT_NOEXCEPT;   /* 201511 is 4.5; 0 is none */

/* The instruction sets that were compiled in, the widest last; NULL where there is none of that
 * number. */
FASTOPT_API const char* fastopt_isa(size_t index) FASTOPT_NOEXCEPT;
/* Whether this CPU can run it. */
FASTOPT_API int fastopt_isa_available(const char* name) FASTOPT_NOEXCEPT;
/* The one in use: PYFASTOPT_ISA, or the widest available. */
FASTOPT_API const char* fastopt_active_isa(void) FASTOPT_NOEXCEPT;
/* Chooses for the whole process, from the next step on. The bits of results do not depend on it. */
FASTOPT_API fastopt_status fastopt_use_isa(const char* name) FASTOPT_NOEXCEPT;

/* Whether sweeps prefetch: PYFASTOPT_PREFETCH (0 or 1), else where this CPU is known to gain by it.
 * The bits of results do not depend on it. */
FASTOPT_API int fastopt_prefetches(void) FASTOPT_NOEXCEPT;

/* What limits the number of threads of a step that may choose it; 0 where there is no limit.
 * The environment and the quota are as fastopt_initialize found them. */
typedef struct fastopt_thread_limits {
    int environment;  /* PYFASTOPT_NUM_THREADS */
    int openmp;       /* OpenMP's number, such as OMP_NUM_THREADS; with PYFASTOPT_NUM_THREADS, only
                       * if it is less than it was */
    int openmp_limit; /* OMP_THREAD_LIMIT; an exact number keeps to it, too */
    int cpus;         /* that the process may run on */
    int quota;        /* of CPU time of its control group, in CPUs, rounded up (Linux) */
    int forked; /* 1 in a forked child, where steps are serial: OpenMP's threads are missing */
} fastopt_thread_limits;

FASTOPT_API fastopt_status fastopt_get_thread_limits(fastopt_thread_limits* limits)
    FASTOPT_NOEXCEPT;

/* The most threads that a step with this num_threads may use: the least of its limits, for a number
 * above FASTOPT_MAX_THREADS as well. */
FASTOPT_API int fastopt_num_threads(int num_threads) FASTOPT_NOEXCEPT;
/* How many forks are between this process and the one that initialised the library. */
FASTOPT_API int fastopt_fork_count(void) FASTOPT_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#include "fastopt_rules.h"

#endif
