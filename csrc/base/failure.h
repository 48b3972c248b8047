// How the library's own code reports what a caller did wrong; api/guard.h turns it into a status.
#pragma once

#include <stdexcept>
#include <string>

#include "../include/fastopt.h"

namespace fastopt::core {

class Failure : public std::runtime_error {
  public:
    Failure(fastopt_status status, const std::string& message)
        : std::runtime_error(message), status_(status) {}

    fastopt_status status() const { return status_; }

  private:
    fastopt_status status_;
};

// The message names the argument, shows its value and says the remedy.
[[noreturn]] inline void refuse(const std::string& message,
                                fastopt_status status = FASTOPT_INVALID_ARGUMENT) {
    throw Failure(status, message);
}

}  // namespace fastopt::core
