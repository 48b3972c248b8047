// The memory of Python's arrays and tensors: what is taken as which array, without a copy.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>

#include "../include/fastopt.h"
#include "dlpack.h"
#include "objects.h"

namespace fastopt::python {

// An array as a look has found it, with room for what it may refer to.
struct View {
    fastopt_array array;
    bool is_complex;
    std::ptrdiff_t shape[FASTOPT_MAX_DIMS];
    std::ptrdiff_t strides[FASTOPT_MAX_DIMS];
};

// What is needed of NumPy, imported with the module.
class NumPy {
  public:
    static void import();
    static const NumPy& get() { return *imported; }

    const py::dtype& of(fastopt_type type) const { return type == FASTOPT_F32 ? float32 : float64; }
    bool is_array(py::handle object) const { return Py_TYPE(object.ptr()) == ndarray; }
    PyTypeObject* ndarray;
    py::object asarray, from_dlpack, shares_memory, zeros, masked_array, too_hard_error;
    // Arrays of a native dtype share one descriptor, save for rare copies of it.
    py::dtype float32, float64;

  private:
    NumPy();
    static const NumPy* imported;
};

// An object whose memory is used where it is: a NumPy array, or a tensor of a class that offers
// DLPack's C functions. It is kept alive, but its owner may give it other memory, so that each step
// looks anew.
class Memory {
  public:
    Memory() = default;
    explicit Memory(const py::array& array) : object_(array) {}
    Memory(py::handle tensor, const DLPackExchange& exchange)
        : object_(py::reinterpret_borrow<py::object>(tensor)), exchange_(&exchange) {}
    // Of an ndarray, or of what speaks the buffer protocol or DLPack. TypeError for anything else.
    // It may run anybody's code.
    static Memory share(py::handle object, const Label& label) {
        if (NumPy::get().is_array(object)) return Memory(py::reinterpret_borrow<py::array>(object));
        return share_other(object, label);
    }

    explicit operator bool() const { return static_cast<bool>(object_); }
    const py::object& object() const { return object_; }
    py::array as_array() const;

    // Where and how it lies now; complex numbers are pairs, along one more axis. TypeError or
    // ValueError unless it is dense, on the CPU, and of float32 or float64 in native byte order.
    // The view is good while the object stays as it is.
    void look(View& view, const Label& label) const {
        if (exchange_ != nullptr) return look_at_tensor(view, label);
        const auto& array = this->array();
        const NumPy& numpy = NumPy::get();
        view.is_complex = false;
        if (array.descr == numpy.float32.ptr())
            view.array = {array.data, FASTOPT_F32, array.nd, array.dimensions, array.strides};
        else if (array.descr == numpy.float64.ptr())
            view.array = {array.data, FASTOPT_F64, array.nd, array.dimensions, array.strides};
        else
            look_at_other_array(view, label);
    }
    // Whether it is where such an array, or one of complex numbers, was seen.
    bool is_at(const fastopt_array& place, bool is_complex) const {
        if (exchange_ != nullptr) return is_tensor_at(place, is_complex);
        const auto& array = this->array();
        if (array.data != place.data || array.nd != place.ndim || is_complex ||
            array.descr != NumPy::get().of(place.type).ptr())
            return is_other_array_at(place, is_complex);
        for (int i = 0; i < place.ndim; ++i)
            if (array.dimensions[i] != place.shape[i] || array.strides[i] != place.strides[i])
                return false;
        return true;
    }
    // Whether this, which an object shares, tells what becomes of that object's memory.
    bool tells_all(py::handle object, const Label& label) const;
    // Whether a copy of the object has all that is in its memory: of arrays, that no other sees it.
    bool is_whole() const;
    // Of tensors nothing says that they are not.
    bool is_writable() const {
        constexpr int writable = py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
        return exchange_ != nullptr || (array().flags & writable) != 0;
    }
    void check_writable(const Label& label) const;

    template <class Visit>
    void visit_objects(Visit&& visit) {
        visit(object_);
    }

  private:
    static Memory share_other(py::handle object, const Label& label);
    const py::detail::PyArray_Proxy& array() const {
        return *py::detail::array_proxy(object_.ptr());
    }
    void look_at_other_array(View& view, const Label& label) const;
    bool is_other_array_at(const fastopt_array& place, bool is_complex) const;
    void look_at_tensor(View& view, const Label& label) const;
    bool is_tensor_at(const fastopt_array& place, bool is_complex) const;

    py::object object_;
    const DLPackExchange* exchange_ = nullptr;  // null: an ndarray
};

// TypeError for complex numbers where the parameter is real, and the reverse.
void check_kind(const View& view, bool is_complex, const Label& label);

// How much its elements take.
std::size_t bytes_of(const fastopt_array& array);

// ValueError for a tensor of PyTorch whose sign is to be flipped by whoever reads it, which DLPack
// does not tell. It may run anybody's code, and takes as long as a step of a small tensor.
void refuse_negated(py::handle object, const Label& label);

// Whether an array lies as what torch negates so, the imaginary parts of conjugates: with gaps
// between all elements, or off twice their size.
bool may_be_imaginary(const fastopt_array& array);

// TypeError or ValueError with what the library has just refused, which it knows by another name.
[[noreturn]] void refuse_array(const std::string& place, bool is_type_error);

// A number of Python's as an array without dimensions.
py::array as_array(py::handle number, fastopt_type type, const Label& label);

// A new array with the parameter's shape, type and order of axes in memory. It begins at a cache
// line, or where it is long, as far behind one as the parameter does.
py::array state_like(const fastopt_array& parameter, double value);
// Pairs of numbers, along the last axis, as complex ones.
py::array as_complex(const py::array& pairs);

}  // namespace fastopt::python
