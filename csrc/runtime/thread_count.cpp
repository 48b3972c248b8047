#include "thread_count.h"

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

#include "../base/failure.h"

namespace fastopt::core {
namespace {

// Below this many bytes a second thread costs more than it saves: two threads that are awake break
// even at a quarter (Adam) to a half (SGD) of a mebibyte.
constexpr std::size_t parallel_bytes = std::size_t{1} << 19;

int chosen_default = 0;
[[maybe_unused]] int openmp_at_init = 1;
std::atomic<int> forks{0};

}  // namespace

int fork_count() {
    return forks;
}

void init_threads() {
#ifdef _OPENMP
    openmp_at_init = omp_get_max_threads();
#endif
#ifndef _WIN32
    pthread_atfork(nullptr, nullptr, [] { ++forks; });
#endif
}

void use_default_threads(std::string_view number) {
    const std::string text(number);
    char* end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    if (*end != '\0' || value < 1 || value > FASTOPT_MAX_THREADS)
        refuse("'" + text + "' must be an integer from 1 to " +
               std::to_string(FASTOPT_MAX_THREADS) + ", or unset");
    chosen_default = static_cast<int>(value);
}

int threads_for(std::size_t bytes, int allowed) {
    return bytes < parallel_bytes ? 1 : allowed;
}

#ifdef _OPENMP

int thread_count(int requested) {
    if (fork_count() > 0) return 1;
    const int openmp = omp_get_max_threads();
    int threads = requested;
    if (threads == 0)
        threads = std::min(chosen_default != 0 ? chosen_default : openmp, omp_get_num_procs());
    if (openmp < openmp_at_init) threads = std::min(threads, openmp);
    return std::min(threads, omp_get_thread_limit());
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

}  // namespace fastopt::core
