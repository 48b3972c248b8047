#include "one_step.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <vector>

#include "gil.h"
#include "memory.h"
#include "option_dict.h"
#include "shared_memory.h"

namespace fastopt::python {
namespace {

// ValueError unless the caller gives the slots that the rule needs with these options.
void check_slots(const py::dict& slots, const std::vector<std::string>& needed) {
    for (const auto& [key, array] : slots) {
        const std::string name = py::str(key);
        const bool wanted = std::find(needed.begin(), needed.end(), name) != needed.end();
        if (wanted == array.is_none())
            throw py::value_error(
                name + (wanted ? " = None" : " is given") +
                ", but with these options the rule needs " +
                (needed.empty() ? "no state" : "the state " + short_repr(py::cast(needed))) +
                (wanted ? "; pass the array" : "; leave it out, or change the options"));
    }
}

}  // namespace

void apply(const std::string& rule, py::handle p, py::handle g, const py::dict& slots,
           py::handle step, const py::dict& options, py::handle threads) {
    const OptionStruct chosen(rule, options);
    const std::int64_t t = integer("step", step, 1, FASTOPT_MAX_STEPS);
    const int requested = thread_number(threads);
    const fastopt_variant_info& variant = chosen.variant();
    std::vector<std::string> names(variant.slots, variant.slots + variant.slot_count);
    check_slots(slots, names);
    names.insert(names.begin(), {"p", "g"});

    // Sharing an array may run anybody's code: first all of them, then every look.
    std::vector<Memory> memories;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto label = [&] { return names[i]; };
        memories.push_back(Memory::share(i == 0 ? p : i == 1 ? g : slots[names[i].c_str()], label));
    }
    View views[2 + FASTOPT_MAX_SLOTS];
    std::vector<fastopt_array> arrays;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto label = [&] { return names[i]; };
        memories[i].look(views[i], label);
        if (i != 1) memories[i].check_writable(label);
        arrays.push_back(views[i].array);
    }
    const auto step_arrays = [&](unsigned flags) {
        fastopt_status status = FASTOPT_OK;
        without_gil([&] {
            status = fastopt_apply(chosen.get(), t, &arrays[0], &arrays[1], arrays.data() + 2,
                                   flags, requested);
        });
        return status;
    };
    fastopt_status status = step_arrays(0);
    if (status == FASTOPT_OVERLAP) {
        const auto any = [](std::size_t, std::size_t) { return true; };
        if (const auto shared = find_shared(arrays, any))
            refuse_shared(names[shared->second], names[shared->first]);
        status = step_arrays(FASTOPT_DISJOINT);
    }
    if (status == FASTOPT_OK) return;
    // Its names for them are the caller's.
    const std::string name = fastopt_error_argument();
    const auto wrong = std::find(names.begin(), names.end(), name);
    if (wrong == names.end()) check(status);
    refuse_array(name,
                 arrays[static_cast<std::size_t>(wrong - names.begin())].type != arrays[0].type);
}

}  // namespace fastopt::python
