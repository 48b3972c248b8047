// One step on the caller's own arrays: what the raw functions, such as pyfastopt.adam_, call.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "entry.h"
#include "option_dict.h"

namespace fastopt::python {

namespace py = pybind11;

class OneStep {
  public:
    // `defaults`: the options whose defaults are other than the library's.
    OneStep(const std::string& rule, const py::dict& defaults) : defaults_(rule, defaults) {}

    // Given p, g, each slot of the rule or None, the step, a dictionary of options, the number of
    // threads.
    void step(const Arguments& given) const;

  private:
    OptionStruct defaults_;
};

}  // namespace fastopt::python
