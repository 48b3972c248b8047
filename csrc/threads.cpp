#include "threads.h"

#ifdef _OPENMP
#include <omp.h>
#ifndef _WIN32
#include <pthread.h>
#endif
#endif

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace fastopt {

#ifdef _OPENMP

namespace {

int from_environment = 0;
int openmp_at_init = 1;
std::atomic<bool> forked{false};

int read_environment() {
    const char* text = std::getenv("PYFASTOPT_NUM_THREADS");
    if (text == nullptr || *text == '\0') return 0;
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (*end != '\0' || value < 1 || value > 1 << 16)
        throw std::invalid_argument("PYFASTOPT_NUM_THREADS = '" + std::string(text) +
                                    "' must be a positive integer, or unset");
    return static_cast<int>(value);
}

}  // namespace

void init_threads() {
    from_environment = read_environment();
    openmp_at_init = omp_get_max_threads();
#ifndef _WIN32
    pthread_atfork(nullptr, nullptr, [] { forked = true; });
#endif
}

int thread_count(int requested) {
    if (forked) return 1;
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

void init_threads() {}

int thread_count(int) {
    return 1;
}

int openmp_version() {
    return 0;
}

#endif

}  // namespace fastopt
