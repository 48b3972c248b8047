// Plans: see fastopt.h.
#include "../plan/plan.h"

#include <memory>

#include "../base/checks.h"
#include "../options/structs.h"
#include "../runtime/environment.h"
#include "guard.h"

using namespace fastopt::core;

// The opaque type of the header.
struct fastopt_plan : Plan {};

fastopt_status fastopt_plan_create(fastopt_plan** plan) noexcept {
    return guard([&] {
        given(plan, "plan") = nullptr;
        initialize();
        *plan = std::make_unique<fastopt_plan>().release();
    });
}

void fastopt_plan_destroy(fastopt_plan* plan) noexcept {
    delete plan;
}

fastopt_status fastopt_plan_add_group(fastopt_plan* plan, const fastopt_options* options,
                                      size_t* group) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        const size_t added = plan->add_group(read_struct(given(options, "options")));
        if (group != nullptr) *group = added;
    });
}

fastopt_status fastopt_plan_add_row(fastopt_plan* plan, size_t group,
                                    const fastopt_array* parameter, const fastopt_array* slots,
                                    unsigned flags, size_t* row) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        check_array(given(parameter, "parameter"), "parameter");
        const fastopt_variant_info& variant = variant_info(plan->options(group).variant());
        for (size_t i = 0; slots != nullptr && i < variant.slot_count; ++i)
            check_array(slots[i], variant.slots[i]);
        const size_t added =
            plan->add_row(group, *parameter, slots, checked_flags(flags) == FASTOPT_DISJOINT);
        if (row != nullptr) *row = added;
    });
}

fastopt_status fastopt_plan_set_gradient(fastopt_plan* plan, size_t row,
                                         const fastopt_array* gradient, unsigned flags) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        if (gradient != nullptr) {
            check_ndim(*gradient, "gradient");
            if (gradient->ndim > 0) given(gradient->shape, "gradient.shape");
        }
        plan->set_gradient(row, gradient, checked_flags(flags) == FASTOPT_DISJOINT);
    });
}

fastopt_status fastopt_plan_set_sparse_gradient(fastopt_plan* plan, size_t row,
                                                const int64_t* indices, size_t count,
                                                const fastopt_array* values,
                                                unsigned flags) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        if (count > 0) given(indices, "indices");
        check_array(given(values, "values"), "values");
        plan->set_sparse_gradient(row, indices, count, *values,
                                  checked_flags(flags) == FASTOPT_DISJOINT);
    });
}

fastopt_status fastopt_plan_step(fastopt_plan* plan, int num_threads) noexcept {
    return guard([&] { given(plan, "plan").step(checked_threads(num_threads)); });
}

fastopt_status fastopt_plan_get_threading(const fastopt_plan* plan,
                                          fastopt_threading* threading) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        given(threading, "threading") = plan->threading();
    });
}

fastopt_status fastopt_plan_learn(fastopt_plan* plan, const fastopt_plan* other) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        given(other, "other").check_not_stepping();
        plan->learn(*other);
    });
}

fastopt_status fastopt_plan_get_options(const fastopt_plan* plan, size_t group,
                                        fastopt_options* options) noexcept {
    return guard(
        [&] { write_struct(given(plan, "plan").options(group), given(options, "options")); });
}

fastopt_status fastopt_plan_set_options(fastopt_plan* plan, size_t group,
                                        const fastopt_options* options) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        plan->set_options(group, read_struct(given(options, "options")));
    });
}

fastopt_status fastopt_plan_get_steps(const fastopt_plan* plan, size_t row,
                                      int64_t* steps) noexcept {
    return guard([&] { given(steps, "steps") = given(plan, "plan").steps(row); });
}

fastopt_status fastopt_plan_set_steps(fastopt_plan* plan, size_t row, int64_t steps) noexcept {
    return guard([&] {
        given(plan, "plan").check_not_stepping();
        plan->set_steps(row, steps);
    });
}

fastopt_status fastopt_plan_get_slot(const fastopt_plan* plan, size_t row, size_t slot,
                                     fastopt_array* array) noexcept {
    return guard([&] { given(array, "array") = given(plan, "plan").slot(row, slot); });
}
