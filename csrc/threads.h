// How many threads a step may use.
#pragma once

namespace fastopt {

// The most that can be asked for. OpenMP ends the process where it cannot start a thread.
constexpr int max_threads = 1024;

// Reads PYFASTOPT_NUM_THREADS, notes OpenMP's present number and installs the fork handler. Call it
// once, first. Throws std::invalid_argument where the variable is no integer from 1 to max_threads.
void init_threads();

// Threads for one step. `requested` 0 asks for the default: PYFASTOPT_NUM_THREADS, else OpenMP's
// own number, and never more than the CPUs that the process may use. A limit that the program has
// put on OpenMP since init_threads (threadpoolctl does) holds for either. In a forked child the
// answer is 1: the threads of OpenMP's pool are not in the child, and waiting for them would hang.
int thread_count(int requested);

// How many forks are between this process and the one that called init_threads.
int fork_count();

// OpenMP's version as a date, 201511 for 4.5; 0 where the library was built without it.
int openmp_version();

}  // namespace fastopt
