#include "tensor_plan.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace fastopt::python {
namespace {

const DLPackExchange& exchange_of(py::handle tensor_type) {
    const DLPackExchange* table = find_exchange(tensor_type);
    if (table == nullptr)
        throw py::import_error(short_repr(tensor_type) + " does not offer " +
                               DLPackExchange::attribute + " of DLPack 1; use a newer version");
    return *table;
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

bool is_text(py::handle object, const char* text) {
    return PyUnicode_Check(object.ptr()) &&
           PyUnicode_CompareWithASCIIString(object.ptr(), text) == 0;
}

// Of a flag, for which torch takes any object.
py::bool_ truth(py::handle name, const py::object& value) {
    const int is_true = PyObject_IsTrue(value.ptr());
    if (is_true >= 0) return py::bool_(is_true != 0);
    forget_refusal();
    refuse(PyExc_TypeError, utf8(name) + " = " + short_repr(value) + " must be True or False");
}

double load_step(const void* step, fastopt_type type) {
    if (type == FASTOPT_F64) return *static_cast<const double*>(step);
    return static_cast<double>(*static_cast<const float*>(step));
}

void add_step(void* step, fastopt_type type) {
    if (type == FASTOPT_F64)
        *static_cast<double*>(step) += 1;
    else
        *static_cast<float*>(step) += 1;
}

// What a function of Python returns; a TypeError or ValueError of its own is given the label.
template <class... Arguments>
py::object ask(const Label& label, const py::object& function, Arguments&&... arguments) {
    try {
        return function(arguments...);
    } catch (py::error_already_set& error) {
        for (PyObject* const type : {PyExc_TypeError, PyExc_ValueError}) {
            if (!error.matches(type)) continue;
            py::raise_from(error, type,
                           (label.text() + ": " + utf8(py::str(error.value()))).c_str());
            throw py::error_already_set();
        }
        throw;
    }
}

}  // namespace

TensorPlan::Group::Group(const std::string& rule, const py::dict& values) {
    const fastopt_rule_info& info = OptionStruct(rule, py::dict()).rule();
    const fastopt_option_info* const end = info.options + info.option_count;
    for (const auto& [key, value] : values) {
        const auto* option = std::find_if(
            info.options, end,
            [key = key](const fastopt_option_info& known) { return is_text(key, known.name); });
        const bool is_flag = option != end && option->kind == FASTOPT_FLAG;
        const bool is_torchs = is_text(key, "capturable") || is_text(key, "differentiable");
        sources.push_back({py::reinterpret_borrow<py::object>(key), option != end, is_flag,
                           is_torchs ? py::reinterpret_borrow<py::object>(value) : py::object(),
                           is_torchs});
    }
}

TensorPlan::TensorPlan(const std::string& rule, const py::dict& defaults, py::handle tensor_type,
                       const py::function& plain_view, const py::function& gradient_view,
                       const py::list& groups, const Plan* learned)
    : Rows(rule),
      exchange_(&exchange_of(tensor_type)),
      plain_view_(plain_view),
      gradient_view_(gradient_view) {
    std::vector<OptionStruct> options;
    for (const py::handle entry : groups) {
        const auto pair = py::reinterpret_borrow<py::tuple>(entry);
        const py::dict values = pair[0];
        const std::size_t number = groups_.size();
        Group& group = groups_.emplace_back(rule, values);
        const py::dict given = *group.changes(values);
        options.emplace_back(rule, defaults);
        options.back().assign(given);
        group.take_over(given);
        for (const py::handle row : py::list(pair[1]))
            add_row(number, options.back().variant(), py::reinterpret_borrow<py::tuple>(row));
    }
    check_overlap();
    // Of a row without a gradient too: a later step of this plan counts on from here.
    std::vector<std::int64_t> steps;
    for (std::size_t row = 0; row < rows_.size(); ++row)
        steps.push_back(tracked_[row].has_step ? count(row) : tracked_[row].began_with);
    if (learned != nullptr) plan_.learn(*learned);
    make_plan(options, steps);
}

std::string TensorPlan::name(std::size_t row, Part part, std::size_t slot) const {
    const Tracked& tracked = tracked_[row];
    const std::string parameter = "param_groups[" + std::to_string(rows_[row].group) +
                                  "]['params'][" + std::to_string(tracked.place) + "]";
    if (part == Part::gradient) return parameter + ".grad";
    if (part == Part::parameter) return parameter;
    return parameter + "'s " + utf8(tracked.slots[slot].name);
}

void TensorPlan::check_tensor(py::handle tensor_type, py::handle tensor, const std::string& place) {
    const auto label = [&] { return place; };
    View view;
    Memory(tensor, exchange_of(tensor_type)).look(view, label);
    python::refuse_negated(tensor, label);
}

// Of what belongs to the entry's parameter. For one that is not plain, it runs Python code.
Memory TensorPlan::memory_of(py::handle tensor, const Entry& entry, const Label& label) const {
    if (entry.is_plain) return {tensor, *exchange_};
    return {ask(label, plain_view_, tensor, entry.parameter), *exchange_};
}

// Of a parameter that is not plain.
void TensorPlan::take_viewed_gradient(py::handle gradient, const Entry& entry,
                                      const py::dict& group) {
    const std::size_t row = *entry.row;
    const auto label = [&] { return name(row, Part::gradient, 0); };
    const py::object view = ask(label, gradient_view_, gradient, entry.parameter, group);
    if (!PyTuple_CheckExact(view.ptr())) return hold_gradient(row, {view, *exchange_});
    const auto pair = py::reinterpret_borrow<py::tuple>(view);
    hold_sparse_gradient(row, pair[0], {pair[1], *exchange_});
}

void TensorPlan::add_row(std::size_t number, const fastopt_variant_info& variant,
                         const py::tuple& given) {
    Group& group = groups_[number];
    const std::size_t place = group.entries.size();
    Entry& entry = group.entries.emplace_back(Entry{given[0], given[1].cast<bool>(), std::nullopt});
    if (given[2].is_none()) return;
    const std::size_t index = rows_.size();
    entry.row = index;
    const py::dict state = given[2];
    Tracked& tracked = tracked_.emplace_back();
    tracked.place = place;
    tracked.has_step = state.contains("step");
    tracked.began_with = given[3].cast<std::int64_t>();
    const auto take = [&](py::handle tensor, Part part, std::size_t slot) {
        const auto label = [&] { return name(index, part, slot); };
        Memory memory = memory_of(tensor, entry, label);
        python::refuse_negated(memory.object(), label);
        return hold(std::move(memory), label);
    };
    rows_.push_back({number, &variant, {}, {}});
    rows_[index].parameter = take(entry.parameter, Part::parameter, 0);
    const fastopt_array parameter = array(rows_[index].parameter);
    tracked.is_single = bytes_of(parameter) == size_of(parameter.type);
    entry.may_be_negated = may_be_imaginary(parameter);
    for (std::size_t i = 0; i < variant.slot_count + (tracked.has_step ? 1 : 0); ++i) {
        const py::str slot(i < variant.slot_count ? variant.slots[i] : "step");
        const py::tuple pair = state[slot];
        tracked.slots.push_back({slot, pair[0], pair[1]});
        owns_all_ &= tracked.owns(i);
        rows_[index].slots.push_back(take(pair[0], Part::slot, i));
        entry.may_be_negated |=
            !tracked.owns(i) && may_be_imaginary(array(rows_[index].slots.back()));
    }
    if (!tracked.has_step) return;
    tracked.count = rows_[index].slots.back().data;
    tracked.count_type = rows_[index].slots.back().type;
}

// The options that a group's dictionary has otherwise than when it was last read; nothing where it
// has other keys, which may be misspelled options, or asks for what torch's loops can do.
std::optional<py::dict> TensorPlan::Group::changes(const py::dict& values) const {
    py::dict changed;
    if (values.size() != sources.size()) return std::nullopt;
    PyObject *key, *value;
    Py_ssize_t position = 0;
    for (const Source& source : sources) {
        if (!PyDict_Next(values.ptr(), &position, &key, &value) || key != source.key.ptr())
            return std::nullopt;
        if (source.is_torchs && value != source.object.ptr()) return std::nullopt;
        if (source.is_option && value != source.object.ptr())
            changed[source.key] = py::reinterpret_borrow<py::object>(value);
    }
    if (!changed.empty())
        for (const Source& source : sources)
            if (source.is_flag && changed.contains(source.key) &&
                !PyUnicode_Check(py::object(changed[source.key]).ptr()))
                changed[source.key] = truth(source.key, changed[source.key]);
    return changed;
}

void TensorPlan::Group::take_over(const py::dict& changed) {
    for (Source& source : sources) {
        if (!changed.contains(source.key)) continue;
        const py::object value = changed[source.key];
        source.object = is_immutable(value) || is_immutable_pair(value) ? value : py::object();
    }
}

// Hands the plan the options that a group's dictionary has now. False where it needs a new plan.
bool TensorPlan::read_options(std::size_t number, const py::dict& values) {
    Group& group = groups_[number];
    const std::optional<py::dict> changed = group.changes(values);
    if (!changed) return false;
    if (changed->empty()) return true;
    const OptionStruct present = Rows::options(number);
    OptionStruct options = present;
    options.assign(*changed);
    if (fastopt_options_check_change(present.get(), options.get()) != FASTOPT_OK) return false;
    plan_.set_options(number, *options.get());
    group.take_over(*changed);
    return true;
}

// Whether what is not plain is still made of the same memory, which only Python code can tell.
bool TensorPlan::is_where_it_was(const Entry& entry, bool with_state) const {
    const std::size_t row = *entry.row;
    const auto check = [&](py::handle tensor, const Held& held, Part part, std::size_t slot) {
        const auto label = [&] { return name(row, part, slot); };
        return is_at(memory_of(tensor, entry, label), held);
    };
    if (!check(entry.parameter, rows_[row].parameter, Part::parameter, 0)) return false;
    const std::vector<Slot>& slots = tracked_[row].slots;
    for (std::size_t i = 0; with_state && i < slots.size(); ++i)
        if (!check(slots[i].tensor, rows_[row].slots[i], Part::slot, i)) return false;
    return true;
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
        for (std::size_t row = 0; row < rows_.size(); ++row) {
            const auto at = found.find(parameter(row).ptr());
            if (at != found.end() && PyDict_Check(at->second))
                tracked_[row].state = py::reinterpret_borrow<py::object>(at->second);
        }
        return true;
    }
    if (static_cast<std::size_t>(PyDict_Size(state.ptr())) != state_.size()) return false;
    for (std::size_t i = 0; PyDict_Next(state.ptr(), &position, &key, &value); ++i)
        if (key != state_[i].first.ptr() || value != state_[i].second.ptr()) return false;
    return true;
}

