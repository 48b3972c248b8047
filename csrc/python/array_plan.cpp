#include "array_plan.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace fastopt::python {
namespace {

py::dict as_dict(py::handle value, const std::string& place) {
    if (!py::isinstance<py::dict>(value))
        type_error(place, "expected a dict, got " + short_repr(value));
    return py::reinterpret_borrow<py::dict>(value);
}

}  // namespace

ArrayPlan::ArrayPlan(const std::string& rule, py::handle parameters, const py::list& options,
                     bool grouped)
    : Rows(rule), tree_(parameters, "params"), grouped_(grouped) {
    std::vector<OptionStruct> groups;
    for (const auto& values : options) groups.emplace_back(rule, as_dict(values, "options"));
    std::vector<std::size_t> sizes{tree_.leaves()};
    if (grouped) sizes = tree_.leaves_per_entry();
    if (sizes.size() != groups.size()) throw std::logic_error("options are not one dict a group");
    if (tree_.leaves() == 0)
        throw py::value_error("params = " + short_repr(parameters) +
                              " has no arrays; pass at least one parameter");
    const Tree& tree = tree_;
    const auto walk = [&](auto&& visit) { tree.walk(parameters, "params", visit); };
    add_rows(walk, sizes, groups);
    complete(groups);
}

// Holds the parameters that a walk over the leaves visits, as many for each group as `sizes` say.
template <class Walk>
void ArrayPlan::add_rows(Walk&& walk, std::vector<std::size_t> sizes,
                         const std::vector<OptionStruct>& groups) {
    // Sharing an array may run anybody's code, which may change those that were shared before.
    std::vector<Memory> shared;
    walk([&](std::size_t leaf, py::handle object) {
        const auto label = [&] { return name(leaf, Part::parameter, 0); };
        const Memory& memory = shared.emplace_back(Memory::share(object, label));
        if (!memory.tells_all(object, label))
            lent_.emplace_back(leaf, py::reinterpret_borrow<py::object>(object));
    });
    std::size_t group = 0;
    for (Memory& memory : shared) {
        while (sizes[group] == 0) ++group;
        --sizes[group];
        const auto label = [&] { return name(rows_.size(), Part::parameter, 0); };
        rows_.push_back({group, &groups[group].variant(), hold(std::move(memory), label), {}});
    }
}

// Makes the state of new rows, and the plan. All state is made before the plan: the step's own
// lists must not lie between arrays that other threads write, or each step would wait for hundreds
// of cache lines that change owners.
void ArrayPlan::complete(const std::vector<OptionStruct>& groups, std::vector<std::int64_t> steps) {
    check_overlap();
    for (std::size_t index = steps.size(); index < rows_.size(); ++index) {
        Row& row = rows_[index];
        for (const double initial : groups[row.group].initial_state()) {
            const auto label = [&] { return name(index, Part::slot, row.slots.size()); };
            const py::array slot = state_like(array(row.parameter), initial);
            const bool is_complex = row.parameter.is_complex;
            row.slots.push_back(hold(Memory(is_complex ? as_complex(slot) : slot), label));
        }
    }
    steps.resize(rows_.size());
    make_plan(groups, steps);
}

std::vector<OptionStruct> ArrayPlan::all_options() const {
    std::vector<OptionStruct> all;
    for (std::size_t group = 0; group < group_count(); ++group) all.push_back(Rows::options(group));
    return all;
}

// Makes a change of tree and rows that ends with a new plan, or leaves all as it was.
template <class Change>
void ArrayPlan::change_rows(Change&& change) {
    const LockGuard guard(lock_);
    auto before = std::make_tuple(tree_, grouped_, rows_, lent_);
    try {
        change();
    } catch (...) {
        std::tie(tree_, grouped_, rows_, lent_) = std::move(before);
        throw;
    }
}

void ArrayPlan::add_group(const std::string& rule, py::handle parameters, const py::dict& options) {
    change_rows([&] {
        std::vector<OptionStruct> groups = all_options();
        groups.emplace_back(rule, options);
        std::vector<std::int64_t> steps;
        for (std::size_t row = 0; row < rows_.size(); ++row) steps.push_back(plan_.steps(row));
        if (!grouped_) tree_.wrap();
        grouped_ = true;
        tree_.add_entry(parameters, "params");
        std::vector<std::size_t> sizes(groups.size());
        sizes.back() = tree_.leaves() - rows_.size();
        if (sizes.back() == 0)
            throw py::value_error("params = " + short_repr(parameters) +
                                  " has no arrays; pass at least one parameter");
        const Tree& tree = tree_;
        add_rows([&](auto&& visit) { tree.walk_last(parameters, "params", visit); }, sizes, groups);
        complete(groups, steps);
    });
}

