// What environment variables choose: PYFASTOPT_NUM_THREADS, PYFASTOPT_ISA and PYFASTOPT_PREFETCH.
#pragma once

namespace fastopt::core {

// Reads them, and prepares the threads, at its first call. Throws Failure at every call if that
// failed.
void initialize();

}  // namespace fastopt::core
