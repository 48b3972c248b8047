// Errors: see fastopt.h.
#include <cstdio>

#include "guard.h"

namespace fastopt::core {
namespace {

// Of a fixed size, so that nothing is left to be freed when a thread ends.
thread_local char error_message[1024];

}  // namespace

fastopt_status report(fastopt_status status, const char* message) noexcept {
    std::snprintf(error_message, sizeof error_message, "%s", message);
    return status;
}

}  // namespace fastopt::core

const char* fastopt_error_message() noexcept {
    return fastopt::core::error_message;
}
