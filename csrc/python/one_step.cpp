#include "one_step.h"

#include <cstring>
#include <vector>

#include "gil.h"
#include "memory.h"
#include "shared_memory.h"

namespace fastopt::python {
namespace {

[[noreturn]] void refuse_slot(const std::string& name, bool wanted,
                              const fastopt_variant_info& variant) {
    throw py::value_error(
        name + (wanted ? " = None" : " is given") + ", but with these options the rule needs " +
        (variant.slot_count == 0 ? "no state"
                                 : "the state " + short_repr(py::list(slot_names(variant)))) +
        (wanted ? "; pass the array" : "; leave it out, or change the options"));
}

}  // namespace

void OneStep::step(const Arguments& given) const {
    const fastopt_variant_info& all = defaults_.rule().all_slots;
    const auto last = static_cast<Py_ssize_t>(2 + all.slot_count);
    given.expect(last + 3, "step");
    OptionStruct chosen = defaults_;
    chosen.write(given.as<py::dict>(last + 1));
    const fastopt_variant_info& variant = chosen.variant();
    const std::int64_t t = integer("step", given[last], 1, FASTOPT_MAX_STEPS);
    const int num_threads = thread_number(given[last + 2]);

    struct Operand {
        const char* name;
        py::handle object;
        Memory memory;
    } operands[2 + FASTOPT_MAX_SLOTS] = {{"p", given[0], {}}, {"g", given[1], {}}};
    std::size_t count = 2;
    // A variant's slots are in the order of the rule's.
    for (std::size_t i = 0; i < all.slot_count; ++i) {
        const py::handle object = given[static_cast<Py_ssize_t>(2 + i)];
        const std::size_t next = count - 2;
        const bool wanted =
            next < variant.slot_count && std::strcmp(all.slots[i], variant.slots[next]) == 0;
        if (wanted == object.is_none()) refuse_slot(all.slots[i], wanted, variant);
        if (wanted) operands[count++] = {all.slots[i], object, {}};
    }

    // Sharing an array may run anybody's code: first all of them, then every look.
    for (std::size_t i = 0; i < count; ++i) {
        Operand& operand = operands[i];
        operand.memory = Memory::share(operand.object, [&] { return operand.name; });
    }
    View views[2 + FASTOPT_MAX_SLOTS];
    fastopt_array arrays[2 + FASTOPT_MAX_SLOTS];
    for (std::size_t i = 0; i < count; ++i) {
        const auto label = [&] { return operands[i].name; };
        operands[i].memory.look(views[i], label);
        check_kind(views[i], views[0].is_complex, label);
        if (i != 1) operands[i].memory.check_writable(label);
        arrays[i] = views[i].array;
    }
    const auto apply = [&](unsigned flags) {
        fastopt_status status = FASTOPT_OK;
        without_gil_if_long(bytes_of(arrays[0]), [&] {
            status = fastopt_apply(chosen.get(), t, &arrays[0], &arrays[1], arrays + 2, flags,
                                   num_threads);
        });
        return status;
    };
    fastopt_status status = apply(0);
    if (status == FASTOPT_OVERLAP) {
        const auto any = [](std::size_t, std::size_t) { return true; };
        if (const auto shared = find_shared({arrays, arrays + count}, any))
            refuse_shared(operands[shared->second].name, operands[shared->first].name);
        status = apply(FASTOPT_DISJOINT);
    }
    if (status == FASTOPT_OK) return;
    // Its names for them are the caller's.
    for (std::size_t i = 0; i < count; ++i)
        if (std::strcmp(operands[i].name, fastopt_error_argument()) == 0)
            refuse_array(operands[i].name, arrays[i].type != arrays[0].type);
    check(status);
}

}  // namespace fastopt::python
