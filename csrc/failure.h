// How the library's own code reports what a caller did wrong; api.cpp turns it into a status.
#pragma once

#include <stdexcept>
#include <string>

#include "include/fastopt.h"

namespace fastopt {

class Failure : public std::runtime_error {
  public:
    Failure(fastopt_status status, const std::string& message)
        : std::runtime_error(message), status_(status) {}

    fastopt_status status() const { return status_; }

  private:
    fastopt_status status_;
};

}  // namespace fastopt
