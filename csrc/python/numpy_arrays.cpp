#include "numpy_arrays.h"

#include <pybind11/gil_safe_call_once.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "../include/fastopt.hpp"
#include "dlpack.h"

namespace fastopt::python {
namespace {

// NumPy's type numbers, part of its ABI.
constexpr int npy_float32 = 11;
constexpr int npy_float64 = 12;

// Shares of exact overlap searches (NumPy's unit) before two views count as overlapping.
constexpr int max_overlap_work = 100000;

struct NumPy {
    py::object asarray, from_dlpack, shares_memory, zeros, masked_array, too_hard_error;

    static const NumPy& get() {
        PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<NumPy> store;
        return store
            .call_once_and_store_result([] {
                const auto numpy = py::module_::import("numpy");
                const auto exceptions =
                    py::hasattr(numpy, "exceptions") ? numpy.attr("exceptions") : numpy;
                return NumPy{numpy.attr("asarray"),
                             numpy.attr("from_dlpack"),
                             numpy.attr("shares_memory"),
                             numpy.attr("zeros"),
                             numpy.attr("ma").attr("MaskedArray"),
                             exceptions.attr("TooHardError")};
            })
            .get_stored();
    }
};

bool is_exact_ndarray(py::handle object) {
    return Py_TYPE(object.ptr()) == py::detail::npy_api::get().PyArray_Type_;
}

bool is_native(const py::dtype& type) {
    const char order = type.byteorder();
    return order == '=' || order == '|' || order == (PY_BIG_ENDIAN ? '>' : '<');
}

bool has_flag(const py::array& array, int flag) {
    return (array.flags() & flag) != 0;
}

// From the first to behind the last byte.
struct Extent {
    const char *begin, *end;
};

Extent extent(const fastopt_array& array) {
    Extent bytes;
    check(fastopt_array_extent(&array, &bytes.begin, &bytes.end));
    return bytes;
}

bool overlap(const Extent& a, const Extent& b) {
    return a.begin < b.end && b.begin < a.end;
}

std::string dtype_name(const py::array& array) {
    return py::str(array.dtype());
}

std::string shape_text(const py::array& array) {
    return short_repr(
        py::reinterpret_steal<py::object>(PyObject_GetAttrString(array.ptr(), "shape")));
}

// What parameters, slots and gradients have in common.
void check_elements(const py::array& array, const Label& label) {
    const py::dtype type = array.dtype();
    const int number = type.num();
    if (number != npy_float32 && number != npy_float64)
        type_error(label, "dtype " + dtype_name(array) +
                              " is not supported; convert it to float32 or float64");
    if (!is_native(type))
        value_error(label, "dtype " + dtype_name(array) +
                               " is not in native byte order; convert it with .astype('" +
                               (number == npy_float32 ? "float32" : "float64") + "')");
    if (!has_flag(array, py::detail::npy_api::NPY_ARRAY_ALIGNED_))
        value_error(label, "data at address " +
                               std::to_string(reinterpret_cast<std::uintptr_t>(array.data())) +
                               " with strides " + short_repr(array.attr("strides")) +
                               " is not aligned to its elements; pass an aligned copy, .copy()");
}

void check_matches(const py::array& array, const ArraySpec& spec, const Label& label) {
    if (!spec.has_type(array) || !has_flag(array, py::detail::npy_api::NPY_ARRAY_ALIGNED_)) {
        check_elements(array, label);
        const std::string wanted = py::str(spec.type);
        if (array.dtype().num() != spec.type.num())
            type_error(label, "dtype " + dtype_name(array) + " differs from its parameter's " +
                                  wanted + "; convert it with .astype('" + wanted + "')");
    }
    const auto ndim = static_cast<std::size_t>(array.ndim());
    if (2 * ndim != spec.layout.size() ||
        !std::equal(array.shape(), array.shape() + ndim, spec.layout.begin()))
        value_error(label, "shape " + shape_text(array) + " differs from its parameter's " +
                               short_repr(py::tuple(py::cast(spec.shape()))) +
                               "; reshape or broadcast it first");
}

void check_written(const py::array& array, const Label& label) {
    if (!array.writeable())
        value_error(label,
                    "the array is read-only and is to be updated in place; pass a writable "
                    "array, or a copy of this one");
    const fastopt_array elements = view(array);
    int overlaps = 0;
    check(fastopt_array_overlaps_itself(&elements, &overlaps));
    if (overlaps != 0)
        value_error(label, "elements share memory (strides " + short_repr(array.attr("strides")) +
                               " for shape " + shape_text(array) + "); pass a copy of it");
}

}  // namespace

void type_error(const Label& label, const std::string& message) {
    refuse(PyExc_TypeError, label.text() + ": " + message);
}

void value_error(const Label& label, const std::string& message) {
    refuse(PyExc_ValueError, label.text() + ": " + message);
}

void refuse_negated(py::handle object, const std::string& label) {
    const py::object is_neg = find_attribute(object, "is_neg");
    if (is_neg && is_neg().cast<bool>())
        throw py::value_error(label +
                              ": its negation is still to be done; pass what .resolve_neg() gives");
}

py::array share_array(py::handle object, const Label& label) {
    if (is_exact_ndarray(object)) return py::reinterpret_borrow<py::array>(object);
    const NumPy& numpy = NumPy::get();
    if (py::isinstance(object, numpy.masked_array))
        type_error(label, "a masked array's mask would be ignored; pass .filled(0) or .data");
    if (py::isinstance<py::array>(object)) return py::reinterpret_borrow<py::array>(object);
    const bool buffer = PyObject_CheckBuffer(object.ptr()) != 0;
    if (!buffer && !find_attribute(object, "__dlpack__"))
        type_error(label, "expected an array, got " + short_repr(object) + " of type " +
                              Py_TYPE(object.ptr())->tp_name +
                              "; pass a NumPy array, or an object with the buffer protocol or "
                              "DLPack");
    py::object array;
    try {
        if (buffer)
            return numpy.asarray(py::memoryview(py::reinterpret_borrow<py::object>(object)));
        refuse_negated(object, label.text());
        array = numpy.from_dlpack(object);
    } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_Exception)) throw;  // such as KeyboardInterrupt
        py::raise_from(error, PyExc_TypeError,
                       (label.text() + ": the memory of " + short_repr(object) + " of type " +
                        Py_TYPE(object.ptr())->tp_name +
                        " is not to be had as a NumPy array; pass one that is on the CPU, dense, "
                        "and float32 or float64 (for a tensor that requires a gradient: .detach())")
                           .c_str());
        throw py::error_already_set();
    }
    // Where there is no memory, NumPy has taken some of its own.
    if (has_moved(object, array))
        type_error(label, std::string("a ") + Py_TYPE(object.ptr())->tp_name +
                              " that has no memory of its own, or whose memory was freed; pass "
                              "the array or tensor that has the numbers");
    return array;
}

