#include "vector_functions.h"

#include <initializer_list>
#include <stdexcept>

#include "gil.h"

namespace fastopt::python {
namespace {

// Of an array of the package's own, which is of one of two types.
fastopt_type element_type(const py::array& array) {
    return array.itemsize() == sizeof(float) ? FASTOPT_F32 : FASTOPT_F64;
}

// The package itself calls these, so that a message needs no remedy.
std::size_t common_size(std::initializer_list<const py::array*> arrays) {
    const py::array& first = **arrays.begin();
    for (const py::array* array : arrays)
        if ((array->flags() & py::array::c_style) == 0 || array->size() != first.size() ||
            element_type(*array) != element_type(first))
            throw std::invalid_argument("vectors must be contiguous, of one type and length");
    return static_cast<std::size_t>(first.size());
}

py::array array_or(const py::object& object, const py::array& otherwise) {
    return object.is_none() ? otherwise : py::array(object);
}

}  // namespace

double combine(py::array& out, double a, const py::array& x, const py::object& y,
               const py::object& z, int num_threads) {
    const py::array second = array_or(y, x);
    const py::array third = array_or(z, x);
    const std::size_t count = common_size({&out, &x, &second, &third});
    const void* y_data = y.is_none() ? nullptr : second.data();
    const void* z_data = z.is_none() ? nullptr : third.data();
    double dot = 0;
    call_without_gil(fastopt_combine, element_type(x), count, out.mutable_data(), a, x.data(),
                     y_data, z_data, &dot, num_threads);
    return dot;
}

py::tuple secant(const py::array& g, py::array& before, double t, const py::array& d, py::array& y,
                 py::array& s, int num_threads) {
    const std::size_t count = common_size({&g, &before, &d, &y, &s});
    double dots[2] = {};
    call_without_gil(fastopt_secant, element_type(g), count, g.data(), before.mutable_data(), t,
                     d.data(), y.mutable_data(), s.mutable_data(), dots, num_threads);
    return py::make_tuple(dots[0], dots[1]);
}

py::tuple magnitudes(const py::array& x, int num_threads) {
    const std::size_t count = common_size({&x});
    double found[2] = {};
    call_without_gil(fastopt_magnitudes, element_type(x), count, x.data(), found, num_threads);
    return py::make_tuple(found[0], found[1]);
}

}  // namespace fastopt::python
