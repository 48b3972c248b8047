// How many threads a step may use.
#pragma once

#include <cstddef>
#include <string_view>

#include "../include/fastopt.h"

namespace fastopt::core {

// Notes OpenMP's present number and installs the fork handler. Call it once, first.
void init_threads();

// The default number. Throws Failure where it is not an integer from 1 to FASTOPT_MAX_THREADS.
void use_default_threads(std::string_view number);

struct ThreadLimit {
    int most;
    fastopt_threads_reason reason;  // FASTOPT_THREADS_MEASURED: or fewer; otherwise so many
};

// For an argument num_threads, as fastopt_plan_step says, and work on so many bytes. In a forked
// child the threads of OpenMP's pool are missing, and waiting for them would hang.
ThreadLimit thread_limit(int num_threads, std::size_t bytes);

// Where the default limit comes from.
fastopt_thread_limits thread_limits();

int fork_count();

int openmp_version();

}  // namespace fastopt::core
