// The part of DLPack's C exchange (version 1.3, https://github.com/dmlc/dlpack) that is used here:
// a table of functions that a class of tensors offers as __dlpack_c_exchange_api__.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

namespace fastopt::python {

struct DLPackTensor {
    void* data;
    std::int32_t device_type;
    std::int32_t device_id;
    std::int32_t ndim;
    std::uint8_t type_code;
    std::uint8_t type_bits;
    std::uint16_t type_lanes;
    std::int64_t* shape;
    std::int64_t* strides;  // in elements
    std::uint64_t byte_offset;
};

struct DLPackExchange {
    static constexpr const char* attribute = "__dlpack_c_exchange_api__";
    static constexpr const char* capsule = "dlpack_exchange_api";
    static constexpr std::uint32_t major_version = 1;
    static constexpr std::int32_t cpu = 1;
    static constexpr std::uint8_t floating_point = 2;
    static constexpr std::uint8_t complex = 5;

    std::uint32_t major;
    std::uint32_t minor;
    void* previous;
    void* allocate;
    void* export_tensor;
    void* import_tensor;
    // Describes the tensor where it is; its memory stays its own. 0, or -1 and a Python exception.
    int (*describe)(void* tensor, DLPackTensor* out);
    void* current_stream;
};

// What a class of tensors offers; null where that is nothing, or of another version.
const DLPackExchange* find_exchange(pybind11::handle tensor_type);

}  // namespace fastopt::python
