// Options between Python dictionaries and RuleOptions, checked on the way in.
#pragma once

#include <pybind11/pybind11.h>

#include "../registry.h"

namespace fastopt {

namespace py = pybind11;

// Sets the named options. TypeError or ValueError, naming the option, its value and what it may be,
// and `options` is then in an unspecified state: assign to a clone.
void assign(RuleOptions& options, const py::dict& values);

py::dict to_dict(RuleOptions& options);

}  // namespace fastopt