void ArrayPlan::remove_group(std::size_t group) {
    change_rows([&] {
        check_group(group);
        std::vector<OptionStruct> groups = all_options();
        if (groups.size() == 1)
            throw py::value_error("group = 0 is the only one; an optimizer has at least one group");
        groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(group));
        std::vector<Row> rows;
        std::vector<std::int64_t> steps;
        std::vector<std::pair<std::size_t, py::object>> lent;
        auto lender = lent_.begin();
        for (std::size_t index = 0; index < rows_.size(); ++index) {
            const bool is_lent = lender != lent_.end() && lender->first == index;
            const Row& row = rows_[index];
            if (row.group != group) {
                if (is_lent) lent.emplace_back(rows.size(), lender->second);
                rows.push_back(row);
                rows.back().group -= row.group > group ? 1 : 0;
                steps.push_back(plan_.steps(index));
            }
            if (is_lent) ++lender;
        }
        tree_.remove_entry(group);
        rows_ = std::move(rows);
        lent_ = std::move(lent);
        complete(groups, steps);
    });
}

std::string ArrayPlan::name(std::size_t row, Part part, std::size_t slot) const {
    const std::string& path = tree_.path(row);
    if (part == Part::gradient) return "grads" + path;
    if (part == Part::parameter) return "params" + path;
    return std::string("the state '") + rows_[row].variant->slots[slot] + "' of params" + path;
}

void ArrayPlan::refuse_moved(std::size_t row) const {
    value_error(name(row, Part::parameter, 0),
                "the array has been given other memory or another shape, strides or dtype since "
                "the optimizer was made; make a new one");
}

void ArrayPlan::refuse_read_only(std::size_t row) const {
    value_error(name(row, Part::parameter, 0),
                "the array has become read-only; set its flags.writeable, or, but for LBFGS, "
                "pass None as its gradient");
}

// With its address, strides and dtype a parameter is aligned as it was, whatever its flag says.
void ArrayPlan::check_parameter(std::size_t row) const {
    const Held& parameter = rows_[row].parameter;
    if (!is_unmoved(parameter)) refuse_moved(row);
    if (!parameter.memory.is_writable()) refuse_read_only(row);
}

void ArrayPlan::take_gradients(py::handle gradients) {
    tree_.walk(gradients, "grads", [&](std::size_t row, py::handle object) {
        if (object.is_none()) return;
        const auto label = [&] { return name(row, Part::gradient, 0); };
        const Held& parameter = rows_[row].parameter;
        const bool is_number = PyFloat_CheckExact(object.ptr()) || PyLong_CheckExact(object.ptr());
        hold_gradient(row, is_number && parameter.ndim == 0
                               ? Memory(as_array(object, parameter.type, label))
                               : Memory::share(object, label));
    });
    for (const auto& [row, owner] : lent_) {
        const auto label = [&, row = row] { return name(row, Part::parameter, 0); };
        if (gradients_[row] && !is_at(Memory::share(owner, label), rows_[row].parameter))
            refuse_moved(row);
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        if (gradients_[row]) check_parameter(row);
        set_gradient(row);
    }
    set_interleaved_gradients();
}

void ArrayPlan::step(py::handle gradients) {
    const LockGuard guard(lock_);
    const Release release(*this);
    take_gradients(gradients);
    step_plan(threads_);
}

py::list ArrayPlan::gradients(py::handle gradients) {
    const LockGuard guard(lock_);
    const Release release(*this);
    take_gradients(gradients);
    py::list all;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        if (!gradients_[row]) check_parameter(row);  // for L-BFGS moves such a parameter, too
        clear_gradient(row);
        all.append(gradients_[row] ? py::object(gradients_[row].values.as_array()) : py::none());
    }
    return all;
}

py::object ArrayPlan::num_threads() const {
    const int threads = threads_;
    return threads == 0 ? py::object(py::none()) : py::object(py::int_(threads));
}

void ArrayPlan::set_num_threads(py::handle threads) {
    threads_ = thread_number(threads);
}

py::object ArrayPlan::threading() {
    const LockGuard guard(lock_);
    return Rows::threading();
}

py::dict ArrayPlan::options(std::size_t group) {
    const LockGuard guard(lock_);
    check_group(group);
    return Rows::options(group).to_dict();
}

// The group's options with some changed, or an exception.
OptionStruct ArrayPlan::changed_options(std::size_t group, const py::dict& values) const {
    check_group(group);
    const OptionStruct present = Rows::options(group);
    OptionStruct changed = present;
    changed.assign(values);
    check(fastopt_options_check_change(present.get(), changed.get()));
    return changed;
}

void ArrayPlan::take_options(std::size_t first, const std::vector<OptionStruct>& changed) {
    for (std::size_t i = 0; i < changed.size(); ++i)
        plan_.set_options(first + i, *changed[i].get());
}

void ArrayPlan::set_options(std::size_t group, const py::dict& values) {
    const LockGuard guard(lock_);
    take_options(group, {changed_options(group, values)});
}

