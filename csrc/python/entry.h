// Functions that Python calls without making a tuple of their arguments, for what every step calls.
#pragma once

#include <pybind11/pybind11.h>

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "../include/fastopt.hpp"

namespace fastopt::python {

namespace py = pybind11;

// Python's exception for what the library has refused.
inline void raise_refusal(const Error& error) {
    if (error.status() == FASTOPT_OUT_OF_MEMORY)
        PyErr_NoMemory();
    else
        PyErr_SetString(error.status() == FASTOPT_BUSY ? PyExc_RuntimeError : PyExc_ValueError,
                        error.what());
}

// The arguments of a call, all by position.
struct Arguments {
    PyObject* const* values;
    Py_ssize_t count;

    py::handle operator[](Py_ssize_t i) const { return values[i]; }
    // TypeError unless there are so many.
    void expect(Py_ssize_t wanted, const char* function) const {
        if (count != wanted)
            throw py::type_error(std::string(function) + "() takes " + std::to_string(wanted) +
                                 " arguments by position, got " + std::to_string(count));
    }
    template <class T>
    T as(Py_ssize_t i) const {
        return py::cast<T>(values[i]);
    }
};

// What the body returns; what it throws becomes Python's exception.
template <class Body>
PyObject* answer(Body&& body) {
    try {
        return py::object(body()).release().ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const Error& error) {
        raise_refusal(error);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

// Defines the method of a class: py::object function(Class&, const Arguments&).
template <class Class, py::object (*function)(Class&, const Arguments&)>
void define_method(py::class_<Class>& of, const char* name) {
    static constexpr auto call = [](PyObject* self, PyObject* const* values,
                                    Py_ssize_t count) -> PyObject* {
        return answer([&] {
            const auto held = reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder();
            if (!held.holder_constructed()) throw py::type_error("__init__() has not been called");
            return function(*held.template value_ptr<Class>(), Arguments{values, count});
        });
    };
    static PyMethodDef definition;
    definition = {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(+call)),
                  METH_FASTCALL, nullptr};
    auto* const type = reinterpret_cast<PyTypeObject*>(of.ptr());
    of.attr(name) = py::reinterpret_steal<py::object>(PyDescr_NewMethod(type, &definition));
}

// Defines the constructor of a class. pybind11's own enters the object in its lists where it
// catches nothing, so that the process would end if there were no memory for that.
template <class... Args>
struct Constructor {
    template <class Class, class... Extra>
    static void define(py::class_<Class>& of, const Extra&... extra) {
        of.def(
            "__init__",
            [](py::detail::value_and_holder& place, Args... args) {
                auto made = std::make_unique<Class>(std::forward<Args>(args)...);
                place.value_ptr() = made.get();
                try {
                    place.type->init_instance(place.inst, &made);
                } catch (...) {
                    place.value_ptr() = nullptr;
                    throw;
                }
            },
            py::detail::is_new_style_constructor(), extra...);
    }
};

}  // namespace fastopt::python