// Whether a parameter and its state are where they were.
bool TensorPlan::is_unchanged(std::size_t row, bool with_state) const {
    const Row& held = rows_[row];
    if (!is_unmoved(held.parameter)) return false;
    if (owns_all_ && !with_state) return true;
    const Tracked& tracked = tracked_[row];
    for (std::size_t i = 0; i < held.slots.size(); ++i) {
        const Slot& slot = tracked.slots[i];
        if (with_state &&
            (!tracked.state ||
             PyDict_GetItemWithError(tracked.state.ptr(), slot.name.ptr()) != slot.tensor.ptr()))
            return false;
        if ((with_state || !tracked.owns(i)) && !is_unmoved(held.slots[i])) return false;
    }
    return true;
}

// What a row's count of steps says.
std::int64_t TensorPlan::count(std::size_t row) const {
    const fastopt_array step = array(rows_[row].slots.back());
    const auto refuse = [&](const std::string& found) {
        throw py::value_error(name(row, Part::slot, rows_[row].slots.size() - 1) + found +
                              " must be one whole number >= 0; load a state that has a count of "
                              "steps");
    };
    if (!std::all_of(step.shape, step.shape + step.ndim, [](auto length) { return length == 1; }))
        refuse(", a tensor of more or fewer elements,");
    const double steps = load_step(step.data, step.type);
    if (!(steps >= 0 && steps < static_cast<double>(FASTOPT_MAX_STEPS) &&
          steps == std::floor(steps)))
        refuse(" = " + std::to_string(steps));
    return static_cast<std::int64_t>(steps);
}

