#include "memory.h"

#include "../include/fastopt.hpp"

namespace fastopt::python {
namespace {

// NumPy's type numbers, part of its ABI.
constexpr int npy_float32 = 11;
constexpr int npy_float64 = 12;

bool is_exact_ndarray(py::handle object) {
    return Py_TYPE(object.ptr()) == py::detail::npy_api::get().PyArray_Type_;
}

bool is_native(const py::dtype& type) {
    const char order = type.byteorder();
    return order == '=' || order == '|' || order == (PY_BIG_ENDIAN ? '>' : '<');
}

// What a tensor that cannot be used says of itself.
[[noreturn]] void refuse_tensor(py::handle tensor, const Label& label) {
    PyErr_Clear();
    const auto attribute = [&](const char* name) {
        const py::object found = find_attribute(tensor, name);
        return std::string(name) + " " + (found ? utf8(py::str(found)) : "unknown");
    };
    type_error(label.text(), std::string("a ") + Py_TYPE(tensor.ptr())->tp_name + " with " +
                                 attribute("dtype") + ", " + attribute("layout") + ", " +
                                 attribute("device") +
                                 " is not supported; use dense float32 or float64 tensors on the "
                                 "CPU");
}

}  // namespace

const NumPy* NumPy::imported = nullptr;

NumPy::NumPy() {
    const auto numpy = py::module_::import("numpy");
    const auto exceptions = py::hasattr(numpy, "exceptions") ? numpy.attr("exceptions") : numpy;
    asarray = numpy.attr("asarray");
    from_dlpack = numpy.attr("from_dlpack");
    shares_memory = numpy.attr("shares_memory");
    zeros = numpy.attr("zeros");
    masked_array = numpy.attr("ma").attr("MaskedArray");
    too_hard_error = exceptions.attr("TooHardError");
    float32 = py::dtype(npy_float32);
    float64 = py::dtype(npy_float64);
}

bool NumPy::is_copy(py::handle descriptor, fastopt_type type) {
    const auto own = py::reinterpret_borrow<py::dtype>(descriptor);
    return own.num() == get().of(type).num() && fastopt::python::is_native(own);
}

void NumPy::import() {
    imported = new NumPy;  // for as long as the process, which may end while threads step
}

std::size_t bytes_of(const fastopt_array& array) {
    std::size_t bytes = size_of(array.type);
    for (int i = 0; i < array.ndim; ++i) bytes *= static_cast<std::size_t>(array.shape[i]);
    return bytes;
}

void refuse_negated(py::handle object, const Label& label) {
    const py::object is_neg = find_attribute(object, "is_neg");
    if (is_neg && is_neg().cast<bool>())
        value_error(label.text(),
                    "its negation is still to be done; pass what .resolve_neg() gives");
}

Memory Memory::share(py::handle object, const Label& label) {
    const auto as_it_is = [&] { return Memory(py::reinterpret_borrow<py::array>(object)); };
    if (is_exact_ndarray(object)) return as_it_is();
    const NumPy& numpy = NumPy::get();
    if (py::isinstance(object, numpy.masked_array))
        type_error(label.text(),
                   "a masked array's mask would be ignored; pass .filled(0) or .data");
    if (py::isinstance<py::array>(object)) return as_it_is();
    const std::string type = Py_TYPE(object.ptr())->tp_name;
    const bool buffer = PyObject_CheckBuffer(object.ptr()) != 0;
    if (!buffer && !find_attribute(object, "__dlpack__"))
        type_error(label.text(), "expected an array, got " + short_repr(object) + " of type " +
                                     type +
                                     "; pass a NumPy array, or an object with the buffer protocol "
                                     "or DLPack");
    py::array array;
    try {
        if (buffer)
            return Memory(
                numpy.asarray(py::memoryview(py::reinterpret_borrow<py::object>(object))));
        refuse_negated(object, label);
        array = numpy.from_dlpack(object);
    } catch (py::error_already_set& error) {
        if (!error.matches(PyExc_Exception)) throw;  // such as KeyboardInterrupt
        py::raise_from(
            error, PyExc_TypeError,
            (label.text() + ": the memory of " + short_repr(object) + " of type " + type +
             " cannot be used as a NumPy array; pass one that is on the CPU, dense, and "
             "float32 or float64 (for a tensor that requires a gradient: .detach())")
                .c_str());
        throw py::error_already_set();
    }
    const DLPackExchange* exchange = find_exchange(py::type::handle_of(object));
    if (exchange == nullptr || !array.writeable()) return Memory(array);
    // Where a tensor has no memory, NumPy has taken some of its own.
    DLPackTensor seen;
    if (exchange->describe(object.ptr(), &seen) != 0) throw py::error_already_set();
    if (array.size() > 0 && static_cast<char*>(seen.data) + seen.byte_offset != array.data())
        type_error(label.text(), "a " + type +
                                     " that has no memory of its own, or whose memory was freed; "
                                     "pass the array or tensor that has the numbers");
    return {object, *exchange};
}

py::array Memory::as_array() const {
    return exchange_ == nullptr ? py::array(object_) : py::array(NumPy::get().from_dlpack(object_));
}

// Of an array with a descriptor that is none of the two that nearly all arrays have.
fastopt_type Memory::type_of_array(const Label& label) const {
    const auto type = py::reinterpret_borrow<py::dtype>(array().descr);
    const int number = type.num();
    if (number != npy_float32 && number != npy_float64)
        type_error(label.text(), "dtype " + utf8(py::str(type)) +
                                     " is not supported; convert it to float32 or float64");
    if (!is_native(type))
        value_error(label.text(), "dtype " + utf8(py::str(type)) +
                                      " is not in native byte order; convert it with .astype('" +
                                      (number == npy_float32 ? "float32" : "float64") + "')");
    return number == npy_float32 ? FASTOPT_F32 : FASTOPT_F64;
}

void Memory::look_at_tensor(View& view, const Label& label) const {
    DLPackTensor seen;
    if (exchange_->describe(object_.ptr(), &seen) != 0 || seen.device_type != DLPackExchange::cpu ||
        seen.ndim > FASTOPT_MAX_DIMS || seen.type_code != DLPackExchange::floating_point ||
        seen.type_lanes != 1 || (seen.type_bits != 32 && seen.type_bits != 64))
        refuse_tensor(object_, label);
    view.array = {static_cast<char*>(seen.data) + seen.byte_offset,
                  seen.type_bits == 32 ? FASTOPT_F32 : FASTOPT_F64, seen.ndim, view.shape,
                  view.strides};
    const auto item = static_cast<std::ptrdiff_t>(size_of(view.array.type));
    for (int i = 0; i < seen.ndim; ++i) {
        view.shape[i] = static_cast<std::ptrdiff_t>(seen.shape[i]);
        view.strides[i] = static_cast<std::ptrdiff_t>(seen.strides[i]) * item;
    }
}

bool Memory::is_tensor_at(const fastopt_array& place) const {
    DLPackTensor seen;
    if (exchange_->describe(object_.ptr(), &seen) != 0) {
        PyErr_Clear();
        return false;
    }
    const auto item = static_cast<std::int64_t>(size_of(place.type));
    bool same = static_cast<char*>(seen.data) + seen.byte_offset == place.data &&
                seen.type_code == DLPackExchange::floating_point && seen.type_bits == 8 * item &&
                seen.ndim == place.ndim;
    for (int i = 0; same && i < place.ndim; ++i)
        same = seen.shape[i] == place.shape[i] && seen.strides[i] * item == place.strides[i];
    return same;
}

void Memory::check_writable(const Label& label) const {
    if (!is_writable())
        value_error(label.text(),
                    "the array is read-only and is to be updated in place; pass a writable array, "
                    "or a copy of this one");
}

void refuse_array(const std::string& place, bool is_type_error) {
    const std::string message = fastopt_error_message();
    const std::string argument = fastopt_error_argument();
    refuse(is_type_error ? PyExc_TypeError : PyExc_ValueError,
           place + (argument.empty() ? ", " + message : message.substr(argument.size())));
}

py::array as_array(py::handle number, fastopt_type type, const Label& label) {
    const double value = PyFloat_AsDouble(number.ptr());
    if (value == -1.0 && PyErr_Occurred()) {
        PyErr_Clear();
        value_error(label.text(), short_repr(number) + " is beyond float64; scale it down");
    }
    if (type == FASTOPT_F64) return py::array(NumPy::get().float64, {}, {}, &value);
    const auto rounded = static_cast<float>(value);
    return py::array(NumPy::get().float32, {}, {}, &rounded);
}

py::array state_like(const fastopt_array& parameter, double value) {
    const NumPy& numpy = NumPy::get();
    // NumPy's allocator asks for huge pages, and its zeros cost nothing until they are touched.
    py::array block = numpy.zeros(bytes_of(parameter) + FASTOPT_STATE_PADDING, py::dtype("uint8"));
    std::vector<py::ssize_t> strides(static_cast<std::size_t>(parameter.ndim));
    fastopt_array placed;
    check(fastopt_array_place_state(&parameter, block.mutable_data(), strides.data(), &placed));
    py::array state(numpy.of(parameter.type), {placed.shape, placed.shape + placed.ndim}, strides,
                    placed.data, block);
    if (value != 0) state[py::ellipsis()] = value;
    return state;
}

}  // namespace fastopt::python
