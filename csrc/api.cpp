// The C API (include/fastopt.h) over the C++ of the library.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "failure.h"
#include "isa.h"
#include "one_shot.h"
#include "option_struct.h"
#include "plan.h"
#include "threads.h"
#include "work.h"

// The opaque type of the header.
struct fastopt_plan : fastopt::Plan {};

namespace fastopt {
namespace {

constexpr auto max_bytes = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());

// Of a fixed size, so that nothing is left to be freed when a thread ends.
thread_local char error_message[1024];

fastopt_status report(fastopt_status status, const char* message) {
    std::snprintf(error_message, sizeof error_message, "%s", message);
    return status;
}

// Runs the body of an API function, and turns what it throws into a status.
template <class Body>
fastopt_status guard(Body&& body) noexcept {
    try {
        body();
        return FASTOPT_OK;
    } catch (const Failure& failure) {
        return report(failure.status(), failure.what());
    } catch (const std::exception&) {
        return report(FASTOPT_OUT_OF_MEMORY, "out of memory");
    }
}

[[noreturn]] void refuse(const std::string& message) {
    throw Failure(FASTOPT_INVALID_ARGUMENT, message);
}

template <class T>
T& given(T* pointer, const char* name) {
    if (pointer == nullptr) refuse(std::string(name) + " = NULL; pass an address");
    return *pointer;
}

int checked_threads(int num_threads) {
    if (num_threads < 0 || num_threads > FASTOPT_MAX_THREADS)
        refuse("num_threads = " + std::to_string(num_threads) + " must be an integer from 1 to " +
               std::to_string(FASTOPT_MAX_THREADS) + ", or 0 for the default");
    return thread_count(num_threads);
}

void check_ndim(const fastopt_array& array, const char* name) {
    if (array.ndim < 0 || array.ndim > max_dims)
        refuse(std::string(name) + ": ndim = " + std::to_string(array.ndim) +
               " must be from 0 to " + std::to_string(max_dims));
}

void check_type(fastopt_type type, const std::string& name) {
    if (type != FASTOPT_F32 && type != FASTOPT_F64)
        refuse(name + " = " + std::to_string(type) + " must be FASTOPT_F32 or FASTOPT_F64");
}

void check_count(std::size_t count, fastopt_type type) {
    if (count > max_bytes / size_of(type))
        refuse("count = " + std::to_string(count) + " elements are more than memory can have");
}

void check_aligned(const void* data, std::size_t item, const std::string& name) {
    if (reinterpret_cast<std::uintptr_t>(data) % item != 0)
        refuse(name + ": its address is not a multiple of its element size " +
               std::to_string(item) + "; pass an aligned copy");
}

void check_array(const fastopt_array& array, const char* name) {
    const auto fail = [&](const std::string& message) { refuse(name + (": " + message)); };
    check_type(array.type, std::string(name) + ": type");
    check_ndim(array, name);
    if (array.ndim > 0 && array.shape == nullptr) fail("shape = NULL; pass its lengths");
    std::size_t room = max_bytes / size_of(array.type);
    bool is_empty = false;
    for (int i = 0; i < array.ndim; ++i) {
        const std::string member =
            "shape[" + std::to_string(i) + "] = " + std::to_string(array.shape[i]);
        if (array.shape[i] < 0) fail(member + " must not be negative");
        is_empty |= array.shape[i] == 0;
        if (is_empty) continue;
        room /= static_cast<std::size_t>(array.shape[i]);
        if (room == 0)
            fail(member + " makes the array larger than memory can be; pass its real shape");
    }
}

unsigned checked_flags(unsigned flags) {
    if ((flags & ~FASTOPT_APART) != 0)
        refuse("flags = " + std::to_string(flags) + " must be 0 or FASTOPT_APART");
    return flags;
}

// Reads the environment once. Throws each time if that failed.
void initialize() {
    static const std::string problem = [] {
        std::string about;
        try {
            init_threads();
            about = "PYFASTOPT_ISA: ";
            const char* isa = std::getenv("PYFASTOPT_ISA");
            if (isa != nullptr && *isa != '\0') use_isa(isa);
            about = "PYFASTOPT_PREFETCH: ";
            const char* prefetch = std::getenv("PYFASTOPT_PREFETCH");
            if (prefetch != nullptr && *prefetch != '\0') use_prefetch(prefetch);
            return std::string();
        } catch (const Failure& failure) {
            return about + failure.what();
        }
    }();
    if (!problem.empty()) throw Failure(FASTOPT_INVALID_ENVIRONMENT, problem);
}

template <class Values>
auto at_or_null(const Values& values, std::size_t index) {
    return index < values.size() ? &values[index] : nullptr;
}

// ---- one-shots ----------------------------------------------------------------------------------

// What a one-shot function has as its i-th array.
const char* operand_name(const fastopt_rule_info& rule, std::size_t i) {
    return i == 0 ? "p" : i == 1 ? "g" : rule.all_slots.slots[i - 2];
}

bool has_slot(const fastopt_kernel_info& kernel, const char* name) {
    return std::any_of(kernel.slots, kernel.slots + kernel.slot_count,
                       [&](const char* slot) { return std::strcmp(slot, name) == 0; });
}

// Hands the task the operands that the kernel takes, out of all that the rule's variants take.
void take_operands(Task& task, const fastopt_rule_info& rule, const fastopt_kernel_info& kernel,
                   std::initializer_list<const void*> operands) {
    const std::size_t bytes = task.count * task.item;
    const char* names[max_operands];
    for (std::size_t i = 0; i < operands.size(); ++i) {
        const std::string name = operand_name(rule, i);
        auto* data = static_cast<char*>(const_cast<void*>(operands.begin()[i]));
        const bool wanted = i < 2 || has_slot(kernel, name.c_str());
        if (wanted && data == nullptr) refuse(name + " = NULL; pass an array");
        if (!wanted && data != nullptr)
            refuse(name +
                   " is given, but with these options there is no such state; pass NULL, or change "
                   "the options");
        if (!wanted) continue;
        check_aligned(data, task.item, name);
        for (std::size_t k = 0; k < task.operands; ++k)
            if (data < task.at[k] + bytes && task.at[k] < data + bytes)
                throw Failure(FASTOPT_OVERLAP, name + ": shares memory with " + names[k] +
                                                   "; pass a copy of one of them");
        names[task.operands] = operand_name(rule, i);
        task.at[task.operands++] = data;
    }
}

// ---- vectors ------------------------------------------------------------------------------------

// The arrays of a vector function, checked, and how their blocks are gone over.
class Vectors {
  public:
    using Named = std::initializer_list<std::pair<const void*, const char*>>;