bool TensorPlan::step(const py::list& param_groups, py::handle state, int threads) {
    const Release release(*this);
    if (!gather(param_groups, state)) return false;
    // The plan counts, too, as long as nobody else can have written to the tensors.
    for (std::size_t row = 0; row < rows_.size() && (!owns_all_ || !state.is_none()); ++row)
        if (tracked_[row].active && tracked_[row].has_step) plan_.set_steps(row, count(row));
    step_plan(threads);
    for (const Tracked& row : tracked_)
        if (row.active && row.has_step) add_step(row.count, row.count_type);
    return true;
}

// Hands the plan the present options and gradients. False where it is no longer the right plan.
bool TensorPlan::gather(const py::list& param_groups, py::handle state) {
    static PyObject* const grad = PyUnicode_InternFromString("grad");
    static PyObject* const params_key = PyUnicode_InternFromString("params");
    const bool with_state = !state.is_none();
    if (with_state && !PyDict_Check(state.ptr())) return false;
    for (std::size_t number = 0; number < groups_.size(); ++number) {
        if (param_groups.size() != groups_.size()) return false;
        const py::object group = param_groups[number];
        if (!PyDict_Check(group.ptr())) return false;
        const auto values = py::reinterpret_borrow<py::dict>(group);
        if (!read_options(number, values)) return false;
        const py::handle members = PyDict_GetItemWithError(values.ptr(), params_key);
        if (PyErr_Occurred()) throw py::error_already_set();
        if (!members || !PyList_Check(members.ptr())) return false;
        const auto params = py::reinterpret_borrow<py::list>(members);
        const std::vector<Entry>& entries = groups_[number].entries;
        for (std::size_t place = 0; place < entries.size(); ++place) {
            if (params.size() != entries.size()) return false;
            const Entry& entry = entries[place];
            if (PyList_GET_ITEM(params.ptr(), static_cast<py::ssize_t>(place)) !=
                entry.parameter.ptr())
                return false;
            const auto gradient =
                py::reinterpret_steal<py::object>(PyObject_GetAttr(entry.parameter.ptr(), grad));
            if (!gradient) throw py::error_already_set();
            if (gradient.is_none()) continue;
            if (!entry.row) return false;
            if (entry.is_plain) {
                hold_gradient(*entry.row, {gradient, *exchange_});
            } else {
                take_viewed_gradient(gradient, entry, values);
                if (!is_where_it_was(entry, with_state)) return false;
            }
            refuse_negated(entry);
        }
        if (params.size() != entries.size()) return false;
    }
    if (param_groups.size() != groups_.size() || (with_state && !is_known(state))) return false;
    if (!set_gradients(with_state)) return false;
    if (suspects_.empty()) return true;
    // Asking may run anybody's code, too.
    for (const std::size_t row : suspects_) {
        python::refuse_negated(gradients_[row].values.object(),
                               [&] { return name(row, Part::gradient, 0); });
        tracked_[row].was_asked = true;
    }
    return set_gradients(with_state);
}

