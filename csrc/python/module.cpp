// What Python sees: pyfastopt._core. Its types and texts are in pyfastopt/_core.pyi.
#include <pybind11/pybind11.h>

#include "../include/fastopt.hpp"
#include "array_plan.h"
#include "collected.h"
#include "lock.h"
#include "tensor_plan.h"
#include "vector_functions.h"

namespace py = pybind11;
namespace python = fastopt::python;
using namespace py::literals;

namespace {

void translate(std::exception_ptr raised) {
    try {
        std::rethrow_exception(std::move(raised));
    } catch (const fastopt::Error& error) {
        switch (error.status()) {
            case FASTOPT_OUT_OF_MEMORY:
                PyErr_NoMemory();
                break;
            case FASTOPT_BUSY:
                PyErr_SetString(PyExc_RuntimeError, error.what());
                break;
            default:
                PyErr_SetString(PyExc_ValueError, error.what());
        }
    }
}

py::list isas(bool only_available) {
    py::list names;
    for (std::size_t i = 0; const char* name = fastopt_isa(i); ++i)
        if (!only_available || fastopt_isa_available(name) != 0) names.append(name);
    return names;
}

py::list variants() {
    py::list all;
    for (std::size_t i = 0; const fastopt_variant_info* variant = fastopt_variant(i); ++i)
        all.append(py::make_tuple(variant->rule, python::slot_names(*variant)));
    return all;
}

// (name, size of the struct, [(option, kind, domain, offset)], slots of all variants) of each.
py::list rules() {
    py::list all;
    for (std::size_t i = 0; const fastopt_rule_info* rule = fastopt_rule(i); ++i) {
        py::list options;
        for (std::size_t k = 0; k < rule->option_count; ++k) {
            const fastopt_option_info& option = rule->options[k];
            options.append(py::make_tuple(option.name, static_cast<int>(option.kind), option.domain,
                                          option.offset));
        }
        all.append(py::make_tuple(rule->name, rule->options_size, options,
                                  python::slot_names(rule->all_slots)));
    }
    return all;
}

}  // namespace

PYBIND11_MODULE(_core, m) {
    using python::ArrayPlan;
    using python::Lock;
    using python::TensorPlan;

    py::register_exception_translator(translate);
    fastopt::check(fastopt_initialize());

    m.attr("__version__") = fastopt_version();
    m.attr("compiler") = fastopt_compiler();
    m.def("compiled_isas", [] { return isas(false); });
    m.def("available_isas", [] { return isas(true); });
    m.def("active_isa", &fastopt_active_isa);
    m.def(
        "use_isa",
        [](const std::string& name) {
            fastopt::check(fastopt_use_isa(python::c_name("isa", name)));
        },
        "name"_a);
    m.def("prefetches", [] { return fastopt_prefetches() != 0; });
    m.def("openmp_version", &fastopt_openmp_version);
    m.def("num_threads", &fastopt_num_threads, "requested"_a);

    m.def("thread_number", &python::thread_number, "threads"_a);
    m.def("variants", &variants);
    m.def("rules", &rules);
    m.def("describe", &python::describe, "rule"_a, "options"_a);
    m.def("pack_options", &python::pack_options, "rule"_a, "options"_a);
    m.def("apply", &python::apply, "rule"_a, "p"_a, "g"_a, "slots"_a, "step"_a, "options"_a,
          "num_threads"_a);

    m.def("combine", &python::combine, "out"_a, "a"_a, "x"_a, "y"_a, "z"_a, "num_threads"_a);
    m.def("secant", &python::secant, "g"_a, "before"_a, "t"_a, "d"_a, "y"_a, "s"_a,
          "num_threads"_a);
    m.def("magnitudes", &python::magnitudes, "x"_a, "num_threads"_a);

    py::class_<Lock>(m, "Lock").def(py::init<>()).def("run", &Lock::run, "function"_a);

    py::class_<ArrayPlan>(m, "Plan", python::collected<ArrayPlan>())
        .def(py::init<const std::string&, py::handle, const py::list&, bool>(), "rule"_a,
             "parameters"_a, "options"_a, "grouped"_a)
        .def("step", &ArrayPlan::step, "grads"_a)
        .def("gradients", &ArrayPlan::gradients, "grads"_a)
        .def_property("num_threads", &ArrayPlan::num_threads, &ArrayPlan::set_num_threads)
        .def("options", &ArrayPlan::options)
        .def("set_options", &ArrayPlan::set_options, "changes"_a)
        .def("paths", &ArrayPlan::paths)
        .def("groups", &ArrayPlan::groups)
        .def("parameters", &ArrayPlan::parameters)
        .def("state", &ArrayPlan::state)
        .def("snapshot", &ArrayPlan::snapshot)
        .def("load", &ArrayPlan::load, "options"_a, "state"_a);

    m.def("check_tensor", &TensorPlan::check_tensor, "tensor_type"_a, "tensor"_a, "label"_a);
    m.def("group_state", &TensorPlan::group_state, "rule"_a, "group"_a);
    m.def("state_like", &python::state_like, "parameter"_a, "value"_a);
    py::class_<TensorPlan>(m, "TensorPlan", python::collected<TensorPlan>())
        .def(py::init<const std::string&, py::handle, const py::list&>(), "rule"_a, "tensor_type"_a,
             "groups"_a)
        .def("step", &TensorPlan::step, "param_groups"_a, "state"_a, "threads"_a)
        .def("updated", &TensorPlan::updated);
}