bool has_moved(py::handle object, const py::array& array) {
    const DLPackExchange* exchange = find_exchange(py::type::handle_of(object));
    if (exchange == nullptr || array.size() == 0) return false;
    DLPackTensor now;
    if (exchange->describe(object.ptr(), &now) != 0) throw py::error_already_set();
    return static_cast<char*>(now.data) + now.byte_offset != array.data();
}

ArraySpec::ArraySpec(const py::array& parameter)
    : type(parameter.dtype()),
      element(element_type(parameter)),
      data(parameter.data()),
      layout(parameter.shape(), parameter.shape() + parameter.ndim()) {
    layout.insert(layout.end(), parameter.strides(), parameter.strides() + parameter.ndim());
}

void check_parameter(const py::array& array, const Label& label) {
    check_elements(array, label);
    check_written(array, label);
}

void check_slot(const py::array& array, const ArraySpec& spec, const Label& label) {
    check_matches(array, spec, label);
    check_written(array, label);
}

void check_gradient(const py::array& array, const ArraySpec& spec, const Label& label) {
    check_matches(array, spec, label);
}

bool share_memory(const fastopt_array& a, const fastopt_array& b) {
    if (!overlap(extent(a), extent(b))) return false;
    const NumPy& numpy = NumPy::get();
    const auto as_ndarray = [](const fastopt_array& array) {
        const py::dtype type(array.type == FASTOPT_F32 ? npy_float32 : npy_float64);
        return py::array(type, {array.shape, array.shape + array.ndim},
                         {array.strides, array.strides + array.ndim}, array.data, py::none());
    };
    try {
        return numpy.shares_memory(as_ndarray(a), as_ndarray(b), max_overlap_work).cast<bool>();
    } catch (py::error_already_set& error) {
        if (!error.matches(numpy.too_hard_error)) throw;
        return true;
    }
}

std::optional<std::pair<std::size_t, std::size_t>> find_shared(
    const std::vector<fastopt_array>& arrays) {
    std::vector<Extent> extents(arrays.size());
    std::transform(arrays.begin(), arrays.end(), extents.begin(), extent);
    std::vector<std::size_t> order(arrays.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return extents[a].begin < extents[b].begin; });
    for (std::size_t i = 0; i < order.size(); ++i) {
        const Extent& mine = extents[order[i]];
        for (std::size_t k = i + 1; k < order.size() && extents[order[k]].begin < mine.end; ++k)
            if (share_memory(arrays[order[i]], arrays[order[k]]))
                return std::minmax(order[i], order[k]);
    }
    return std::nullopt;
}

fastopt_type element_type(const py::array& array) {
    return array.dtype().num() == npy_float32 ? FASTOPT_F32 : FASTOPT_F64;
}

fastopt_array view(const py::array& array) {
    return {const_cast<void*>(array.data()), element_type(array), static_cast<int>(array.ndim()),
            array.shape(), array.strides()};
}

py::array state_like(const py::array& parameter, double value) {
    const fastopt_array like = view(parameter);
    // NumPy's allocator asks for huge pages, and its zeros cost nothing until they are touched.
    py::array block =
        NumPy::get().zeros(parameter.nbytes() + FASTOPT_STATE_PADDING, py::dtype("uint8"));
    std::vector<py::ssize_t> strides(static_cast<std::size_t>(like.ndim));
    fastopt_array placed;
    check(fastopt_array_place_state(&like, block.mutable_data(), strides.data(), &placed));
    py::array state(parameter.dtype(), {like.shape, like.shape + like.ndim}, strides, placed.data,
                    block);
    if (value != 0) state[py::ellipsis()] = value;
    return state;
}

}  // namespace fastopt::python
