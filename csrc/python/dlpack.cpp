#include "dlpack.h"

#include "objects.h"

namespace fastopt::python {

const DLPackExchange* find_exchange(py::handle tensor_type) {
    const py::object capsule = find_attribute(tensor_type, DLPackExchange::attribute);
    if (!capsule || !PyCapsule_IsValid(capsule.ptr(), DLPackExchange::capsule)) return nullptr;
    const auto* table = static_cast<const DLPackExchange*>(
        PyCapsule_GetPointer(capsule.ptr(), DLPackExchange::capsule));
    const bool usable = table->major == DLPackExchange::major_version && table->describe != nullptr;
    return usable ? table : nullptr;
}

}  // namespace fastopt::python
