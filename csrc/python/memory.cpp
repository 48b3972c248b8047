#include "memory.h"

#include <algorithm>
#include <cstdint>

#include "../include/fastopt.hpp"

namespace fastopt::python {
namespace {

// NumPy's type numbers, part of its ABI.
constexpr int npy_float32 = 11;
constexpr int npy_float64 = 12;
constexpr int npy_complex64 = 14;
constexpr int npy_complex128 = 15;

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
    type_error(
        label.text(),
        std::string("a ") + Py_TYPE(tensor.ptr())->tp_name + " with " + attribute("ndim") + ", " +
            attribute("dtype") + ", " + attribute("layout") + ", " + attribute("device") +
            " is not supported; use dense float32 or float64 tensors on the CPU, of at most " +
            std::to_string(FASTOPT_MAX_DIMS) + " dimensions");
}

[[noreturn]] void refuse_without_memory(py::handle tensor, const Label& label) {
    type_error(label.text(), std::string("a ") + Py_TYPE(tensor.ptr())->tp_name +
                                 " that has no memory of its own, or whose memory was freed; pass "
                                 "the array or tensor that has the numbers");
}

bool same_place(const fastopt_array& a, const fastopt_array& b) {
    return a.data == b.data && a.type == b.type && a.ndim == b.ndim &&
           std::equal(a.shape, a.shape + a.ndim, b.shape) &&
           std::equal(a.strides, a.strides + a.ndim, b.strides);
}

// Sees complex numbers as pairs along one more axis. False where that would be too many.
bool add_pairs(View& view) {
    fastopt_array& array = view.array;
    if (array.ndim == FASTOPT_MAX_DIMS) return false;
    if (array.shape != view.shape) {
        std::copy_n(array.shape, array.ndim, view.shape);
        std::copy_n(array.strides, array.ndim, view.strides);
    }
    view.shape[array.ndim] = 2;
    view.strides[array.ndim] = static_cast<std::ptrdiff_t>(size_of(array.type));
    array = {array.data, array.type, array.ndim + 1, view.shape, view.strides};
    return true;
}

// False for what is not a dense tensor of numbers that are supported, on the CPU.
bool view_tensor(const DLPackTensor& seen, View& view) {
    const bool is_complex = view.is_complex = seen.type_code == DLPackExchange::complex;
    const int bits = is_complex ? seen.type_bits / 2 : seen.type_bits;
    if (seen.device_type != DLPackExchange::cpu || seen.ndim > FASTOPT_MAX_DIMS ||
        (!is_complex && seen.type_code != DLPackExchange::floating_point) || seen.type_lanes != 1 ||
        (bits != 32 && bits != 64))
        return false;
    const fastopt_type type = bits == 32 ? FASTOPT_F32 : FASTOPT_F64;
    const std::ptrdiff_t item = seen.type_bits / 8;
    for (int i = 0; i < seen.ndim; ++i) {
        view.shape[i] = static_cast<std::ptrdiff_t>(seen.shape[i]);
        view.strides[i] = static_cast<std::ptrdiff_t>(seen.strides[i]) * item;
    }
    view.array = {static_cast<char*>(seen.data) + seen.byte_offset, type, seen.ndim, view.shape,
                  view.strides};
    return !is_complex || add_pairs(view);
}

bool is_negated(py::handle object) {
    static PyObject* const is_neg = PyUnicode_InternFromString("is_neg");
    PyObject* const self = object.ptr();
    const auto answer =
        py::reinterpret_steal<py::object>(PyObject_VectorcallMethod(is_neg, &self, 1, nullptr));
    if (answer) return answer.cast<bool>();
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) throw py::error_already_set();
    PyErr_Clear();
    return false;
}

[[noreturn]] void refuse_sign(const Label& label) {
    value_error(label.text(), "its negation is still to be done; pass what .resolve_neg() gives");
}

}  // namespace

const NumPy* NumPy::imported = nullptr;