    Vectors(fastopt_type type, std::size_t count, Named needed, Named optional, int num_threads)
        : type_(type), count_(count) {
        initialize();
        check_type(type, "type");
        check_count(count, type);
        for (const auto& [data, name] : needed)
            if (data == nullptr && count > 0) refuse(std::string(name) + " = NULL; pass an array");
        for (const Named& arrays : {needed, optional})
            for (const auto& [data, name] : arrays) {
                check_aligned(data, size_of(type), name);
                arrays_ += data == nullptr ? 0 : 1;
            }
        threads_ = checked_threads(num_threads);
    }

    template <class T>
    T* at(T* data, std::size_t element) const {
        using Bytes = std::conditional_t<std::is_const_v<T>, const char*, char*>;
        return data == nullptr ? nullptr : static_cast<Bytes>(data) + element * size_of(type_);
    }

    // visit(kernels, first, count, sums) for pieces that a kernel takes; returns the two sums, the
    // first of them joined in another way if so asked.
    template <class Visit, class Join = std::plus<double>>
    std::pair<double, double> sums(const Visit& visit, const Join& join = {}) const {
        const VectorKernels& kernels = active_isa().vectors(type_);
        std::vector<std::array<double, 2>> blocks(block_count(count_));
        for_each_block(count_, arrays_ * count_ * size_of(type_), threads_,
                       [&](std::size_t block, std::size_t first, std::size_t count) {
                           for (std::size_t i = 0; i < count; i += measured_elements)
                               visit(kernels, first + i, std::min(measured_elements, count - i),
                                     blocks[block].data());
                       });
        std::pair<double, double> found;
        for (const auto& block : blocks)
            found = {join(found.first, block[0]), found.second + block[1]};
        return found;
    }

  private:
    fastopt_type type_;
    std::size_t count_;
    std::size_t arrays_ = 0;
    int threads_ = 1;
};

}  // namespace

fastopt_status one_shot(const char* rule, fastopt_type type, const fastopt_options* options,
                        std::int64_t step, std::size_t count,
                        std::initializer_list<const void*> operands, int num_threads) noexcept {
    return guard([&] {
        initialize();
        RuleOptions values = *find_rule(rule);
        if (options != nullptr) values = read_struct(*options);
        if (std::strcmp(values.rule(), rule) != 0)
            refuse(std::string("options.rule = '") + values.rule() + "', but the function is of '" +
                   rule + "'");
        if (step < 1 || step > FASTOPT_MAX_STEPS)
            refuse("step = " + std::to_string(step) + " must be an integer from 1 to " +
                   std::to_string(FASTOPT_MAX_STEPS));
        const int threads = checked_threads(num_threads);
        if (count == 0) return;
        check_count(count, type);
        Task task{};
        task.kernel = &active_isa().at(type, values.kernel());
        task.count = task.end = count;
        task.item = size_of(type);
        take_operands(task, rule_info(rule), kernel_info(values.kernel()), operands);
        Prepared prepared;
        values.prepare(type, step, prepared);
        task.rule = prepared.bytes;
        const bool measured = task.kernel->measure != nullptr;
        std::vector<double> sums(measured ? 2 * block_count(count) : 0);
        task.sums = sums.data();
        run(&task, 1, count * task.item * task.operands, measured, threads);
    });
}

}  // namespace fastopt

