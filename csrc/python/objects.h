// What is asked of any Python object, whatever its class makes of that.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace fastopt::python {

namespace py = pybind11;

[[noreturn]] void refuse(PyObject* error, const std::string& message);

// A str as UTF-8; what that cannot have is escaped.
std::string utf8(py::handle text);

// repr(), and the beginning of it that a message has room for.
std::string whole_repr(py::handle object);
std::string short_repr(py::handle object);

// Null where the object lacks the attribute. Any other exception goes on.
py::object find_attribute(py::handle object, const char* name);

}  // namespace fastopt::python
