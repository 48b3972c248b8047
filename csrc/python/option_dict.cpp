#include "option_dict.h"

#include <pybind11/numpy.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "../include/fastopt.hpp"
#include "objects.h"

namespace fastopt::python {
namespace {

// The text of a str, which has it; of anything else, and of what UTF-8 lacks, nothing.
std::string_view as_utf8(py::handle key) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_Check(key.ptr()) ? PyUnicode_AsUTF8AndSize(key.ptr(), &size) : "";
    if (text != nullptr) return {text, static_cast<std::size_t>(size)};
    forget_refusal();
    return {};
}

[[noreturn]] void refuse_value(PyObject* error, const std::string& name, py::handle value,
                               const std::string& wanted) {
    refuse(error, name + " = " + short_repr(value) + " must be " + wanted);
}

bool is_bool(py::handle value) {
    if (PyBool_Check(value.ptr())) return true;
    if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr())) return false;
    const std::string_view type = Py_TYPE(value.ptr())->tp_name;
    return type == "numpy.bool" || type == "numpy.bool_";
}

// NumPy's complex numbers and arrays give their real parts for floats.
bool is_complex(py::handle value) {
    if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr())) return false;
    const py::object type = find_attribute(value, "dtype");
    return type && py::isinstance<py::dtype>(type) &&
           py::reinterpret_borrow<py::dtype>(type).kind() == 'c';
}

double number(const Label& label, py::handle value, const char* domain) {
    if (is_bool(value) || is_complex(value))
        refuse_value(PyExc_TypeError, label.text(), value, domain);
    const double x = PyFloat_AsDouble(value.ptr());
    if (x == -1.0 && PyErr_Occurred())
        refuse_value(forget_refusal() ? PyExc_TypeError : PyExc_ValueError, label.text(), value,
                     domain);
    return x;
}

// What the struct has to hold for a Python value, of the option's kind.
void put(const fastopt_option_info& option, py::handle value, char* at) {
    const auto copy = [&](auto x) { std::memcpy(at, &x, sizeof x); };
    switch (option.kind) {
        case FASTOPT_NUMBER:
            copy(number([&] { return option.name; }, value, option.domain));
            break;
        case FASTOPT_PAIR: {
            const auto refuse_pair = [&](PyObject* error) {
                refuse_value(error, option.name, value,
                             std::string("a tuple of two, each ") + option.domain);
            };
            if (!PyTuple_Check(value.ptr()) && !PyList_Check(value.ptr()))
                refuse_pair(PyExc_TypeError);
            const auto values = py::reinterpret_steal<py::tuple>(PySequence_Tuple(value.ptr()));
            if (!values) throw py::error_already_set();
            if (values.size() != 2) refuse_pair(PyExc_ValueError);
            const auto element = [&](std::size_t i) {
                const auto label = [&] { return option.name + ("[" + std::to_string(i) + "]"); };
                return number(label, values[i], option.domain);
            };
            copy(std::array<double, 2>{element(0), element(1)});
            break;
        }
        case FASTOPT_FLAG: {
            // What is merely true or false, such as 1, is more likely a mistake.
            if (!is_bool(value)) refuse_value(PyExc_TypeError, option.name, value, "True or False");
            const int truth = PyObject_IsTrue(value.ptr());
            if (truth < 0) throw py::error_already_set();
            copy(truth);
            break;
        }
    }
}

py::object read(const fastopt_option_info& option, const char* at) {
    double numbers[2];
    int flag = 0;
    switch (option.kind) {
        case FASTOPT_NUMBER:
            std::memcpy(numbers, at, sizeof(double));
            return py::float_(numbers[0]);
        case FASTOPT_PAIR:
            std::memcpy(numbers, at, sizeof numbers);
            return py::make_tuple(numbers[0], numbers[1]);
        case FASTOPT_FLAG:
            std::memcpy(&flag, at, sizeof flag);
            return py::bool_(flag != 0);
    }
    return py::none();
}

}  // namespace

OptionStruct::OptionStruct(const std::string& rule, const py::dict& values)
    : rule_(fastopt_find_rule(c_name("rule", rule))) {
    const std::size_t size = rule_ == nullptr ? sizeof(fastopt_options) : rule_->options_size;
    bytes_.resize(size / sizeof(double));
    check(fastopt_options_init(rule.c_str(), get(), size));
    assign(values);
}

void OptionStruct::assign(const py::dict& values) {
    OptionStruct changed = *this;
    changed.write(values);
    check(fastopt_options_check(changed.get()));
    *this = std::move(changed);
}

void OptionStruct::write(const py::dict& values) {
    for (const auto& [key, value] : values) {
        const fastopt_option_info& option = this->option(key);
        put(option, value, reinterpret_cast<char*>(get()) + option.offset);
    }
}

// TypeError where there is none of that name.
const fastopt_option_info& OptionStruct::option(py::handle key) const {
    const fastopt_option_info* const end = rule_->options + rule_->option_count;
    const std::string_view name = as_utf8(key);
    for (const auto* known = rule_->options; known != end; ++known)
        if (known->name == name) return *known;
    std::string names;
    for (const auto* known = rule_->options; known != end; ++known)
        names += (names.empty() ? "" : ", ") + std::string(known->name);
    throw py::type_error("there is no option '" + utf8(py::str(key)) + "'; the options are " +
                         names);
}

py::dict OptionStruct::to_dict() const {
    py::dict values;
    for (std::size_t i = 0; i < rule_->option_count; ++i) {
        const fastopt_option_info& option = rule_->options[i];
        values[option.name] = read(option, reinterpret_cast<const char*>(get()) + option.offset);
    }
    return values;
}

const fastopt_variant_info& OptionStruct::variant() const {
    const fastopt_variant_info* variant = nullptr;
    check(fastopt_options_variant(get(), &variant, nullptr));
    return *variant;
}

std::vector<double> OptionStruct::initial_state() const {
    std::vector<double> values(variant().slot_count);
    check(fastopt_options_variant(get(), nullptr, values.data()));
    return values;
}

py::dict OptionStruct::slots() const {
    py::dict named;
    const std::vector<double> initial = initial_state();
    for (std::size_t i = 0; i < initial.size(); ++i) named[variant().slots[i]] = initial[i];
    return named;
}

const char* c_name(const char* argument, const std::string& name) {
    if (name.find('\0') != std::string::npos)
        refuse_value(PyExc_ValueError, argument, py::str(name), "a name without a NUL in it");
    return name.c_str();
}

py::tuple slot_names(const fastopt_variant_info& variant) {
    py::tuple names(variant.slot_count);
    for (std::size_t i = 0; i < variant.slot_count; ++i) names[i] = py::str(variant.slots[i]);
    return names;
}

}  // namespace fastopt::python
