// How the library's own code reports what a caller did wrong; api/guard.h turns it into a status.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "../include/fastopt.h"

namespace fastopt::core {

class Failure : public std::runtime_error {
  public:
    Failure(fastopt_status status, const std::string& message, std::size_t argument_length = 0)
        : std::runtime_error(message), status_(status), argument_length_(argument_length) {}

    fastopt_status status() const { return status_; }
    // The argument that the message begins with, if it begins with one.
    std::string_view argument() const { return {what(), argument_length_}; }

  private:
    fastopt_status status_;
    std::size_t argument_length_;
};

// The message names the argument, shows its value and says the remedy.
[[noreturn]] inline void refuse(const std::string& message,
                                fastopt_status status = FASTOPT_INVALID_ARGUMENT) {
    throw Failure(status, message);
}

// The same of an argument that callers may know by another name.
[[noreturn]] inline void refuse_argument(std::string_view argument, const std::string& message,
                                         fastopt_status status = FASTOPT_INVALID_ARGUMENT) {
    throw Failure(status, std::string(argument) + ": " + message, argument.size());
}

}  // namespace fastopt::core
