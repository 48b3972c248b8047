#include "array_plan.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <stdexcept>

#include "gil.h"
#include "option_dict.h"

namespace fastopt::python {
namespace {

const std::string no_path;

// An integer from lowest to highest; bool is none.
std::int64_t integer(const std::string& name, py::handle value, std::int64_t lowest,
                     std::int64_t highest) {
    const std::string wanted =
        " must be an integer from " + std::to_string(lowest) + " to " + std::to_string(highest);
    if (PyBool_Check(value.ptr()) || !PyIndex_Check(value.ptr()))
        throw py::type_error(name + " = " + short_repr(value) + wanted);
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!index) throw py::error_already_set();
    int overflow = 0;
    const std::int64_t number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (overflow != 0 || number < lowest || number > highest)
        throw py::value_error(name + " = " + short_repr(value) + wanted);
    return number;
}

[[noreturn]] void refuse_shared(const Label& label, const std::string& other) {
    value_error(label, "shares memory with " + other + "; pass a copy of one of them");
}

py::dict as_dict(py::handle value, const Label& label) {
    if (!py::isinstance<py::dict>(value))
        type_error(label, "expected a dict, got " + short_repr(value));
    return py::reinterpret_borrow<py::dict>(value);
}

// Lets go of what was held for a step, however it ends.
template <class Shared>
struct Release {
    std::vector<Shared>& held;
    ~Release() { std::fill(held.begin(), held.end(), Shared{}); }
};

}  // namespace

ArrayPlan::ArrayPlan(const std::string& rule, py::handle parameters, const py::list& options,
                     bool grouped)
    : tree_(parameters, "params") {
    for (const auto& values : options)
        options_.emplace_back(rule, as_dict(values, {"options", no_path}));
    std::vector<std::size_t> sizes{tree_.leaves()};
    if (grouped) sizes = tree_.leaves_per_entry();
    if (sizes.size() != options_.size()) throw std::logic_error("options are not one dict a group");
    if (tree_.leaves() == 0)
        throw py::value_error("params = " + short_repr(parameters) +
                              " has no arrays; pass at least one parameter");

    // Sharing an array may run anybody's code, which may change those that were shared before.
    std::vector<Shared> shared;
    tree_.walk(parameters, "params", [&](std::size_t leaf, py::handle object) {
        shared.push_back(share(object, {"params", tree_.path(leaf)}));
    });
    std::size_t group = 0;
    for (std::size_t leaf = 0; leaf < shared.size(); ++leaf) {
        while (sizes[group] == 0) ++group;
        --sizes[group];
        auto parameter = py::reinterpret_borrow<py::array>(shared[leaf].array);
        check_parameter(parameter, {"params", tree_.path(leaf)});
        const ArraySpec spec(parameter);
        rows_.push_back({group, std::move(parameter), std::move(shared[leaf].owner), spec, {}});
    }
    check_overlap();

    // All state before the first row: the step's own lists must not lie between arrays that other
    // threads write, or each step would wait for hundreds of cache lines that change owners.
    for (Row& row : rows_) {
        const OptionStruct& chosen = options_[row.group];
        for (const double initial : chosen.initial_state())
            row.slots.push_back(state_like(row.parameter, initial));
    }
    for (const OptionStruct& chosen : options_) plan_.add_group(*chosen.get());
    for (const Row& row : rows_) {
        std::vector<fastopt_array> slots;
        for (const py::array& slot : row.slots) slots.push_back(view(slot));
        plan_.add_array(row.group, view(row.parameter), slots.data(), FASTOPT_DISJOINT);
    }
    gradients_.resize(rows_.size());
}

ArrayPlan::Shared ArrayPlan::share(py::handle object, const Label& label) {
    py::array array = share_array(object, label);
    const bool is_owner = array.ptr() != object.ptr() && PyObject_CheckBuffer(object.ptr()) == 0;
    return {std::move(array), is_owner ? py::reinterpret_borrow<py::object>(object) : py::object()};
}

void ArrayPlan::check_overlap() const {
    std::vector<fastopt_array> arrays;
    arrays.reserve(rows_.size());
    for (const Row& row : rows_) arrays.push_back(view(row.parameter));
    if (const auto shared = find_shared(arrays))
        refuse_shared({"params", tree_.path(shared->second)},
                      Label{"params", tree_.path(shared->first)}.text());
}

// With its address, strides and dtype a parameter is aligned as it was, whatever its flag says.
void ArrayPlan::check_unchanged(std::size_t index) const {
    const Row& row = rows_[index];
    const Label label{"params", tree_.path(index)};
    if (!row.spec.still_describes(row.parameter) ||
        (row.owner && has_moved(row.owner, row.parameter)))
        value_error(label,
                    "the array has been given other memory or another shape, strides or dtype "
                    "since the optimizer was made; make a new one");
    if (!row.parameter.writeable())
        value_error(label,
                    "the array has become read-only; set its flags.writeable, or, but for LBFGS, "
                    "pass None as its gradient");
}

