// One step on the caller's own arrays: what the raw functions, such as pyfastopt.adam_, call.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace fastopt::python {

namespace py = pybind11;

// `slots` maps names to arrays or None.
void apply(const std::string& rule, py::handle p, py::handle g, const py::dict& slots,
           py::handle step, const py::dict& options, py::handle threads);

}  // namespace fastopt::python
