// Errors: see fastopt.h.
#include <cstdio>

#include "guard.h"

namespace fastopt::core {
namespace {

// Of a fixed size, so that nothing is left to be freed when a thread ends.
thread_local char error_message[1024];
thread_local char error_argument[64];

}  // namespace

fastopt_status report(fastopt_status status, const char* message,
                      std::string_view argument) noexcept {
    std::snprintf(error_message, sizeof error_message, "%s", message);
    std::snprintf(error_argument, sizeof error_argument, "%.*s", static_cast<int>(argument.size()),
                  argument.data());
    return status;
}

}  // namespace fastopt::core

const char* fastopt_error_message() noexcept {
    return fastopt::core::error_message;
}

const char* fastopt_error_argument() noexcept {
    return fastopt::core::error_argument;
}