void ArrayPlan::set_gradient(std::size_t index, const Shared& shared) {
    if (!shared.array) {
        plan_.clear_gradient(index);
        return;
    }
    const auto gradient = py::reinterpret_borrow<py::array>(shared.array);
    const Row& row = rows_[index];
    const Label label{"grads", tree_.path(index)};
    check_unchanged(index);
    if (shared.owner && has_moved(shared.owner, gradient))
        value_error(label,
                    "it was given other memory while the step took the other gradients; leave "
                    "it where it is");
    if (!row.spec.has_type(gradient)) check_gradient(gradient, row.spec, label);
    const fastopt_array array = row.spec.view(gradient);
    const fastopt_status status = fastopt_plan_set_gradient(plan_.get(), index, &array, 0);
    if (status == FASTOPT_OVERLAP) {
        for (std::size_t other = 0; other < rows_.size(); ++other) {
            const std::string& path = tree_.path(other);
            if (share_memory(array, view(rows_[other].parameter)))
                refuse_shared(label, Label{"params", path}.text());
            for (const py::array& slot : rows_[other].slots)
                if (share_memory(array, view(slot)))
                    refuse_shared(label, "the state of " + Label{"params", path}.text());
        }
        plan_.set_gradient_array(index, array, FASTOPT_DISJOINT);
    } else if (status != FASTOPT_OK) {
        check_gradient(gradient, row.spec, label);
        check(status);
    }
}

// Sharing a gradient may run anybody's code, which may do anything to parameters and gradients. So
// all are shared before the first is looked at.
void ArrayPlan::take_gradients(py::handle gradients) {
    tree_.walk(gradients, "grads", [&](std::size_t leaf, py::handle object) {
        if (!object.is_none()) gradients_[leaf] = share(object, {"grads", tree_.path(leaf)});
    });
    for (std::size_t row = 0; row < rows_.size(); ++row) set_gradient(row, gradients_[row]);
}

void ArrayPlan::step(py::handle gradients) {
    const LockGuard guard(lock_);
    const Release<Shared> release{gradients_};
    take_gradients(gradients);
    call_without_gil(fastopt_plan_step, plan_.get(), threads_.load());
}

py::list ArrayPlan::gradients(py::handle gradients) {
    const LockGuard guard(lock_);
    const Release<Shared> release{gradients_};
    take_gradients(gradients);
    py::list all;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        const py::object& gradient = gradients_[row].array;
        if (!gradient) check_unchanged(row);  // for L-BFGS moves such a parameter, too
        plan_.clear_gradient(row);
        all.append(gradient ? gradient : py::none());
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

py::list ArrayPlan::options() {
    const LockGuard guard(lock_);
    py::list all;
    for (const OptionStruct& chosen : options_) all.append(chosen.to_dict());
    return all;
}

std::vector<OptionStruct> ArrayPlan::changed_options(const py::list& changes) const {
    if (changes.size() != options_.size())
        throw py::value_error("expected options for " + std::to_string(options_.size()) +
                              " groups, got " + std::to_string(changes.size()));
    std::vector<OptionStruct> all = options_;
    for (std::size_t group = 0; group < all.size(); ++group) {
        const OptionStruct& present = options_[group];
        const py::dict values = as_dict(changes[group], {"options", no_path});
        all[group].assign(values);
        if (fastopt_options_check_change(present.get(), all[group].get()) != FASTOPT_OK) {
            py::dict changes;
            for (const auto& [name, value] : present.to_dict())
                if (values.contains(name) && !value.equal(values[name]))
                    changes[name] = values[name];
            throw py::value_error(short_repr(changes) +
                                  " would change which state arrays there are, or how they "
                                  "started; construct a new optimizer with it");
        }
    }
    return all;
}

void ArrayPlan::take_options(std::vector<OptionStruct> changed) {
    for (std::size_t group = 0; group < changed.size(); ++group)
        plan_.set_options(group, *changed[group].get());
    options_ = std::move(changed);
}

void ArrayPlan::set_options(const py::list& changes) {
    const LockGuard guard(lock_);
    take_options(changed_options(changes));
}

py::list ArrayPlan::paths() const {
    py::list all;
    for (const std::string& name : tree_.names()) all.append(name);
    return all;
}

py::list ArrayPlan::groups() const {
    py::list all;
    for (const Row& row : rows_) all.append(row.group);
    return all;
}

py::list ArrayPlan::parameters() const {
    py::list all;
    for (const Row& row : rows_) all.append(row.parameter);
    return all;
}

const fastopt_variant_info& ArrayPlan::variant(std::size_t row) const {
    return options_[rows_[row].group].variant();
}

py::list ArrayPlan::state_with(py::object (*hand_out)(const py::array&)) {
    const LockGuard guard(lock_);
    py::list all;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        py::dict entry;
        entry["step"] = plan_.steps(row);
        for (std::size_t i = 0; i < rows_[row].slots.size(); ++i)
            entry[variant(row).slots[i]] = hand_out(rows_[row].slots[i]);
        all.append(entry);
    }
    return all;
}

