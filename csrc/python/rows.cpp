#include "rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gil.h"

namespace fastopt::python {

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
    return {std::move(memory), seen.data, seen.type, view.is_complex, seen.ndim, layout};
}

fastopt_array Rows::array(const Held& held) const {
    const std::ptrdiff_t* shape = layouts_.data() + held.layout;
    return {held.data, held.type, held.ndim, shape, shape + held.ndim};
}

void Rows::check_like(const Memory& memory, const Held& parameter, const Label& label) const {
    View view;
    memory.look(view, label);
    check_kind(view, parameter.is_complex, label);
    const fastopt_array like = array(parameter);
    if (fastopt_array_check(&view.array, &like) != FASTOPT_OK)
        refuse_array(label.text(), view.array.type != parameter.type);
}

// Parameters and slots.
Rows::Arrays Rows::written_arrays() const {
    Arrays all;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        all.add(array(rows_[row].parameter), row, Part::parameter, 0);
        for (std::size_t i = 0; i < rows_[row].slots.size(); ++i)
            all.add(array(rows_[row].slots[i]), row, Part::slot, i);
    }
    return all;
}

void Rows::refuse_if_shared(const Arrays& all, const Pairs& is_asked) const {
    const auto shared = find_shared(all.arrays, is_asked);
    if (!shared) return;
    const auto text = [&](std::size_t i) {
        return name(all.owners[i].row, all.owners[i].part, all.owners[i].slot);
    };
    refuse_shared(text(shared->second), text(shared->first));
}

void Rows::check_overlap() const {
    refuse_if_shared(written_arrays(), [](std::size_t, std::size_t) { return true; });
}

void Rows::make_plan(const std::vector<OptionStruct>& groups,
                     const std::vector<std::int64_t>& steps) {
    Plan plan;
    std::size_t bytes = 0;
    for (const OptionStruct& options : groups) plan.add_group(*options.get());
    for (std::size_t index = 0; index < rows_.size(); ++index) {
        const Row& row = rows_[index];
        const fastopt_array parameter = array(row.parameter);
        std::vector<fastopt_array> slots;
        for (const Held& slot : row.slots) slots.push_back(array(slot));
        const fastopt_status status = fastopt_plan_add_row(plan.get(), row.group, &parameter,
                                                           slots.data(), FASTOPT_DISJOINT, nullptr);
        if (status == FASTOPT_OUT_OF_MEMORY) check(status);
        if (status != FASTOPT_OK) refuse_row(index);
        plan.set_steps(index, steps[index]);
        bytes += bytes_of(parameter);
    }
    plan.learn(plan_);
    std::vector<std::ptrdiff_t> layouts;  // without those of rows that are no more
    for_each_held([&](const Held& held) {
        const auto layout = layouts_.begin() + static_cast<std::ptrdiff_t>(held.layout);
        layouts.insert(layouts.end(), layout, layout + 2 * held.ndim);
    });
    std::vector<Gradient> gradients(rows_.size());

    // Nothing of this fails.
    std::size_t layout = 0;
    for_each_held([&](Held& held) {
        held.layout = layout;
        layout += 2 * static_cast<std::size_t>(held.ndim);
    });
    layouts_ = std::move(layouts);
    gradients_ = std::move(gradients);
    apart_.clear();
    plan_ = std::move(plan);
    group_count_ = groups.size();
    bytes_ = bytes;
}

// With what the library has refused of a row.
void Rows::refuse_row(std::size_t index) const {
    const Row& row = rows_[index];
    const fastopt_variant_info& variant = *row.variant;
    for (std::size_t i = 0; i < variant.slot_count; ++i)
        if (std::strcmp(variant.slots[i], fastopt_error_argument()) == 0)
            refuse_array(name(index, Part::slot, i), row.slots[i].type != row.parameter.type);
    refuse_array(name(index, Part::parameter, 0), false);
}

void Rows::step_plan(int threads) {
    fastopt_status status = FASTOPT_OK;
    without_gil_if_long(bytes_, [&] { status = fastopt_plan_step(plan_.get(), threads); });
    check(status);
}

