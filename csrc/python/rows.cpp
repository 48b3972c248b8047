#include "rows.h"

#include <cstring>
#include <utility>

#include "gil.h"

namespace fastopt::python {
namespace {

// Several elements in C order, without gaps.
bool is_run(const fastopt_array& array) {
    const auto item = static_cast<std::ptrdiff_t>(size_of(array.type));
    std::ptrdiff_t stride = item;
    for (int i = array.ndim; i-- > 0; stride *= array.shape[i])
        if (array.strides[i] != stride) return false;
    return stride > item;
}

}  // namespace

void Rows::check_group(std::size_t group) const {
    if (group >= group_count())
        throw py::value_error("group = " + std::to_string(group) + " must be below " +
                              std::to_string(group_count()) + ", the number of groups");
}

OptionStruct Rows::options(std::size_t group) const {
    OptionStruct options = defaults_;
    check(fastopt_plan_get_options(plan_.get(), group, options.get()));
    return options;
}

Rows::Held Rows::hold(Memory memory, const Label& label) {
    View view;
    memory.look(view, label);
    const fastopt_array& seen = view.array;
    const std::size_t layout = layouts_.size();
    layouts_.insert(layouts_.end(), seen.shape, seen.shape + seen.ndim);
    layouts_.insert(layouts_.end(), seen.strides, seen.strides + seen.ndim);
    memory.check_writable(label);
    if (fastopt_array_check(&seen, nullptr) != FASTOPT_OK) refuse_array(label.text(), false);
    return {std::move(memory), seen.data, seen.type, seen.ndim, layout};
}

fastopt_array Rows::array(const Held& held) const {
    const std::ptrdiff_t* shape = layouts_.data() + held.layout;
    return {held.data, held.type, held.ndim, shape, shape + held.ndim};
}

void Rows::check_like(const Memory& memory, const Held& parameter, const Label& label) const {
    View view;
    memory.look(view, label);
    const fastopt_array like = array(parameter);
    if (fastopt_array_check(&view.array, &like) != FASTOPT_OK)
        refuse_array(label.text(), view.array.type != like.type);
}

void Rows::check_overlap() const {
    std::vector<fastopt_array> arrays;
    std::vector<std::pair<std::size_t, std::size_t>> owners;  // row, and number within it
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        const auto add = [&](const Held& held, std::size_t number) {
            arrays.push_back(array(held));
            owners.emplace_back(row, number);
        };
        add(rows_[row].parameter, 0);
        for (std::size_t i = 0; i < rows_[row].slots.size(); ++i) add(rows_[row].slots[i], 1 + i);
    }
    const auto text = [&](std::size_t i) {
        const auto [row, number] = owners[i];
        return number == 0 ? name(row, Part::parameter, 0) : name(row, Part::slot, number - 1);
    };
    if (const auto shared = find_shared(arrays))
        refuse_shared(text(shared->second), text(shared->first));
}

void Rows::make_plan(const std::vector<OptionStruct>& groups,
                     const std::vector<std::int64_t>& steps) {
    Plan plan;
    std::size_t bytes = 0;
    std::vector<const fastopt_variant_info*> variants;
    for (const OptionStruct& options : groups) {
        plan.add_group(*options.get());
        variants.push_back(&options.variant());
    }
    for (std::size_t index = 0; index < rows_.size(); ++index) {
        const Row& row = rows_[index];
        const fastopt_array parameter = array(row.parameter);
        std::vector<fastopt_array> slots;
        for (const Held& slot : row.slots) slots.push_back(array(slot));
        const fastopt_status status = fastopt_plan_add_row(plan.get(), row.group, &parameter,
                                                           slots.data(), FASTOPT_DISJOINT, nullptr);
        if (status == FASTOPT_OUT_OF_MEMORY) check(status);
        if (status != FASTOPT_OK) refuse_row(index, *variants[row.group]);
        plan.set_steps(index, steps[index]);
        bytes += bytes_of(parameter);
    }
    gradients_ = std::vector<Memory>(rows_.size());
    plan_ = std::move(plan);
    variants_ = std::move(variants);
    bytes_ = bytes;
}

// With what the library has refused of a row.
void Rows::refuse_row(std::size_t index, const fastopt_variant_info& variant) const {
    const Row& row = rows_[index];
    for (std::size_t i = 0; i < variant.slot_count; ++i)
        if (std::strcmp(variant.slots[i], fastopt_error_argument()) == 0)
            refuse_array(name(index, Part::slot, i), row.slots[i].type != row.parameter.type);
    refuse_array(name(index, Part::parameter, 0), false);
}

void Rows::step_plan(int threads) {
    constexpr std::size_t small_work = 4096;
    if (bytes_ > small_work)
        call_without_gil(fastopt_plan_step, plan_.get(), threads);
    else
        plan_.step(threads);
}

bool Rows::set_gradient(std::size_t index) {
    const Memory& gradient = gradients_[index];
    if (!gradient) {
        plan_.clear_gradient(index);
        return false;
    }
    const auto label = [&] { return name(index, Part::gradient, 0); };
    View view;
    gradient.look(view, label);
    const auto set = [&](unsigned flags) {
        return fastopt_plan_set_gradient(plan_.get(), index, &view.array, flags);
    };
    fastopt_status status = set(0);
    if (status == FASTOPT_OVERLAP) {
        // It lies between the first and the last byte of what is updated.
        check_apart(index, view.array);
        status = set(FASTOPT_DISJOINT);
    }
    if (status == FASTOPT_OUT_OF_MEMORY) check(status);
    if (status != FASTOPT_OK) refuse_array(label(), view.array.type != rows_[index].parameter.type);
    return is_run(view.array);
}

// That a gradient has no element in common with what is updated.
void Rows::check_apart(std::size_t index, const fastopt_array& gradient) const {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        const auto check = [&](const Held& held, Part part, std::size_t slot) {
            if (share_memory(gradient, array(held)))
                refuse_shared(name(index, Part::gradient, 0), name(row, part, slot));
        };
        check(rows_[row].parameter, Part::parameter, 0);
        for (std::size_t i = 0; i < rows_[row].slots.size(); ++i)
            check(rows_[row].slots[i], Part::slot, i);
    }
}

}  // namespace fastopt::python
