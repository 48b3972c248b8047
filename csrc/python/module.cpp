// What Python sees: pyfastopt._core. Its types and texts are in pyfastopt/_core.pyi.
#include <pybind11/pybind11.h>

#include "../include/fastopt.hpp"
#include "array_plan.h"
#include "collected.h"
#include "entry.h"
#include "lock.h"
#include "memory.h"
#include "one_step.h"
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
        python::raise_refusal(error);
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

// (all options, the state slots with what each begins with) under the given options.
py::tuple describe(const std::string& rule, const py::dict& values) {
    const python::OptionStruct options(rule, values);
    return py::make_tuple(options.to_dict(), options.slots());
}

std::string name_of(const char* argument, py::handle name) {
    if (!PyUnicode_Check(name.ptr()))
        throw py::type_error(std::string(argument) + " = " + python::short_repr(name) +
                             " must be a name, a str");
    return python::utf8(name);
}

// The rule's struct under the given options.
py::bytes pack_options(py::handle rule, const py::dict& values) {
    const python::OptionStruct options(name_of("rule", rule), values);
    return {reinterpret_cast<const char*>(options.get()), options.rule().options_size};
}

py::array state_like(const py::array& parameter, double value) {
    python::View view;
    python::Memory(parameter).look(view, [] { return "parameter"; });
    return python::state_like(view.array, value);
}

// What every step of a program calls.

py::object step_once(python::OneStep& function, const python::Arguments& given) {
    function.step(given);
    return py::none();
}

py::object run(python::Lock& lock, const python::Arguments& given) {
    return lock.run(given);
}

// By the names that pyfastopt.runtime_info explains.
py::dict thread_limits() {
    fastopt_thread_limits limits;
    fastopt::check(fastopt_get_thread_limits(&limits));
    py::dict found;
    for (const auto& [name, limit] : {std::pair("PYFASTOPT_NUM_THREADS", limits.environment),
                                      {"openmp", limits.openmp},
                                      {"OMP_THREAD_LIMIT", limits.openmp_limit},
                                      {"cpus", limits.cpus},
                                      {"cgroup", limits.quota},
                                      {"fork", limits.forked}})
        found[name] = limit == 0 ? py::object(py::none()) : py::int_(limit);
    return found;
}

py::object step_arrays(python::ArrayPlan& plan, const python::Arguments& given) {
    given.expect(1, "step");
    plan.step(given[0]);
    return py::none();
}

py::object step_tensors(python::TensorPlan& plan, const python::Arguments& given) {
    given.expect(3, "step");
    return py::bool_(plan.step(given.as<py::list>(0), given[1], given.as<int>(2)));
}

py::object updated(python::TensorPlan& plan, const python::Arguments& given) {
    given.expect(0, "updated");
    return plan.updated();
}

}  // namespace

