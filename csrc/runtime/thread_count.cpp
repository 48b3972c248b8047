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
#include <fstream>
#include <iterator>
#include <string>

#include "../base/failure.h"
#include "cpu_quota.h"

namespace fastopt::core {
namespace {

// Below this many bytes a second thread costs more than it saves, and so would a clock: two threads
// that are awake break even at a quarter (Adam) to a half (SGD) of a mebibyte.
constexpr std::size_t parallel_bytes = std::size_t{1} << 19;

int chosen_default = 0;
int quota = 0;
[[maybe_unused]] int openmp_at_init = 1;
std::atomic<int> forks{0};

int openmp_limit() {
#ifdef _OPENMP
    return omp_get_thread_limit();
#else
    return 1;
#endif
}

}  // namespace

int fork_count() {
    return forks;
}

void init_threads() {
#ifdef _OPENMP
    openmp_at_init = omp_get_max_threads();
#endif
    std::ifstream groups("/proc/self/cgroup");
    quota = cpu_quota({std::istreambuf_iterator<char>(groups), {}}, "/sys/fs/cgroup");
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

fastopt_thread_limits thread_limits() {
    fastopt_thread_limits limits{};
    limits.environment = chosen_default;
    limits.quota = quota;
#ifdef _OPENMP
    // OMP_NUM_THREADS is for those who do not say it to this library itself; what OpenMP was told
    // since, by threadpoolctl for one, holds in any case.
    const int openmp = omp_get_max_threads();
    if (chosen_default == 0 || openmp < openmp_at_init) limits.openmp = openmp;
    limits.openmp_limit = openmp_limit();
    limits.cpus = omp_get_num_procs();
#else
    limits.openmp = limits.openmp_limit = limits.cpus = openmp_limit();
#endif
    limits.forked = fork_count() > 0 ? 1 : 0;
    return limits;
}

ThreadLimit thread_limit(int num_threads, std::size_t bytes) {
    // Which CPUs there are only the system knows; to ask it takes longer than a small step.
    if (bytes < parallel_bytes) return {1, FASTOPT_THREADS_SMALL};
    // More would end the process, or hang.
    const int able = fork_count() > 0 ? 1 : openmp_limit();
    if (num_threads > able) return {able, FASTOPT_THREADS_LIMITED};
    if (num_threads > 0) return {num_threads, FASTOPT_THREADS_EXACT};
    const fastopt_thread_limits limits = thread_limits();
    int most = std::min(able, FASTOPT_MAX_THREADS);
    for (const int limit : {-std::max(num_threads, -FASTOPT_MAX_THREADS), limits.environment,
                            limits.openmp, limits.cpus, limits.quota})
        if (limit > 0) most = std::min(most, limit);
    return {most, most == 1 ? FASTOPT_THREADS_LIMITED : FASTOPT_THREADS_MEASURED};
}

int openmp_version() {
#ifdef _OPENMP
    return _OPENMP;
#else
    return 0;
#endif
}

}  // namespace fastopt::core