NumPy::NumPy() {
    ndarray = py::detail::npy_api::get().PyArray_Type_;
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

void NumPy::import() {
    imported = new NumPy;  // for as long as the process, which may end while threads step
}

std::size_t bytes_of(const fastopt_array& array) {
    std::size_t bytes = size_of(array.type);
    for (int i = 0; i < array.ndim; ++i) bytes *= static_cast<std::size_t>(array.shape[i]);
    return bytes;
}

void refuse_negated(py::handle object, const Label& label) {
    if (is_negated(object)) refuse_sign(label);
}

bool may_be_imaginary(const fastopt_array& array) {
    const std::size_t item = size_of(array.type);
    if ((reinterpret_cast<std::uintptr_t>(array.data) & (2 * item - 1)) != 0) return true;
    for (int i = array.ndim; i-- > 0;)
        if (array.shape[i] > 1 && array.strides[i] == static_cast<std::ptrdiff_t>(item))
            return false;
    return bytes_of(array) > item;
}

// Of what is not an ndarray itself.
Memory Memory::share_other(py::handle object, const Label& label) {
    const NumPy& numpy = NumPy::get();
    if (py::isinstance(object, numpy.masked_array))
        type_error(label.text(),
                   "a masked array's mask would be ignored; pass .filled(0) or .data");
    if (py::isinstance<py::array>(object)) return Memory(py::reinterpret_borrow<py::array>(object));
    const std::string type = Py_TYPE(object.ptr())->tp_name;
    const bool buffer = PyObject_CheckBuffer(object.ptr()) != 0;
    if (!buffer && !find_attribute(object, "__dlpack__"))
        type_error(label.text(), "expected an array, got " + short_repr(object) + " of type " +
                                     type +
                                     "; pass a NumPy array, or an object with the buffer protocol "
                                     "or DLPack");
    py::array array;
    bool negated = false;
    try {
        if (buffer)
            return Memory(
                numpy.asarray(py::memoryview(py::reinterpret_borrow<py::object>(object))));
        negated = is_negated(object);
        array = numpy.from_dlpack(object);
    } catch (py::error_already_set& error) {
        // As forget_refusal() does.
        if (!error.matches(PyExc_Exception) || error.matches(PyExc_MemoryError)) throw;
        const std::string reason =
            utf8(error.type().attr("__name__")) + ": " + utf8(py::str(error.value()));
        py::raise_from(
            error, PyExc_TypeError,
            (label.text() + ": the memory of " + short_repr(object) + " of type " + type +
             " cannot be used as a NumPy array (" + reason +
             "); pass one that is on the CPU, dense, and float32 or float64 (for a tensor that "
             "requires a gradient: .detach())")
                .c_str());
        throw py::error_already_set();
    }
    if (negated) refuse_sign(label);
    const DLPackExchange* exchange = find_exchange(py::type::handle_of(object));
    if (exchange == nullptr || !array.writeable()) return Memory(array);
    // Where a tensor has no memory, NumPy has taken some of its own.
    DLPackTensor seen;
    if (exchange->describe(object.ptr(), &seen) != 0) throw py::error_already_set();
    if (array.size() > 0 && static_cast<char*>(seen.data) + seen.byte_offset != array.data())
        refuse_without_memory(object, label);
    return {object, *exchange};
}

py::array Memory::as_array() const {
    return exchange_ == nullptr ? py::array(object_) : py::array(NumPy::get().from_dlpack(object_));
}

// Of an array with a descriptor that is none of the two that nearly all arrays have.
void Memory::look_at_other_array(View& view, const Label& label) const {
    const auto& array = this->array();
    const auto type = py::reinterpret_borrow<py::dtype>(array.descr);
    const int number = type.num();
    const bool is_single = number == npy_float32 || number == npy_complex64;
    if (!is_single && number != npy_float64 && number != npy_complex128)
        type_error(label.text(), "dtype " + utf8(py::str(type)) +
                                     " is not supported; convert it to float32 or float64");
    if (!is_native(type))
        value_error(label.text(), "dtype " + utf8(py::str(type)) +
                                      " is not in native byte order; convert it with .astype('" +
                                      utf8(type.attr("name")) + "')");
    view.array = {array.data, is_single ? FASTOPT_F32 : FASTOPT_F64, array.nd, array.dimensions,
                  array.strides};
    view.is_complex = number == npy_complex64 || number == npy_complex128;
    if (view.is_complex && !add_pairs(view))
        value_error(label.text(), "has " + std::to_string(array.nd) +
                                      " dimensions, too many for complex numbers; reshape it");
}

bool Memory::is_other_array_at(const fastopt_array& place, bool is_complex) const {
    View view;
    try {
        look_at_other_array(view, [] { return std::string(); });
    } catch (py::error_already_set&) {
        return false;
    }
    return view.is_complex == is_complex && same_place(view.array, place);
}

bool Memory::tells_all(py::handle object, const Label& label) const {
    if (object_.ptr() != object.ptr()) return PyObject_CheckBuffer(object.ptr()) != 0;
    if (exchange_ == nullptr) return true;
    View view;
    look(view, label);
    return !may_be_imaginary(view.array);
}

bool Memory::is_whole() const {
    if (exchange_ != nullptr) return true;
    PyObject* const base = array().base;
    if (base == nullptr) return true;
    // As of np.arange(6).reshape(2, 3).
    return Py_REFCNT(base) == 1 && NumPy::get().is_array(base) &&
           py::detail::array_proxy(base)->base == nullptr;
}

void Memory::look_at_tensor(View& view, const Label& label) const {
    DLPackTensor seen;
    if (exchange_->describe(object_.ptr(), &seen) != 0 || !view_tensor(seen, view))
        refuse_tensor(object_, label);
    const fastopt_array& array = view.array;
    if (array.data == nullptr &&
        std::find(array.shape, array.shape + array.ndim, 0) == array.shape + array.ndim)
        refuse_without_memory(object_, label);
}

bool Memory::is_tensor_at(const fastopt_array& place, bool is_complex) const {
    DLPackTensor seen;
    if (exchange_->describe(object_.ptr(), &seen) != 0) {
        PyErr_Clear();
        return false;
    }
    if (is_complex) {
        View view;
        return view_tensor(seen, view) && view.is_complex && same_place(view.array, place);
    }
    // The same without a view, because each step asks it of each parameter.
    const auto item = static_cast<std::ptrdiff_t>(size_of(place.type));
    bool same = static_cast<char*>(seen.data) + seen.byte_offset == place.data &&
                seen.ndim == place.ndim && seen.type_bits == 8 * item && seen.type_lanes == 1 &&
                seen.type_code == DLPackExchange::floating_point &&
                seen.device_type == DLPackExchange::cpu;
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

void check_kind(const View& view, bool is_complex, const Label& label) {
    if (view.is_complex == is_complex) return;
    type_error(label.text(), is_complex ? "it is real, and its parameter complex; convert it"
                                        : "it is complex, and its parameter real; convert it");
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

py::array as_complex(const py::array& pairs) {
    const char* name = pairs.itemsize() == sizeof(float) ? "complex64" : "complex128";
    return pairs.attr("view")(name)[py::make_tuple(py::ellipsis(), 0)];
}

}  // namespace fastopt::python
