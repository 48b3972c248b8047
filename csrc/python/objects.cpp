#include "objects.h"

namespace fastopt::python {

void refuse(PyObject* error, const std::string& message) {
    PyErr_SetString(error, message.c_str());
    throw py::error_already_set();
}

std::string utf8(py::handle text) {
    const auto bytes = py::reinterpret_steal<py::bytes>(
        PyUnicode_AsEncodedString(text.ptr(), "utf-8", "backslashreplace"));
    if (!bytes) throw py::error_already_set();
    return bytes;
}

std::string whole_repr(py::handle object) {
    return utf8(py::repr(object));
}

std::string short_repr(py::handle object) {
    constexpr py::ssize_t longest = 80;
    const py::str whole = py::repr(object);
    if (PyUnicode_GetLength(whole.ptr()) <= longest) return utf8(whole);
    const auto cut =
        py::reinterpret_steal<py::object>(PyUnicode_Substring(whole.ptr(), 0, longest));
    if (!cut) throw py::error_already_set();
    return utf8(cut) + "...";
}

py::object find_attribute(py::handle object, const char* name) {
    auto found = py::reinterpret_steal<py::object>(PyObject_GetAttrString(object.ptr(), name));
    if (found) return found;
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) throw py::error_already_set();
    PyErr_Clear();
    return {};
}

}  // namespace fastopt::python
