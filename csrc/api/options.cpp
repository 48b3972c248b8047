// Options: see fastopt.h.
#include <cstddef>

#include "../options/structs.h"
#include "../plan/plan.h"
#include "guard.h"

using namespace fastopt::core;

fastopt_status fastopt_options_init(const char* rule, fastopt_options* options,
                                    size_t size) noexcept {
    if (options != nullptr && size >= sizeof *options) *options = {0, nullptr};
    return guard([&] {
        const RuleType& type = rule_of(rule);
        const fastopt_options head{size, type.info.name};
        check_struct(head);
        given(options, "options") = head;
        write_struct(RuleOptions(type), *options);
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

fastopt_status fastopt_options_check_slot(const fastopt_options* present,
                                          const fastopt_options* changed,
                                          const char* slot) noexcept {
    return guard([&] {
        check_slot(read_struct(given(present, "present")), read_struct(given(changed, "changed")),
                   &given(slot, "slot"));
    });
}

fastopt_status fastopt_options_variant(const fastopt_options* options,
                                       const fastopt_variant_info** variant,
                                       double* initial_state) noexcept {
    return guard([&] {
        const RuleOptions values = read_struct(given(options, "options"));
        const fastopt_variant_info& found = variant_info(values.variant());
        if (variant != nullptr) *variant = &found;
        for (size_t i = 0; initial_state != nullptr && i < found.slot_count; ++i)
            initial_state[i] = values.initial_state(static_cast<int>(i));
    });
}

const fastopt_rule_info* fastopt_rule(size_t index) noexcept {
    return index < rules().size() ? &rules()[index].info : nullptr;
}

const fastopt_rule_info* fastopt_find_rule(const char* name) noexcept {
    const RuleType* found = name == nullptr ? nullptr : find_rule(name);
    return found == nullptr ? nullptr : &found->info;
}

const fastopt_variant_info* fastopt_variant(size_t index) noexcept {
    return index < variants().size() ? &variants()[index].info : nullptr;
}