py::list ArrayPlan::state() {
    return state_with([](const py::array& slot) -> py::object { return slot.attr("view")(); });
}

py::list ArrayPlan::snapshot() {
    return state_with([](const py::array& slot) -> py::object { return slot.attr("copy")(); });
}

void ArrayPlan::load(const py::list& options, const py::list& state) {
    const LockGuard guard(lock_);
    std::vector<OptionStruct> changed = changed_options(options);
    if (state.size() != rows_.size())
        throw py::value_error("expected the state of " + std::to_string(rows_.size()) +
                              " parameters, got " + std::to_string(state.size()));
    std::vector<std::int64_t> steps;
    std::vector<py::array> contents;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        const std::string index = "[" + std::to_string(row) + "]";
        const py::dict entry = as_dict(state[row], {"state", index});
        const fastopt_variant_info& variant = this->variant(row);
        const auto take = [&](const char* name) {
            if (!entry.contains(name))
                value_error({"state", index}, std::string("has no entry '") + name + "'");
            return py::object(entry[name]);
        };
        steps.push_back(integer("state" + index + "['step']", take("step"), 0, FASTOPT_MAX_STEPS));
        for (std::size_t i = 0; i < variant.slot_count; ++i) {
            const char* name = variant.slots[i];
            const std::string path = index + "['" + name + "']";
            const py::array content = share_array(take(name), {"state", path});
            check_gradient(content, rows_[row].spec, {"state", path});
            contents.emplace_back(content.attr("copy")());  // for it may be a state array of ours
        }
        if (entry.size() != variant.slot_count + 1)
            value_error({"state", index}, "has entries that this optimizer does not know: " +
                                              short_repr(py::list(entry)));
    }
    auto content = contents.begin();
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        for (py::array& slot : rows_[row].slots) slot[py::ellipsis()] = *content++;
        plan_.set_steps(row, steps[row]);
    }
    take_options(std::move(changed));
}

void apply(const std::string& rule, py::handle parameter, py::handle gradient,
           const py::dict& slots, py::handle step, const py::dict& options, py::handle threads) {
    const OptionStruct chosen(rule, options);
    const std::int64_t t = integer("step", step, 1, FASTOPT_MAX_STEPS);
    const int requested = thread_number(threads);

    // Sharing an array may run anybody's code: first all of them, then every check.
    const fastopt_variant_info& variant = chosen.variant();
    const std::vector<const char*> names(variant.slots, variant.slots + variant.slot_count);
    for (const auto& [key, array] : slots) {
        const std::string name = py::str(key);
        const bool wanted = std::find(names.begin(), names.end(), name) != names.end();
        if (wanted == array.is_none())
            throw py::value_error(
                name + (wanted ? " = None" : " is given") +
                ", but with these options the rule needs " +
                (names.empty() ? "no state" : "the state " + short_repr(py::cast(names))) +
                (wanted ? "; pass the array" : "; leave it out, or change the options"));
    }
    std::vector<std::pair<const char*, py::array>> arrays;
    const auto share = [&](const char* name, py::handle object) {
        arrays.emplace_back(name, share_array(object, {name, no_path}));
    };
    share("p", parameter);
    share("g", gradient);
    for (const char* name : names) share(name, slots[name]);
    const py::array& p = arrays[0].second;
    const py::array& g = arrays[1].second;
    check_parameter(p, {"p", no_path});
    const ArraySpec spec(p);
    check_gradient(g, spec, {"g", no_path});
    for (std::size_t i = 2; i < arrays.size(); ++i)
        check_slot(arrays[i].second, spec, {arrays[i].first, no_path});
    std::vector<fastopt_array> all;
    all.reserve(arrays.size());
    for (const auto& [name, array] : arrays) all.push_back(view(array));
    if (const auto shared = find_shared(all))
        refuse_shared({arrays[shared->second].first, no_path}, arrays[shared->first].first);

    Plan plan;
    const std::size_t group = plan.add_group(*chosen.get());
    const std::size_t row = plan.add_array(group, all[0], all.data() + 2, FASTOPT_DISJOINT);
    plan.set_steps(row, t - 1);
    plan.set_gradient_array(row, all[1], FASTOPT_DISJOINT);
    call_without_gil(fastopt_plan_step, plan.get(), requested);
}

int thread_number(py::handle threads) {
    return threads.is_none()
               ? 0
               : static_cast<int>(integer("num_threads", threads, 1, FASTOPT_MAX_THREADS));
}

py::bytes pack_options(const std::string& rule, const py::dict& values) {
    const OptionStruct options(rule, values);
    return {reinterpret_cast<const char*>(options.get()), options.rule().options_size};
}

py::tuple describe(const std::string& rule, const py::dict& values) {
    const OptionStruct options(rule, values);
    return py::make_tuple(options.to_dict(), options.slots());
}

}  // namespace fastopt::python