using namespace fastopt;

const char* fastopt_error_message() noexcept {
    return error_message;
}

// ---- options ------------------------------------------------------------------------------------

fastopt_status fastopt_options_init(const char* rule, fastopt_options* options,
                                    size_t size) noexcept {
    if (options != nullptr) *options = {0, nullptr};
    return guard([&] {
        const fastopt_options header{size, rule_info(rule).name};
        check_struct(header);
        given(options, "options") = header;
        write_struct(*find_rule(rule), *options);
    });
}

fastopt_status fastopt_options_check(const fastopt_options* options) noexcept {
    return guard([&] { read_struct(given(options, "options")); });
}

fastopt_status fastopt_options_check_change(const fastopt_options* present,
                                            const fastopt_options* changed) noexcept {
    return guard([&] {
        check_change(read_struct(given(present, "present")),
                     read_struct(given(changed, "changed")));
    });
}

fastopt_status fastopt_options_kernel(const fastopt_options* options,
                                      const fastopt_kernel_info** kernel,
                                      double* initial_state) noexcept {
    return guard([&] {
        const RuleOptions values = read_struct(given(options, "options"));
        const fastopt_kernel_info& found = kernel_info(values.kernel());
        if (kernel != nullptr) *kernel = &found;
        for (size_t i = 0; initial_state != nullptr && i < found.slot_count; ++i)
            initial_state[i] = values.initial_state(static_cast<int>(i));
    });
}

const fastopt_rule_info* fastopt_rule(size_t index) noexcept {
    return at_or_null(rule_infos(), index);
}

const fastopt_rule_info* fastopt_find_rule(const char* name) noexcept {
    return find_rule_info(name);
}

const fastopt_kernel_info* fastopt_kernel(size_t index) noexcept {
    return at_or_null(kernel_infos(), index);
}

// ---- plans --------------------------------------------------------------------------------------

fastopt_status fastopt_plan_create(fastopt_plan** plan) noexcept {
    return guard([&] {
        given(plan, "plan") = nullptr;
        initialize();
        *plan = new fastopt_plan();
    });
}

void fastopt_plan_destroy(fastopt_plan* plan) noexcept {
    delete plan;
}

fastopt_status fastopt_plan_add_group(fastopt_plan* plan, const fastopt_options* options,
                                      size_t* group) noexcept {
    return guard([&] {
        given(plan, "plan").check_idle();
        const size_t added = plan->add_group(read_struct(given(options, "options")));
        if (group != nullptr) *group = added;
    });
}

fastopt_status fastopt_plan_add_row(fastopt_plan* plan, size_t group,
                                    const fastopt_array* parameter, const fastopt_array* slots,
                                    unsigned flags, size_t* row) noexcept {
    return guard([&] {
        given(plan, "plan").check_idle();
        check_array(given(parameter, "parameter"), "parameter");
        const fastopt_kernel_info& kernel = kernel_info(plan->options(group).kernel());
        for (size_t i = 0; slots != nullptr && i < kernel.slot_count; ++i)
            check_array(slots[i], kernel.slots[i]);
        const size_t added =
            plan->add_row(group, *parameter, slots, checked_flags(flags) == FASTOPT_APART);
        if (row != nullptr) *row = added;
    });
}

fastopt_status fastopt_plan_set_gradient(fastopt_plan* plan, size_t row,
                                         const fastopt_array* gradient, unsigned flags) noexcept {
    return guard([&] {
        given(plan, "plan").check_idle();
        if (gradient != nullptr) {
            check_ndim(*gradient, "gradient");
            if (gradient->ndim > 0) given(gradient->shape, "gradient.shape");
        }
        plan->set_gradient(row, gradient, checked_flags(flags) == FASTOPT_APART);
    });
}

fastopt_status fastopt_plan_step(fastopt_plan* plan, int num_threads) noexcept {
    return guard([&] { given(plan, "plan").step(checked_threads(num_threads)); });
}

fastopt_status fastopt_plan_get_options(const fastopt_plan* plan, size_t group,
                                        fastopt_options* options) noexcept {
    return guard(
        [&] { write_struct(given(plan, "plan").options(group), given(options, "options")); });
}

