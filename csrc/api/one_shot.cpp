// One step: see fastopt.h.
#include "one_shot.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "../base/checks.h"
#include "../options/structs.h"
#include "../plan/apply.h"
#include "../runtime/environment.h"
#include "guard.h"

namespace fastopt::core {
namespace {

bool has_slot(const fastopt_variant_info& variant, const char* name) {
    return std::any_of(variant.slots, variant.slots + variant.slot_count,
                       [&](const char* slot) { return std::strcmp(slot, name) == 0; });
}

}  // namespace

fastopt_status one_shot(const char* rule, fastopt_type type, const fastopt_options* options,
                        std::int64_t step, std::size_t count,
                        std::initializer_list<const void*> addresses, int num_threads) noexcept {
    return guard([&] {
        initialize();
        RuleOptions values(rule_of(rule));
        if (options != nullptr) values = read_struct(*options);
        if (std::strcmp(values.rule(), rule) != 0)
            refuse(std::string("options.rule = '") + values.rule() + "', but the function is of '" +
                   rule + "'");
        check_count(count, type);
        const auto length = static_cast<std::ptrdiff_t>(count);
        const fastopt_variant_info& variant = variant_info(values.variant());
        fastopt_array operands[max_operands];
        std::size_t taken = 0;
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            const void* data = addresses.begin()[i];
            const char* name = operand_name(values.type().info.all_slots, i);
            const bool wanted = i < 2 || has_slot(variant, name);
            if (wanted && data == nullptr && count > 0)
                refuse(std::string(name) + " = NULL; pass an array");
            if (!wanted && data != nullptr)
                refuse(std::string(name) +
                       " is given, but with these options there is no such state; pass NULL, or "
                       "change the options");
            if (wanted) operands[taken++] = {const_cast<void*>(data), type, 1, &length, nullptr};
        }
        apply(values, step, operands, false, checked_threads(num_threads));
    });
}

}  // namespace fastopt::core

using namespace fastopt::core;

fastopt_status fastopt_apply(const fastopt_options* options, int64_t step, const fastopt_array* p,
                             const fastopt_array* g, const fastopt_array* slots, unsigned flags,
                             int num_threads) noexcept {
    return guard([&] {
        initialize();
        const RuleOptions values = read_struct(given(options, "options"));
        const fastopt_variant_info& variant = variant_info(values.variant());
        if (variant.slot_count > 0) given(slots, "slots");
        fastopt_array operands[max_operands] = {given(p, "p"), given(g, "g")};
        std::copy_n(slots, variant.slot_count, operands + 2);
        for (std::size_t k = 0; k < 2 + variant.slot_count; ++k)
            check_array(operands[k], operand_name(variant, k));
        apply(values, step, operands, checked_flags(flags) == FASTOPT_DISJOINT,
              checked_threads(num_threads));
    });
}
