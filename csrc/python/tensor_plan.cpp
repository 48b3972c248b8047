#include "tensor_plan.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "gil.h"
#include "numpy_arrays.h"

namespace fastopt::python {
namespace {

const DLPackExchange* exchange_of(py::handle tensor_type) {
    const DLPackExchange* table = find_exchange(tensor_type);
    if (table == nullptr)
        throw py::import_error(short_repr(tensor_type) + " does not offer " +
                               DLPackExchange::attribute + " of DLPack 1; use a newer version");
    return table;
}

std::string place_text(const std::string& group, std::size_t place) {
    return group + "['params'][" + std::to_string(place) + "]";
}

// What a tensor that cannot be used says of itself.
std::string tensor_text(py::handle tensor) {
    const auto attribute = [&](const char* name) {
        const py::object found = find_attribute(tensor, name);
        return found ? utf8(py::str(found)) : "unknown";
    };
    return "dtype " + attribute("dtype") + ", layout " + attribute("layout") + ", device " +
           attribute("device");
}

[[noreturn]] void refuse_tensor(const std::string& label, py::handle tensor) {
    PyErr_Clear();
    throw py::type_error(label + ": a tensor with " + tensor_text(tensor) +
                         " is not supported; use dense float32 or float64 tensors on the CPU");
}

// Values of these types never change, so the same object is the same value.
bool is_immutable(py::handle value) {
    return PyFloat_CheckExact(value.ptr()) || PyLong_CheckExact(value.ptr()) ||
           PyBool_Check(value.ptr()) || value.is_none();
}

bool is_immutable_pair(py::handle value) {
    return PyTuple_CheckExact(value.ptr()) && PyTuple_GET_SIZE(value.ptr()) == 2 &&
           is_immutable(PyTuple_GET_ITEM(value.ptr(), 0)) &&
           is_immutable(PyTuple_GET_ITEM(value.ptr(), 1));
}

double load_step(const fastopt_array& step) {
    if (step.type == FASTOPT_F64) return *static_cast<const double*>(step.data);
    return static_cast<double>(*static_cast<const float*>(step.data));
}

void store_step(const fastopt_array& step, double value) {
    if (step.type == FASTOPT_F64)
        *static_cast<double*>(step.data) = value;
    else
        *static_cast<float*>(step.data) = static_cast<float>(value);
}

[[noreturn]] void refuse_shared(const std::string& name, const std::string& other) {
    throw py::value_error(name + ": shares memory with " + other +
                          "; give each its own, as .clone() does");
}

bool is_c_contiguous(const fastopt_array& array) {
    auto stride = static_cast<std::ptrdiff_t>(size_of(array.type));
    for (int i = array.ndim; i-- > 0; stride *= array.shape[i])
        if (array.strides[i] != stride) return false;
    return array.ndim > 0;  // of one element alone, nothing can be told
}

}  // namespace

TensorPlan::Group::Group(const std::string& rule, std::size_t number, const py::dict& values)
    : label("param_groups[" + std::to_string(number) + "]"), options(rule, py::dict()) {
    const fastopt_rule_info& info = options.rule();
    for (std::size_t i = 0; i < info.option_count; ++i)
        sources.push_back({&info.options[i], py::str(info.options[i].name), false, {}});
    read(values);
}

TensorPlan::TensorPlan(const std::string& rule, py::handle tensor_type, const py::list& groups)
    : exchange_(exchange_of(tensor_type)) {
    for (const py::handle entry : groups) {
        const auto pair = py::reinterpret_borrow<py::tuple>(entry);
        const std::size_t number = groups_.size();
        const Group& group = groups_.emplace_back(rule, number, pair[0]);
        plan_.add_group(*group.options.get());
        for (const py::handle row : py::list(pair[1]))
            remember_row(number, py::reinterpret_borrow<py::tuple>(row));
    }
    check_overlap();
    for (Group& group : groups_)
        for (Row& row : group.rows)
            if (row.in_plan) add_to_plan(row);
}

std::string TensorPlan::label(const Row& row, const Slot* slot) const {
    const std::string parameter = place_text(groups_[row.group].label, row.place);
    return slot == nullptr ? parameter : parameter + "'s " + std::string(slot->name);
}

// Of parameters and all their state, counts of steps included.
void TensorPlan::check_overlap() const {
    std::vector<fastopt_array> arrays;
    std::vector<std::pair<const Row*, const Slot*>> owners;
    for (const Group& group : groups_)
        for (const Row& row : group.rows) {
            if (!row.in_plan) continue;
            arrays.push_back(array(row.parameter));
            owners.emplace_back(&row, nullptr);
            for (const Slot& slot : row.slots) {
                arrays.push_back(array(slot.tensor));
                owners.emplace_back(&row, &slot);
            }
        }
    const auto text = [&](std::size_t i) { return label(*owners[i].first, owners[i].second); };
    if (const auto shared = find_shared(arrays))
        refuse_shared(text(shared->second), text(shared->first));
}

// Describes a tensor, or throws. Its label is made only for that.
template <class MakeLabel>
void TensorPlan::look(const DLPackExchange& exchange, py::handle tensor, MakeLabel&& label,
                      View& view) {
    DLPackTensor seen;
    if (exchange.describe(tensor.ptr(), &seen) != 0 || seen.device_type != DLPackExchange::cpu ||
        seen.ndim > FASTOPT_MAX_DIMS || seen.type_code != DLPackExchange::floating_point ||
        seen.type_lanes != 1 || (seen.type_bits != 32 && seen.type_bits != 64))
        refuse_tensor(label(), tensor);
    const fastopt_type type = seen.type_bits == 32 ? FASTOPT_F32 : FASTOPT_F64;
    view.array = {static_cast<char*>(seen.data) + seen.byte_offset, type, seen.ndim, view.shape,
                  view.strides};
    const auto item = static_cast<std::ptrdiff_t>(size_of(type));
    for (int i = 0; i < seen.ndim; ++i) {
        view.shape[i] = static_cast<std::ptrdiff_t>(seen.shape[i]);
        view.strides[i] = static_cast<std::ptrdiff_t>(seen.strides[i]) * item;
    }
}

void TensorPlan::check_tensor(py::handle tensor_type, py::handle tensor, const std::string& label) {
    View view;
    look(*exchange_of(tensor_type), tensor, [&] { return label; }, view);
    refuse_negated(tensor, label);
}

TensorPlan::Tensor TensorPlan::remember(py::handle tensor, const std::string& label) {
    View view;
    look(*exchange_, tensor, [&] { return label; }, view);
    refuse_negated(tensor, label);
    const std::size_t layout = layouts_.size();
    layouts_.insert(layouts_.end(), view.shape, view.shape + view.array.ndim);
    layouts_.insert(layouts_.end(), view.strides, view.strides + view.array.ndim);
    return {py::reinterpret_borrow<py::object>(tensor), static_cast<char*>(view.array.data),
            view.array.type, view.array.ndim, layout};
}

fastopt_array TensorPlan::array(const Tensor& tensor) const {
    const std::ptrdiff_t* shape = layouts_.data() + tensor.layout;
    return {tensor.data, tensor.type, tensor.ndim, shape, shape + tensor.ndim};
}

bool TensorPlan::has_moved(const Tensor& tensor) const {
    DLPackTensor seen;
    if (exchange_->describe(tensor.object.ptr(), &seen) != 0) {
        PyErr_Clear();
        return true;
    }
    const auto item = static_cast<std::int64_t>(size_of(tensor.type));
    const fastopt_array known = array(tensor);
    bool same = static_cast<char*>(seen.data) + seen.byte_offset == known.data &&
                seen.type_code == DLPackExchange::floating_point && seen.type_bits == 8 * item &&
                seen.ndim == known.ndim;
    for (int i = 0; same && i < known.ndim; ++i)
        same = seen.shape[i] == known.shape[i] && seen.strides[i] * item == known.strides[i];
    return !same;
}

void TensorPlan::remember_row(std::size_t number, const py::tuple& entry) {
    Group& group = groups_[number];
    Row row{number,
            group.rows.size(),
            !entry[1].is_none(),
            false,
            0,
            0,
            {entry[0], nullptr, FASTOPT_F32, 0, 0},
            {},
            false,
            {}};
    if (row.in_plan) {
        const std::string label = this->label(row);
        row.parameter = remember(entry[0], label);
        const py::dict state = entry[1];
        const auto take = [&](const char* name) {
            const py::tuple pair = state[name];
            row.slots.push_back({py::str(name), remember(pair[0], label + "'s " + name), pair[1]});
        };
        const fastopt_variant_info& variant = group.options.variant();
        for (std::size_t i = 0; i < variant.slot_count; ++i) take(variant.slots[i]);
        row.has_step = state.contains("step");
        if (row.has_step) take("step");
        row.began_with = entry[2].cast<std::int64_t>();
    }
    group.rows.push_back(std::move(row));
}

void TensorPlan::add_to_plan(Row& row) {
    const fastopt_array parameter = array(row.parameter);
    std::vector<fastopt_array> slots;
    for (const Slot& slot : row.slots) slots.push_back(array(slot.tensor));
    if (fastopt_plan_add_row(plan_.get(), row.group, &parameter, slots.data(), FASTOPT_DISJOINT,
                             &row.index) != FASTOPT_OK)
        throw py::value_error(label(row) + ", " + fastopt_error_message());
    // Of a row without a gradient too: a later step of this plan counts on from here.
    plan_.set_steps(row.index, row.has_step ? count(row) : row.began_with);
}

TensorPlan::Reading TensorPlan::Group::read(const py::dict& values) {
    py::dict changed;
    for (Source& source : sources) {
        PyObject* found = PyDict_GetItemWithError(values.ptr(), source.name.ptr());
        if (found == nullptr && source.is_given) return Reading::needs_new_plan;
        if (found == nullptr || found == source.object.ptr()) continue;
        const auto value = py::reinterpret_borrow<py::object>(found);
        const bool is_flag = source.option->kind == FASTOPT_FLAG;
        changed[source.name] = is_flag ? py::object(py::bool_(value)) : value;
    }
    if (changed.empty()) return Reading::unchanged;
    const fastopt_variant_info* variant = &options.variant();
    options.assign(changed);
    for (Source& source : sources) {
        if (!changed.contains(source.name)) continue;
        const py::object value = values[source.name];
        source.is_given = true;
        source.object = is_immutable(value) || is_immutable_pair(value) ? value : py::object();
    }
    return variant == &options.variant() ? Reading::changed : Reading::needs_new_plan;
}

// Whether parameters have the same dictionaries of state as when this was first asked.
bool TensorPlan::is_known(py::handle state) {
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (state_.empty()) {
        std::unordered_map<PyObject*, PyObject*> found;
        while (PyDict_Next(state.ptr(), &position, &key, &value)) {
            state_.emplace_back(py::reinterpret_borrow<py::object>(key),
                                py::reinterpret_borrow<py::object>(value));
            found[key] = value;
        }
        for (Group& group : groups_)
            for (Row& row : group.rows)
                if (const auto at = found.find(row.parameter.object.ptr()); at != found.end())
                    row.state = py::reinterpret_borrow<py::object>(at->second);
        return true;
    }
    if (static_cast<std::size_t>(PyDict_Size(state.ptr())) != state_.size()) return false;
    for (std::size_t i = 0; PyDict_Next(state.ptr(), &position, &key, &value); ++i)
        if (key != state_[i].first.ptr() || value != state_[i].second.ptr()) return false;
    return true;
}

// Whether a parameter and its state are where they were.
bool TensorPlan::is_unchanged(const Row& row, bool with_state) const {
    if (!row.in_plan) return true;
    if (has_moved(row.parameter)) return false;
    for (const Slot& slot : row.slots) {
        if (with_state &&
            (!row.state ||
             PyDict_GetItemWithError(row.state.ptr(), slot.name.ptr()) != slot.tensor.object.ptr()))
            return false;
        if ((with_state || slot.array.is_none()) && has_moved(slot.tensor)) return false;
    }
    return true;
}

// False where a gradient came to a parameter that had none before.
bool TensorPlan::set_gradient(Row& row, const py::object& gradient) {
    if (gradient.is_none()) {
        if (row.in_plan) plan_.clear_gradient(row.index);
        updated_is_current_ &= !row.active;
        row.active = false;
        return true;
    }
    if (!row.in_plan) return false;
    const auto label = [&] { return this->label(row) + ".grad"; };
    View view;
    look(*exchange_, gradient, label, view);
    if (!is_c_contiguous(view.array)) refuse_negated(gradient, label());
    const auto set = [&](unsigned flags) {
        return fastopt_plan_set_gradient(plan_.get(), row.index, &view.array, flags);
    };
    fastopt_status status = set(0);
    if (status == FASTOPT_OVERLAP) {
        // It lies between the first and the last byte of what is updated.
        check_apart(view.array, label());
        status = set(FASTOPT_DISJOINT);
    }
    if (status != FASTOPT_OK) throw py::value_error(label() + ", " + fastopt_error_message());
    updated_is_current_ &= row.active;
    row.active = true;
    return true;
}

// That a gradient has no element in common with what is updated.
void TensorPlan::check_apart(const fastopt_array& gradient, const std::string& name) const {
    for (const Group& group : groups_)
        for (const Row& row : group.rows) {
            if (!row.in_plan) continue;
            if (share_memory(gradient, array(row.parameter))) refuse_shared(name, label(row));
            for (const Slot& slot : row.slots)
                if (share_memory(gradient, array(slot.tensor)))
                    refuse_shared(name, label(row, &slot));
        }
}

// What a row's count of steps says.
std::int64_t TensorPlan::count(const Row& row) const {
    const fastopt_array step = row.step(*this);
    const auto refuse = [&](const std::string& found) {
        throw py::value_error(label(row, &row.slots.back()) + found +
                              " must be one whole number >= 0; load a state that has a count of "
                              "steps");
    };
    if (!std::all_of(step.shape, step.shape + step.ndim, [](auto length) { return length == 1; }))
        refuse(", a tensor of more or fewer elements,");
    const double steps = load_step(step);
    if (!(steps >= 0 && steps < static_cast<double>(FASTOPT_MAX_STEPS) &&
          steps == std::floor(steps)))
        refuse(" = " + std::to_string(steps));
    return static_cast<std::int64_t>(steps);
}

bool TensorPlan::step(const py::list& param_groups, py::handle state, int threads) {
    struct Release {
        std::vector<py::object>& held;
        ~Release() { held.clear(); }
    } release{gradients_};
    if (!gather(param_groups, state)) return false;
    for_each_active([&](const Row& row) {
        if (!row.has_step) return;
        // The plan counts, too, as long as nobody else can have written to the tensor.
        const bool is_ours = !row.slots.back().array.is_none();
        if (!is_ours || !state.is_none()) plan_.set_steps(row.index, count(row));
    });
    call_without_gil(fastopt_plan_step, plan_.get(), threads);
    for_each_active([&](const Row& row) {
        if (row.has_step) store_step(row.step(*this), load_step(row.step(*this)) + 1);
    });
    return true;
}

// Hands the plan the present options and gradients. False where it is no longer the right plan.
//
// Reading them may run anybody's code, which may do anything to tensors that were read before, and
// to the lists. So all are read before the first is looked at.
bool TensorPlan::gather(const py::list& param_groups, py::handle state) {
    static PyObject* const grad = PyUnicode_InternFromString("grad");
    const bool with_state = !state.is_none();
    for (std::size_t number = 0; number < groups_.size(); ++number) {
        if (param_groups.size() != groups_.size()) return false;
        Group& group = groups_[number];
        const py::dict values = param_groups[number];
        const Reading reading = group.read(values);
        if (reading == Reading::needs_new_plan) return false;
        if (reading == Reading::changed) plan_.set_options(number, *group.options.get());
        const py::list params = values["params"];
        for (std::size_t place = 0; place < group.rows.size(); ++place) {
            if (params.size() != group.rows.size()) return false;
            const py::object& parameter = group.rows[place].parameter.object;
            if (PyList_GET_ITEM(params.ptr(), static_cast<py::ssize_t>(place)) != parameter.ptr())
                return false;
            gradients_.push_back(
                py::reinterpret_steal<py::object>(PyObject_GetAttr(parameter.ptr(), grad)));
            if (!gradients_.back()) throw py::error_already_set();
        }
        if (params.size() != group.rows.size()) return false;
    }
    if (param_groups.size() != groups_.size() || (with_state && !is_known(state))) return false;
    auto gradient = gradients_.cbegin();
    for (Group& group : groups_)
        for (Row& row : group.rows)
            if (!is_unchanged(row, with_state) || !set_gradient(row, *gradient++)) return false;
    return true;
}

const py::list& TensorPlan::updated() {
    if (!updated_is_current_) {
        updated_ = py::list();
        for_each_active([&](const Row& row) { updated_.append(row.parameter.object); });
        updated_is_current_ = true;
    }
    return updated_;
}

py::dict TensorPlan::group_state(const std::string& rule, const py::dict& values) {
    return Group(rule, 0, values).options.slots();
}

}  // namespace fastopt::python
