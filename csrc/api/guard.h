// What the functions of the C API have in common: exceptions become statuses, and arguments are
// checked.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "../base/failure.h"
#include "../include/fastopt.h"

namespace fastopt::core {

// Keeps the message for fastopt_error_message, and the argument that it begins with; returns the
// status.
fastopt_status report(fastopt_status status, const char* message,
                      std::string_view argument = {}) noexcept;

// Runs the body of an API function.
template <class Body>
fastopt_status guard(Body&& body) noexcept {
    try {
        body();
        return FASTOPT_OK;
    } catch (const Failure& failure) {
        return report(failure.status(), failure.what(), failure.argument());
    } catch (const std::exception&) {
        return report(FASTOPT_OUT_OF_MEMORY, "out of memory");
    }
}

template <class T>
T& given(T* pointer, const char* name) {
    if (pointer == nullptr) refuse(std::string(name) + " = NULL; pass an address");
    return *pointer;
}

inline unsigned checked_flags(unsigned flags) {
    if ((flags & ~FASTOPT_DISJOINT) != 0)
        refuse("flags = " + std::to_string(flags) + " must be 0 or FASTOPT_DISJOINT");
    return flags;
}

inline int checked_threads(int num_threads) {
    if (num_threads > FASTOPT_MAX_THREADS)
        refuse("num_threads = " + std::to_string(num_threads) + " must be an integer from 1 to " +
               std::to_string(FASTOPT_MAX_THREADS) +
               ", or 0 to have it chosen, or below 0 to have it chosen up to that");
    return num_threads;
}

}  // namespace fastopt::core