py::object Rows::threading() const {
    constexpr const char* reasons[] = {"small", "exact", "limited", "measured"};
    fastopt_threading found;
    check(fastopt_plan_get_threading(plan_.get(), &found));
    if (found.num_threads == 0) return py::none();
    py::dict seconds;
    for (int k = 0; k < found.count; ++k) seconds[py::int_(found.tried[k])] = found.seconds[k];
    return py::dict("num_threads"_a = found.num_threads, "most"_a = found.most,
                    "reason"_a = reasons[found.reason], "seconds"_a = seconds);
}

fastopt_status Rows::hand_over_sparse(std::size_t index, const fastopt_array& values,
                                      unsigned flags) {
    const auto numbers =
        gradients_[index].indices.cast<py::array_t<std::int64_t, py::array::c_style>>();
    return fastopt_plan_set_sparse_gradient(plan_.get(), index, numbers.data(),
                                            static_cast<std::size_t>(numbers.size()), &values,
                                            flags);
}

bool Rows::set_gradient(std::size_t index) {
    Gradient& gradient = gradients_[index];
    if (!gradient) {
        clear_gradient(index);
        return false;
    }
    const Held& parameter = rows_[index].parameter;
    fastopt_array place = array(parameter);
    place.data = gradient.handed_over;
    if (place.data != nullptr && !gradient.indices &&
        gradient.values.is_at(place, parameter.is_complex))
        return gradient.may_be_imaginary;
    return set_other_gradient(index);
}

void Rows::clear_gradient(std::size_t index) {
    gradients_[index].handed_over = nullptr;
    plan_.clear_gradient(index);
}

// One that the plan does not have yet.
bool Rows::set_other_gradient(std::size_t index) {
    Gradient& gradient = gradients_[index];
    const Held& parameter = rows_[index].parameter;
    const auto label = [&] { return name(index, Part::gradient, 0); };
    View view;
    gradient.values.look(view, label);
    check_kind(view, parameter.is_complex, label);
    const fastopt_array& seen = view.array;
    const unsigned flags = is_known_apart(index, seen) ? FASTOPT_DISJOINT : 0;
    gradient.handed_over = nullptr;
    const fastopt_status status = hand_over(index, seen, flags);
    if (status == FASTOPT_OVERLAP) {
        // It lies between the first and the last byte of what is updated.
        interleaved_.push_back(index);
        return true;
    }
    if (status == FASTOPT_OUT_OF_MEMORY) check(status);
    if (status != FASTOPT_OK) refuse_array(label(), seen.type != parameter.type);
    if (!gradient.indices &&
        std::equal(seen.strides, seen.strides + seen.ndim, array(parameter).strides))
        gradient.handed_over = seen.data;
    return gradient.may_be_imaginary = may_be_imaginary(seen);
}

void Rows::set_interleaved_gradients() {
    if (interleaved_.empty()) return;
    Arrays all = written_arrays();
    const std::size_t written = all.arrays.size();
    std::vector<View> views(interleaved_.size());
    for (std::size_t i = 0; i < interleaved_.size(); ++i) {
        const std::size_t row = interleaved_[i];
        gradients_[row].values.look(views[i], [&] { return name(row, Part::gradient, 0); });
        all.add(views[i].array, row, Part::gradient, 0);
    }
    refuse_if_shared(all, [&](std::size_t first, std::size_t second) {
        return first < written && second >= written;
    });
    for (std::size_t i = 0; i < interleaved_.size(); ++i) {
        const fastopt_array& array = views[i].array;
        check(hand_over(interleaved_[i], array, FASTOPT_DISJOINT));
        apart_[interleaved_[i]] = {array.data,
                                   {array.shape, array.shape + array.ndim},
                                   {array.strides, array.strides + array.ndim}};
    }
    interleaved_.clear();
}

// Whether the gradient is where it was found to have no element in common with what is updated.
// Of a sparse one, the next may have more values.
bool Rows::is_known_apart(std::size_t row, const fastopt_array& gradient) const {
    if (apart_.empty()) return false;
    const auto found = apart_.find(row);
    if (found == apart_.end()) return false;
    const Apart& known = found->second;
    const auto agree = [&](const std::vector<std::ptrdiff_t>& lengths, const std::ptrdiff_t* seen) {
        return std::equal(lengths.begin(), lengths.end(), seen, seen + gradient.ndim);
    };
    return known.data == gradient.data && agree(known.shape, gradient.shape) &&
           agree(known.strides, gradient.strides);
}

}  // namespace fastopt::python