PYBIND11_MODULE(_core, m) {
    using python::ArrayPlan;
    using python::Lock;
    using python::OneStep;
    using python::TensorPlan;

    py::register_exception_translator(translate);
    fastopt::check(fastopt_initialize());
    python::NumPy::import();

    m.attr("__version__") = fastopt_version();
    m.attr("compiler") = fastopt_compiler();
    m.def("compiled_isas", [] { return isas(false); });
    m.def("available_isas", [] { return isas(true); });
    m.def("active_isa", &fastopt_active_isa);
    m.def(
        "use_isa",
        [](py::handle name) {
            const std::string text = name_of("isa", name);
            fastopt::check(fastopt_use_isa(python::c_name("isa", text)));
        },
        "name"_a);
    m.def("prefetches", [] { return fastopt_prefetches() != 0; });
    m.def("openmp_version", &fastopt_openmp_version);
    m.def("num_threads", &fastopt_num_threads, "num_threads"_a);
    m.def("thread_limits", &thread_limits);

    m.def("thread_number", &python::thread_number, "threads"_a);
    m.def("short_repr", &python::short_repr, "object"_a);
    m.def("variants", &variants);
    m.def("rules", &rules);
    m.def("describe", &describe, "rule"_a, "options"_a);
    m.def("pack_options", &pack_options, "rule"_a, "options"_a);

    m.def("combine", &python::combine, "out"_a, "a"_a, "x"_a, "y"_a, "z"_a, "num_threads"_a);
    m.def("secant", &python::secant, "g"_a, "before"_a, "t"_a, "d"_a, "y"_a, "s"_a,
          "num_threads"_a);
    m.def("magnitudes", &python::magnitudes, "x"_a, "num_threads"_a);

    py::class_<OneStep> one_step(m, "OneStep");
    python::Constructor<const std::string&, const py::dict&>::define(one_step, "rule"_a,
                                                                     "defaults"_a);
    python::define_method<OneStep, step_once>(one_step, "step");

    py::class_<Lock> lock(m, "Lock");
    python::Constructor<>::define(lock);
    python::define_method<Lock, run>(lock, "run");

    py::class_<ArrayPlan> plan(m, "Plan", python::collected<ArrayPlan>());
    python::define_method<ArrayPlan, step_arrays>(plan, "step");
    python::Constructor<const std::string&, py::handle, const py::list&, bool>::define(
        plan, "rule"_a, "parameters"_a, "options"_a, "grouped"_a);
    plan.def("gradients", &ArrayPlan::gradients, "grads"_a)
        .def_property("num_threads", &ArrayPlan::num_threads, &ArrayPlan::set_num_threads)
        .def("threading", &ArrayPlan::threading)
        .def_property_readonly("group_count", &ArrayPlan::number_of_groups)
        .def("initial_state", &ArrayPlan::initial_state, "row"_a)
        .def("options", &ArrayPlan::options, "group"_a)
        .def("set_options", &ArrayPlan::set_options, "group"_a, "values"_a)
        .def("set_all_options", &ArrayPlan::set_all_options, "values"_a)
        .def("add_group", &ArrayPlan::add_group, "rule"_a, "parameters"_a, "options"_a)
        .def("remove_group", &ArrayPlan::remove_group, "group"_a)
        .def("paths", &ArrayPlan::paths)
        .def("groups", &ArrayPlan::groups)
        .def("parameters", &ArrayPlan::parameters)
        .def("group_parameters", &ArrayPlan::group_parameters, "group"_a)
        .def("structure", &ArrayPlan::structure)
        .def("state", &ArrayPlan::state)
        .def("snapshot", &ArrayPlan::snapshot)
        .def("load", &ArrayPlan::load, "options"_a, "state"_a);

    m.def("check_tensor", &TensorPlan::check_tensor, "tensor_type"_a, "tensor"_a, "label"_a);
    m.def("group_state", &TensorPlan::group_state, "rule"_a, "group"_a);
    m.def("group_options", &TensorPlan::group_options, "rule"_a, "group"_a);
    m.def("check_slot", &TensorPlan::check_slot, "rule"_a, "slot"_a, "before"_a, "options"_a);
    m.def("state_like", &state_like, "parameter"_a, "value"_a);
    py::class_<fastopt::Plan>(m, "Learned");
    py::class_<TensorPlan> tensor_plan(m, "TensorPlan", python::collected<TensorPlan>());
    python::Constructor<const std::string&, const py::dict&, py::handle, const py::function&,
                        const py::function&, const py::list&,
                        const fastopt::Plan*>::define(tensor_plan, "rule"_a, "defaults"_a,
                                                      "tensor_type"_a, "plain_view"_a,
                                                      "gradient_view"_a, "groups"_a, "learned"_a);
    python::define_method<TensorPlan, step_tensors>(tensor_plan, "step");
    python::define_method<TensorPlan, updated>(tensor_plan, "updated");
    tensor_plan.def("threading", &TensorPlan::threading).def("learned", &TensorPlan::learned);
}
