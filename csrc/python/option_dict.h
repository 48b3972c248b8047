// Options between Python dictionaries and a rule's struct, checked on the way in.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "../include/fastopt.h"
#include "objects.h"

namespace fastopt::python {

// A rule's struct, whichever rule it is.
class OptionStruct {
  public:
    // The rule's defaults, but for the values given.
    OptionStruct(const std::string& rule, const py::dict& values);

    // Takes over the named options. TypeError or ValueError, naming the option, its value and what
    // it may be; nothing is changed then.
    void assign(const py::dict& values);
    // The same, but what is out of range shows where the options are used, and after an error some
    // may have changed.
    void write(const py::dict& values);

    py::dict to_dict() const;
    const fastopt_variant_info& variant() const;
    // Of the variant's slots, in their order; and by name.
    std::vector<double> initial_state() const;
    py::dict slots() const;

    fastopt_options* get() { return reinterpret_cast<fastopt_options*>(bytes_.data()); }
    const fastopt_options* get() const {
        return reinterpret_cast<const fastopt_options*>(bytes_.data());
    }
    const fastopt_rule_info& rule() const { return *rule_; }

  private:
    const fastopt_option_info& option(py::handle key) const;

    const fastopt_rule_info* rule_;
    std::vector<double> bytes_;  // doubles for their alignment
};

// The name as C takes it, which would end it at a NUL. ValueError where there is one.
const char* c_name(const char* argument, const std::string& name);

py::tuple slot_names(const fastopt_variant_info& variant);

}  // namespace fastopt::python
