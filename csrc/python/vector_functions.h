// The vector functions of the C API on NumPy arrays: contiguous, of one type and length.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace fastopt::python {

namespace py = pybind11;

// out = a*x, or y + a*x where y is not None; returns the dot product with z, or 0 for None.
double combine(py::array& out, double a, const py::array& x, const py::object& y,
               const py::object& z, int num_threads);

// y = g - before, s = t*d, before = g; returns the dot products of y with s and with itself.
py::tuple secant(const py::array& g, py::array& before, double t, const py::array& d, py::array& y,
                 py::array& s, int num_threads);

// The largest magnitude, and the sum of all.
py::tuple magnitudes(const py::array& x, int num_threads);

}  // namespace fastopt::python
