#include "threads.h"

#ifdef _OPENMP
#include <omp.h>
#endif
#ifndef _WIN32
#include <pthread.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "failure.h"

namespace fastopt {
namespace {

int from_environment = 0;
[[maybe_unused]] int openmp_at_init = 1;
std::atomic<int> forks{0};

int read_environment() {
    const char* text = std::getenv("PYFASTOPT_NUM_THREADS");
    if (text == nullptr || *text == '\0') return 0;
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value > FASTOPT_MAX_THREADS)
        throw Failure(FASTOPT_INVALID_ENVIRONMENT, "PYFASTOPT_NUM_THREADS = '" + std::string(text) +
                                                       "' must be an integer from 1 to " +
                                                       std::to_string(FASTOPT_MAX_THREADS) +
                                                       ", or unset");
    return static_cast<int>(value);
}

}  // namespace

int fork_count() {
    return forks;
}

void init_threads() {
    from_environment = read_environment();
#ifdef _OPENMP
    openmp_at_init = omp_get_max_threads();
#endif
#ifndef _WIN32
    pthread_atfork(nullptr, nullptr, [] { ++forks; });
#endif
}

#ifdef _OPENMP

int thread_count(int requested) {
    if (fork_count() > 0) return 1;
    const int openmp = omp_get_max_threads();
    int threads = requested;
    if (threads == 0)
        threads = std::min(from_environment ? from_environment : openmp, omp_get_num_procs());
    return openmp < openmp_at_init ? std::min(threads, openmp) : threads;
}

int openmp_version() {
    return _OPENMP;
}

#else

int thread_count(int) {
    return 1;
}

int openmp_version() {
    return 0;
}

#endif

}  // namespace fastopt
