#include "options.h"

#include <string>

#include "arrays.h"

namespace fastopt {
namespace {

[[noreturn]] void refuse(PyObject* error, const std::string& name, py::handle value,
                         const std::string& wanted) {
    PyErr_SetString(error, (name + " = " + short_repr(value) + " must be " + wanted).c_str());
    throw py::error_already_set();
}

bool is_bool(py::handle value) {
    const std::string type = Py_TYPE(value.ptr())->tp_name;
    return PyBool_Check(value.ptr()) || type == "numpy.bool" || type == "numpy.bool_";
}

double number(const std::string& name, py::handle value, const Domain& domain) {
    if (is_bool(value)) refuse(PyExc_TypeError, name, value, domain.words);
    const double x = PyFloat_AsDouble(value.ptr());
    if (x == -1.0 && PyErr_Occurred()) {
        const bool too_large = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
        if (!too_large && !PyErr_ExceptionMatches(PyExc_TypeError)) throw py::error_already_set();
        PyErr_Clear();
        refuse(too_large ? PyExc_ValueError : PyExc_TypeError, name, value, domain.words);
    }
    if (!domain.holds(x)) refuse(PyExc_ValueError, name, value, domain.words);
    return x;
}

// Sets the one option that has the given name.
class Assigner final : public OptionVisitor {
  public:
    Assigner(const std::string& name, py::handle value) : name_(name), value_(value) {}

    void operator()(const char* name, double& target, const Domain& domain) override {
        if (find(name)) target = number(name_, value_, domain);
    }

    void operator()(const char* name, Pair& target, const Domain& domain) override {
        if (!find(name)) return;
        if (!PyTuple_Check(value_.ptr()) && !PyList_Check(value_.ptr()))
            refuse(PyExc_TypeError, name_, value_,
                   std::string("a tuple of two, each ") + domain.words);
        const auto values = py::reinterpret_steal<py::tuple>(PySequence_Tuple(value_.ptr()));
        if (values.size() != target.size())
            refuse(PyExc_ValueError, name_, value_,
                   std::string("a tuple of two, each ") + domain.words);
        for (std::size_t i = 0; i < target.size(); ++i)
            target[i] = number(name_ + "[" + std::to_string(i) + "]", values[i], domain);
    }

    void operator()(const char* name, bool& target) override {
        if (!find(name)) return;
        // What is merely true or false, such as 1, is more likely a mistake.
        if (!is_bool(value_)) refuse(PyExc_TypeError, name_, value_, "True or False");
        target = PyObject_IsTrue(value_.ptr()) == 1;
    }

    bool found() const { return found_; }

  private:
    bool find(const char* name) {
        const bool is_it = name_ == name;
        found_ |= is_it;
        return is_it;
    }

    const std::string& name_;
    py::handle value_;
    bool found_ = false;
};

class Reader final : public OptionVisitor {
  public:
    void operator()(const char* name, double& value, const Domain&) override { set(name, value); }
    void operator()(const char* name, Pair& value, const Domain&) override {
        set(name, py::make_tuple(value[0], value[1]));
    }
    void operator()(const char* name, bool& value) override { set(name, value); }

    py::dict values;

  private:
    template <class T>
    void set(const char* name, const T& value) {
        values[name] = value;
    }
};

}  // namespace

void assign(RuleOptions& options, const py::dict& values) {
    for (const auto& [key, value] : values) {
        const std::string name = py::str(key);
        Assigner assigner(name, value);
        options.visit(assigner);
        if (!assigner.found()) {
            std::string names;
            for (const auto& known : to_dict(options))
                names += (names.empty() ? "" : ", ") + std::string(py::str(known.first));
            throw py::type_error("there is no option '" + name + "'; the options are " + names);
        }
    }
    if (const char* conflict = options.conflict()) {
        const py::dict all = to_dict(options);
        throw py::value_error(std::string(conflict) + "; got " + std::string(py::str(all)));
    }
}

py::dict to_dict(RuleOptions& options) {
    Reader reader;
    options.visit(reader);
    return reader.values;
}

}  // namespace fastopt