void ArrayPlan::set_all_options(const py::dict& values) {
    const LockGuard guard(lock_);
    std::vector<OptionStruct> changed;
    for (std::size_t group = 0; group < group_count(); ++group)
        changed.push_back(changed_options(group, values));
    take_options(0, changed);
}

std::size_t ArrayPlan::number_of_groups() {
    const LockGuard guard(lock_);
    return group_count();
}

py::dict ArrayPlan::initial_state(std::size_t row) {
    const LockGuard guard(lock_);
    return Rows::options(rows_.at(row).group).slots();
}

py::list ArrayPlan::paths() {
    const LockGuard guard(lock_);
    py::list all;
    for (const std::string& name : tree_.names()) all.append(name);
    return all;
}

py::list ArrayPlan::groups() {
    const LockGuard guard(lock_);
    py::list all;
    for (const Row& row : rows_) all.append(row.group);
    return all;
}

py::list ArrayPlan::parameters() {
    const LockGuard guard(lock_);
    py::list all;
    for (const Row& row : rows_) all.append(row.parameter.memory.as_array());
    return all;
}

py::list ArrayPlan::group_parameters(std::size_t group) {
    const LockGuard guard(lock_);
    const auto before = [&](const Row& row, std::size_t number) { return row.group < number; };
    auto row = std::lower_bound(rows_.begin(), rows_.end(), group, before);
    py::list all;
    for (; row != rows_.end() && row->group == group; ++row)
        all.append(row->parameter.memory.as_array());
    return all;
}

py::tuple ArrayPlan::structure() {
    const LockGuard guard(lock_);
    return py::make_tuple(tree_.rebuild([&](std::size_t row) {
        const Memory& memory = rows_[row].parameter.memory;
        if (!memory.is_whole())
            type_error(name(row, Part::parameter, 0),
                       "it is a view of memory that others see, and could not be copied together "
                       "with that; pickle or copy what state_dict() gives");
        return memory.object();
    }),
                          grouped_);
}

// With what the method of the state arrays gives.
py::list ArrayPlan::state_with(const char* method) {
    const LockGuard guard(lock_);
    py::list all;
    for (std::size_t index = 0; index < rows_.size(); ++index) {
        const Row& row = rows_[index];
        py::dict entry;
        entry["step"] = plan_.steps(index);
        for (std::size_t i = 0; i < row.slots.size(); ++i)
            entry[row.variant->slots[i]] = row.slots[i].memory.object().attr(method)();
        all.append(entry);
    }
    return all;
}

py::list ArrayPlan::state() {
    return state_with("view");
}

py::list ArrayPlan::snapshot() {
    return state_with("copy");
}

void ArrayPlan::load(const py::list& options, const py::list& state) {
    const LockGuard guard(lock_);
    std::vector<OptionStruct> changed;
    for (std::size_t group = 0; group < options.size(); ++group) {
        const std::string place = "options[" + std::to_string(group) + "]";
        changed.push_back(changed_options(group, as_dict(options[group], place)));
    }
    if (state.size() != rows_.size())
        throw py::value_error("expected the state of " + std::to_string(rows_.size()) +
                              " parameters, got " + std::to_string(state.size()));
    std::vector<std::int64_t> steps;
    std::vector<py::object> contents;
    for (std::size_t index = 0; index < rows_.size(); ++index) {
        if (state[index].is_none()) continue;
        const std::string place = "state_dict['state'][" + std::to_string(index) + "]";
        const py::dict entry = as_dict(state[index], place);
        const auto take = [&](const char* name) {
            if (!entry.contains(name))
                value_error(place, std::string("has no entry '") + name + "'");
            return py::object(entry[name]);
        };
        steps.push_back(integer(place + "['step']", take("step"), 0, FASTOPT_MAX_STEPS));
        const fastopt_variant_info& variant = *rows_[index].variant;
        for (std::size_t i = 0; i < variant.slot_count; ++i) {
            const std::string path = place + "['" + variant.slots[i] + "']";
            const auto label = [&] { return path; };
            const Memory content = Memory::share(take(variant.slots[i]), label);
            check_like(content, rows_[index].parameter, label);
            contents.push_back(content.as_array().attr("copy")());  // for it may be a slot of ours
        }
        if (entry.size() != variant.slot_count + 1)
            value_error(place, "has entries that this optimizer does not know: " +
                                   short_repr(py::list(entry)));
    }
    auto content = contents.begin();
    auto count = steps.begin();
    for (std::size_t index = 0; index < rows_.size(); ++index) {
        if (state[index].is_none()) continue;
        for (const Held& slot : rows_[index].slots)
            slot.memory.object()[py::ellipsis()] = *content++;
        plan_.set_steps(index, *count++);
    }
    take_options(0, changed);
}

}  // namespace fastopt::python