fastopt_status fastopt_plan_set_options(fastopt_plan* plan, size_t group,
                                        const fastopt_options* options) noexcept {
    return guard([&] {
        given(plan, "plan").check_idle();
        plan->set_options(group, read_struct(given(options, "options")));
    });
}

fastopt_status fastopt_plan_get_steps(const fastopt_plan* plan, size_t row,
                                      int64_t* steps) noexcept {
    return guard([&] { given(steps, "steps") = given(plan, "plan").steps(row); });
}

fastopt_status fastopt_plan_set_steps(fastopt_plan* plan, size_t row, int64_t steps) noexcept {
    return guard([&] {
        given(plan, "plan").check_idle();
        plan->set_steps(row, steps);
    });
}

fastopt_status fastopt_plan_get_slot(const fastopt_plan* plan, size_t row, size_t slot,
                                     fastopt_array* array) noexcept {
    return guard([&] { given(array, "array") = given(plan, "plan").slot(row, slot); });
}

// ---- vectors ------------------------------------------------------------------------------------

fastopt_status fastopt_combine(fastopt_type type, size_t count, void* out, double a, const void* x,
                               const void* y, const void* z, double* dot,
                               int num_threads) noexcept {
    return guard([&] {
        const Vectors vectors(type, count, {{out, "out"}, {x, "x"}}, {{y, "y"}, {z, "z"}},
                              num_threads);
        if (z != nullptr) given(dot, "dot");
        const auto sums = vectors.sums(
            [&](const VectorKernels& kernels, std::size_t i, std::size_t n, double* sums) {
                kernels.combine(n, vectors.at(out, i), a, vectors.at(x, i), vectors.at(y, i),
                                vectors.at(z, i), sums);
            });
        if (z != nullptr) *dot = sums.first;
    });
}

fastopt_status fastopt_secant(fastopt_type type, size_t count, const void* g, void* before,
                              double t, const void* d, void* y, void* s, double* dots,
                              int num_threads) noexcept {
    return guard([&] {
        const Vectors vectors(type, count,
                              {{g, "g"}, {before, "before"}, {d, "d"}, {y, "y"}, {s, "s"}}, {},
                              num_threads);
        given(dots, "dots");
        const auto sums = vectors.sums(
            [&](const VectorKernels& kernels, std::size_t i, std::size_t n, double* sums) {
                kernels.secant(n, vectors.at(g, i), vectors.at(before, i), t, vectors.at(d, i),
                               vectors.at(y, i), vectors.at(s, i), sums);
            });
        dots[0] = sums.first;
        dots[1] = sums.second;
    });
}

fastopt_status fastopt_magnitudes(fastopt_type type, size_t count, const void* x,
                                  double* magnitudes, int num_threads) noexcept {
    return guard([&] {
        const Vectors vectors(type, count, {{x, "x"}}, {}, num_threads);
        given(magnitudes, "magnitudes");
        const auto larger = [](double a, double b) { return a > b || a != a ? a : b; };
        const auto sums =
            vectors.sums([&](const VectorKernels& kernels, std::size_t i, std::size_t n,
                             double* sums) { kernels.magnitudes(n, vectors.at(x, i), sums); },
                         larger);
        magnitudes[0] = sums.first;
        magnitudes[1] = sums.second;
    });
}

// ---- the library as it runs here ----------------------------------------------------------------

fastopt_status fastopt_initialize() noexcept {
    return guard([] { initialize(); });
}

int fastopt_abi_version() noexcept {
    return FASTOPT_ABI_VERSION;
}

const char* fastopt_version() noexcept {
    return FASTOPT_VERSION;
}

const char* fastopt_compiler() noexcept {
    return FASTOPT_COMPILER;
}

int fastopt_openmp_version() noexcept {
    return openmp_version();
}

const char* fastopt_isa(size_t index) noexcept {
    return index < isas().size() ? isas()[index].table->isa : nullptr;
}

int fastopt_isa_available(const char* name) noexcept {
    return std::any_of(isas().begin(), isas().end(), [&](const Isa& isa) {
        return isa.available && name != nullptr && std::strcmp(isa.table->isa, name) == 0;
    });
}

const char* fastopt_active_isa() noexcept {
    static_cast<void>(fastopt_initialize());
    return active_isa().isa;
}

fastopt_status fastopt_use_isa(const char* name) noexcept {
    return guard([&] {
        initialize();
        use_isa(&given(name, "name"));
    });
}

int fastopt_prefetches() noexcept {
    static_cast<void>(fastopt_initialize());
    return prefetches() ? 1 : 0;
}

int fastopt_num_threads(int requested) noexcept {
    static_cast<void>(fastopt_initialize());
    return thread_count(std::clamp(requested, 0, FASTOPT_MAX_THREADS));
}

int fastopt_fork_count() noexcept {
    return fork_count();
}