// Asks for the sign of what has a gradient that is held, as far as that may be negated.
void TensorPlan::refuse_negated(const Entry& entry) const {
    const std::size_t row = *entry.row;
    const auto ask = [&](py::handle tensor, Part part, std::size_t slot) {
        python::refuse_negated(tensor, [&] { return name(row, part, slot); });
    };
    if (tracked_[row].is_single) ask(gradients_[row].values.object(), Part::gradient, 0);
    if (!entry.may_be_negated) return;
    ask(entry.parameter, Part::parameter, 0);
    const std::vector<Slot>& slots = tracked_[row].slots;
    for (std::size_t i = 0; i < slots.size(); ++i) ask(slots[i].tensor, Part::slot, i);
}

// False where parameters or state have moved. Lists the gradients whose sign is to be asked for.
//
// To ask takes half as long as all the rest for a small tensor. So it is done for the first
// gradient of a row, and later for those that may be imaginary. Of single elements, which look
// alike, the walk has asked. What gets by is a view of another sign without gaps, which torch makes
// where a negated tensor is given other memory.
bool TensorPlan::set_gradients(bool with_state) {
    suspects_.clear();
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        if (!is_unchanged(row, with_state)) return false;
        Tracked& tracked = tracked_[row];
        const bool active = static_cast<bool>(gradients_[row]);
        const std::optional<bool> imaginary = try_gradient(row);
        if (!imaginary) return false;
        if (active && !tracked.is_single && (*imaginary || !tracked.was_asked))
            suspects_.push_back(row);
        updated_is_current_ &= tracked.active == active;
        tracked.active = active;
    }
    set_interleaved_gradients();
    return true;
}

// As set_gradient. Nothing where a gradient has become sparse, of a parameter that was plain.
std::optional<bool> TensorPlan::try_gradient(std::size_t row) {
    try {
        return set_gradient(row);
    } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_TypeError)) throw;
        const py::object sparse = find_attribute(gradients_[row].values.object(), "is_sparse");
        if (!sparse || !sparse.is(py::bool_(true))) throw;
        return std::nullopt;
    }
}

const py::list& TensorPlan::updated() {
    if (!updated_is_current_) {
        updated_ = py::list();
        for (std::size_t row = 0; row < rows_.size(); ++row)
            if (tracked_[row].active) updated_.append(parameter(row));
        updated_is_current_ = true;
    }
    return updated_;
}

void TensorPlan::check_slot(const std::string& rule, const std::string& slot,
                            const py::dict& before, const py::dict& values) {
    const OptionStruct present(rule, before);
    const OptionStruct changed(rule, values);
    check(fastopt_options_check_slot(present.get(), changed.get(), slot.c_str()));
}

py::dict TensorPlan::group_options(const std::string& rule, const py::dict& values) {
    return OptionStruct(rule, *Group(rule, values).changes(values)).to_dict();
}

py::dict TensorPlan::group_state(const std::string& rule, const py::dict& values) {
    return OptionStruct(rule, *Group(rule, values).changes(values)).slots();
}

}  // namespace fastopt::python
