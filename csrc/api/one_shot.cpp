#include "one_shot.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "../base/array.h"
#include "../base/checks.h"
#include "../options/structs.h"
#include "../plan/tasks.h"
#include "../runtime/environment.h"
#include "../runtime/isa.h"
#include "guard.h"

namespace fastopt::core {
namespace {

// What a one-shot function has as its i-th array.
const char* operand_name(const fastopt_rule_info& rule, std::size_t i) {
    return i == 0 ? "p" : i == 1 ? "g" : rule.all_slots.slots[i - 2];
}

bool has_slot(const fastopt_variant_info& variant, const char* name) {
    return std::any_of(variant.slots, variant.slots + variant.slot_count,
                       [&](const char* slot) { return std::strcmp(slot, name) == 0; });
}

// Hands the task the operands that the variant takes, out of all that the rule's variants take.
void take_operands(Task& task, const fastopt_rule_info& rule, const fastopt_variant_info& variant,
                   std::initializer_list<const void*> operands) {
    const std::size_t bytes = task.count * task.item;
    const char* names[max_operands];
    for (std::size_t i = 0; i < operands.size(); ++i) {
        const char* name = operand_name(rule, i);
        auto* data = static_cast<char*>(const_cast<void*>(operands.begin()[i]));
        const bool wanted = i < 2 || has_slot(variant, name);
        if (wanted && data == nullptr) refuse(std::string(name) + " = NULL; pass an array");
        if (!wanted && data != nullptr)
            refuse(std::string(name) +
                   " is given, but with these options there is no such state; pass NULL, or change "
                   "the options");
        if (!wanted) continue;
        check_aligned(data, task.item, name);
        for (std::size_t k = 0; k < task.operands; ++k)
            if (data < task.at[k] + bytes && task.at[k] < data + bytes)
                refuse(std::string(name) + ": shares memory with " + names[k] +
                           "; pass a copy of one of them",
                       FASTOPT_OVERLAP);
        names[task.operands] = name;
        task.at[task.operands++] = data;
    }
}

}  // namespace

fastopt_status one_shot(const char* rule, fastopt_type type, const fastopt_options* options,
                        std::int64_t step, std::size_t count,
                        std::initializer_list<const void*> operands, int num_threads) noexcept {
    return guard([&] {
        initialize();
        RuleOptions values(rule_of(rule));
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
        task.kernel = &active_isa().at(type, values.variant());
        task.count = task.end = count;
        task.item = size_of(type);
        take_operands(task, values.type().info, variant_info(values.variant()), operands);
        CoefficientBlock coefficients;
        values.compute_coefficients(type, Step{step}, coefficients);
        task.coefficients = coefficients.bytes;
        if (task.kernel->measure != nullptr) task.blocks_end = block_count(count);
        run_tasks(&task, 1, threads_for(count * task.item * task.operands, threads), nullptr);
    });
}

}  // namespace fastopt::core
