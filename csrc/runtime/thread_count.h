// How many threads a step gets.
#pragma once

#include <cstddef>
#include <string_view>

namespace fastopt::core {

// Notes OpenMP's present number and installs the fork handler. Call it once, first.
void init_threads();

// The default number. Throws Failure where it is not an integer from 1 to FASTOPT_MAX_THREADS.
void use_default_threads(std::string_view number);

// The most threads that a step may use, as fastopt_num_threads says. In a forked child the threads
// of OpenMP's pool are missing, and waiting for them would hang.
int thread_count(int requested);

// How many of those threads are worth their cost for work that touches so many bytes.
int threads_for(std::size_t bytes, int allowed);

int fork_count();

int openmp_version();

}  // namespace fastopt::core
