// What Python sees: pyfastopt._core. Its types and texts are in pyfastopt/_core.pyi.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdlib>

#include "../isa.h"
#include "../registry.h"
#include "../threads.h"
#include "bound_plan.h"

namespace py = pybind11;
using namespace py::literals;

PYBIND11_MODULE(_core, m) {
    using fastopt::BoundPlan;

    m.attr("__version__") = FASTOPT_VERSION;
    m.attr("compiler") = FASTOPT_COMPILER;
    fastopt::init_threads();
    if (const char* isa = std::getenv("PYFASTOPT_ISA"); isa != nullptr && *isa != '\0') {
        try {
            fastopt::use_isa(isa);
        } catch (const std::invalid_argument& error) {
            throw std::invalid_argument(std::string("PYFASTOPT_ISA: ") + error.what());
        }
    }

    m.def("compiled_isas", &fastopt::compiled_isas);
    m.def("available_isas", &fastopt::available_isas);
    m.def("active_isa", [] { return fastopt::active_isa().isa; });
    m.def("use_isa", &fastopt::use_isa, "name"_a);
    m.def("openmp_version", &fastopt::openmp_version);
    m.def("default_threads", [] { return fastopt::thread_count(0); });
    m.def("kernels", [] {
        py::list all;
        for (const fastopt::KernelInfo& info : fastopt::kernel_infos())
            all.append(py::make_tuple(info.rule, py::tuple(py::cast(info.slots))));
        return all;
    });

    m.def("describe", &fastopt::describe, "rule"_a, "options"_a);
    m.def("apply", &fastopt::apply, "rule"_a, "p"_a, "g"_a, "slots"_a, "step"_a, "options"_a,
          "num_threads"_a);

    py::class_<BoundPlan>(m, "Plan")
        .def(py::init<const std::string&, py::handle, const py::list&, bool>(), "rule"_a,
             "parameters"_a, "options"_a, "grouped"_a)
        .def("step", &BoundPlan::step, "grads"_a)
        .def_property("num_threads", &BoundPlan::num_threads, &BoundPlan::set_num_threads)
        .def("options", &BoundPlan::options)
        .def("set_options", &BoundPlan::set_options, "changes"_a)
        .def("paths", &BoundPlan::paths)
        .def("groups", &BoundPlan::groups)
        .def("parameters", &BoundPlan::parameters)
        .def("state", &BoundPlan::state)
        .def("snapshot", &BoundPlan::snapshot)
        .def("load", &BoundPlan::load, "options"_a, "state"_a);
}
