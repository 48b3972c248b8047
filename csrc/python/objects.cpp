#include "objects.h"

#include "../include/fastopt.h"

namespace fastopt::python {

void refuse(PyObject* error, const std::string& message) {
    PyErr_SetString(error, message.c_str());
    throw py::error_already_set();
}

void type_error(const std::string& place, const std::string& message) {
    refuse(PyExc_TypeError, place + ": " + message);
}

void value_error(const std::string& place, const std::string& message) {
    refuse(PyExc_ValueError, place + ": " + message);
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
    const auto whole = py::reinterpret_steal<py::str>(PyObject_Repr(object.ptr()));
    // Of integers of more digits than Python prints, and of what lacks a text, their type.
    if (!whole) {
        forget_refusal();
        return std::string("<") + Py_TYPE(object.ptr())->tp_name + " object>";
    }
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

bool forget_refusal() {
    if (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError))
        throw py::error_already_set();
    const bool is_type_error = PyErr_ExceptionMatches(PyExc_TypeError) != 0;
    PyErr_Clear();
    return is_type_error;
}

std::int64_t integer(const std::string& name, py::handle value, std::int64_t lowest,
                     std::int64_t highest) {
    const auto wrong = [&] {
        return name + " = " + short_repr(value) + " must be an integer from " +
               std::to_string(lowest) + " to " + std::to_string(highest);
    };
    if (PyBool_Check(value.ptr()) || !PyIndex_Check(value.ptr())) throw py::type_error(wrong());
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!index) {
        forget_refusal();
        throw py::type_error(wrong());
    }
    int overflow = 0;
    const std::int64_t number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (overflow != 0 || number < lowest || number > highest) throw py::value_error(wrong());
    return number;
}

int thread_number(py::handle threads) {
    return threads.is_none()
               ? 0
               : static_cast<int>(integer("num_threads", threads, 1, FASTOPT_MAX_THREADS));
}

}  // namespace fastopt::python
