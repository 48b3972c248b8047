// The gate between Python's arrays and the plan: what is accepted as which array, without a copy.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "../kernels.h"
#include "../operand.h"

namespace fastopt {

namespace py = pybind11;

// How a message names an array: the argument and the path within it, as in grads['W'].
struct Label {
    const char* argument;
    const std::string& path;

    std::string text() const { return argument + path; }
};

[[noreturn]] void type_error(const Label& label, const std::string& message);
[[noreturn]] void value_error(const Label& label, const std::string& message);

// repr(), cut short where it is long.
std::string short_repr(py::handle object);

// The object's own memory as a NumPy array: an ndarray, or what speaks the buffer protocol or
// DLPack. TypeError for anything else.
py::array share_array(py::handle object, const Label& label);

// The three kinds of array that a rule takes. TypeError or ValueError with the remedy unless the
// array is float32 or float64, native, aligned, and (if it is to be written) writable with each
// element in a place of its own; a gradient or a state slot has to match its parameter.
void check_parameter(const py::array& array, const Label& label);
void check_slot(const py::array& array, const py::array& parameter, const Label& label);
void check_gradient(const py::array& array, const py::array& parameter, const Label& label);

// Whether the arrays have an element in common, exactly: interleaved views do not.
bool share_memory(const py::array& a, const py::array& b);

// Of an array that has passed one of the checks.
Scalar scalar_type(const py::array& array);
ArrayView view(const py::array& array);

// A new array with the parameter's shape, type and order of axes in memory, on a cache line.
py::array state_like(const py::array& parameter, double value);

}  // namespace fastopt
