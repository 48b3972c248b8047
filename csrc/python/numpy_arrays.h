// The gate between Python's arrays and the plan: what is accepted as which array, without a copy.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../include/fastopt.h"
#include "objects.h"

namespace fastopt::python {

// How a message names an array: the argument and the path within it, as in grads['W'].
struct Label {
    const char* argument;
    const std::string& path;

    std::string text() const { return argument + path; }
};

[[noreturn]] void type_error(const Label& label, const std::string& message);
[[noreturn]] void value_error(const Label& label, const std::string& message);

// The object's own memory as a NumPy array: an ndarray, or what speaks the buffer protocol or
// DLPack. TypeError for anything else.
py::array share_array(py::handle object, const Label& label);

// Whether an object that speaks DLPack no longer has the memory that was shared as this array. An
// array keeps memory alive, but a tensor may free or replace it nevertheless; its class then offers
// DLPack's C functions, which are asked here without running anybody's Python code.
bool has_moved(py::handle object, const py::array& array);

// ValueError for a tensor of PyTorch whose sign is to be flipped by whoever reads it, which DLPack
// does not tell.
void refuse_negated(py::handle object, const std::string& label);

// A parameter as it was when its plan was made: what it has to be still, and what its gradient and
// state have to match.
struct ArraySpec {
    explicit ArraySpec(const py::array& parameter);

    // Arrays of a native dtype share one descriptor, save for rare copies of it.
    bool has_type(const py::array& array) const {
        return py::detail::array_proxy(array.ptr())->descr == type.ptr();
    }
    // For an array of this type.
    fastopt_array view(const py::array& array) const {
        return {const_cast<void*>(array.data()), element, static_cast<int>(array.ndim()),
                array.shape(), array.strides()};
    }

    // Whether the array is where and as it was, which NumPy lets anybody change.
    bool still_describes(const py::array& array) const {
        const auto ndim = static_cast<std::size_t>(array.ndim());
        bool same = array.data() == data && has_type(array) && 2 * ndim == layout.size();
        for (std::size_t i = 0; same && i < ndim; ++i)
            same = array.shape()[i] == layout[i] && array.strides()[i] == layout[ndim + i];
        return same;
    }

    std::vector<py::ssize_t> shape() const {
        return {layout.data(), layout.data() + layout.size() / 2};
    }

    py::dtype type;
    fastopt_type element;
    const void* data;
    std::vector<py::ssize_t> layout;  // shape, and behind that strides: one place to look at
};

// TypeError or ValueError with the remedy unless the array is float32 or float64, native, aligned,
// of the given spec, and (if it is to be written) writable with each element in a place of its own.
void check_parameter(const py::array& array, const Label& label);
void check_slot(const py::array& array, const ArraySpec& spec, const Label& label);
void check_gradient(const py::array& array, const ArraySpec& spec, const Label& label);

// Whether the arrays have an element in common, exactly: interleaved views do not.
bool share_memory(const fastopt_array& a, const fastopt_array& b);

// The first two of the arrays, in the order of addresses, that have an element in common.
std::optional<std::pair<std::size_t, std::size_t>> find_shared(
    const std::vector<fastopt_array>& arrays);

// Of an array that has passed one of the checks.
fastopt_array view(const py::array& array);
fastopt_type element_type(const py::array& array);

// A new array with the parameter's shape, type and order of axes in memory. It begins at a cache
// line, or where it is long, as far behind one as the parameter does.
py::array state_like(const py::array& parameter, double value);

}  // namespace fastopt::python
