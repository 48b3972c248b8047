// How many threads a step may use.
#pragma once

namespace fastopt {

// Reads PYFASTOPT_NUM_THREADS, notes OpenMP's present number and installs the fork handler. Call it
// once, first. Throws Failure where the variable is no integer from 1 to FASTOPT_MAX_THREADS.
void init_threads();

// Threads for one step, as fastopt_num_threads says. In a forked child the threads of OpenMP's pool
// are missing, and waiting for them would hang.
int thread_count(int requested);

int fork_count();

int openmp_version();

}  // namespace fastopt
