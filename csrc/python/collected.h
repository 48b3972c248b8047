// Classes whose instances Python's collector of reference cycles can see through.
#pragma once

#include <pybind11/pybind11.h>

namespace fastopt::python {

// For a class that has visit_objects(visit), which calls visit(py::object&) for each reference that
// it holds.
template <class Class>
pybind11::custom_type_setup collected() {
    namespace py = pybind11;
    return py::custom_type_setup([](PyHeapTypeObject* heap_type) {
        // Null while the constructor is at work.
        static constexpr auto instance = [](PyObject* self) -> Class* {
            const auto held = reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder();
            return held.holder_constructed() ? held.template value_ptr<Class>() : nullptr;
        };
        PyTypeObject& type = heap_type->ht_type;
        type.tp_flags |= Py_TPFLAGS_HAVE_GC;
        type.tp_traverse = [](PyObject* self, visitproc visit, void* arg) {
            Py_VISIT(Py_TYPE(self));
            int result = 0;
            if (Class* held = instance(self))
                held->visit_objects([&](const py::object& object) {
                    if (object && result == 0) result = visit(object.ptr(), arg);
                });
            return result;
        };
        type.tp_clear = [](PyObject* self) {
            if (Class* held = instance(self))
                held->visit_objects([](py::object& object) { object = py::object(); });
            return 0;
        };
    });
}

}  // namespace fastopt::python
