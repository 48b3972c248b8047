// How many threads a step may use.
#pragma once

namespace fastopt {

// Reads PYFASTOPT_NUM_THREADS, notes OpenMP's present number and installs the fork handler. Call it
// once, first. Throws std::invalid_argument where the variable holds no positive integer.
void init_threads();

// Threads for one step. `requested` 0 asks for the default: PYFASTOPT_NUM_THREADS, else OpenMP's
// own number, and never more than the CPUs that the process may use. A limit that the program has
// put on OpenMP since init_threads (threadpoolctl does) holds for either. In a forked child the
// answer is 1: the threads of OpenMP's pool are not in the child, and waiting for them would hang.
int thread_count(int requested);

// OpenMP's version as a date, 201511 for 4.5; 0 where the library was built without it.
int openmp_version();

}  // namespace fastopt
