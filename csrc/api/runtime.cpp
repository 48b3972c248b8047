// The library as it runs here: see fastopt.h.
#include "../runtime/isa.h"

#include <algorithm>
#include <cstring>

#include "../runtime/environment.h"
#include "../runtime/thread_count.h"
#include "guard.h"

using namespace fastopt::core;

fastopt_status fastopt_initialize() noexcept {
    return guard([] { initialize(); });
}

int fastopt_abi_version() noexcept {
    return FASTOPT_ABI_VERSION;
}

const char* fastopt_version() noexcept {
    return FASTOPT_VERSION;
}

const char* fastopt_compiler() noexcept {
    return FASTOPT_COMPILER;
}

int fastopt_openmp_version() noexcept {
    return openmp_version();
}

const char* fastopt_isa(size_t index) noexcept {
    return index < isas().size() ? isas()[index].table->isa : nullptr;
}

int fastopt_isa_available(const char* name) noexcept {
    return std::any_of(isas().begin(), isas().end(), [&](const Isa& isa) {
        return isa.available && name != nullptr && std::strcmp(isa.table->isa, name) == 0;
    });
}

const char* fastopt_active_isa() noexcept {
    static_cast<void>(fastopt_initialize());
    return active_isa().isa;
}

fastopt_status fastopt_use_isa(const char* name) noexcept {
    return guard([&] {
        initialize();
        use_isa(&given(name, "name"));
    });
}

int fastopt_prefetches() noexcept {
    static_cast<void>(fastopt_initialize());
    return prefetches() ? 1 : 0;
}

int fastopt_num_threads(int num_threads) noexcept {
    static_cast<void>(fastopt_initialize());
    return thread_limit(std::min(num_threads, FASTOPT_MAX_THREADS), SIZE_MAX).most;
}

fastopt_status fastopt_get_thread_limits(fastopt_thread_limits* limits) noexcept {
    return guard([&] {
        initialize();
        given(limits, "limits") = thread_limits();
    });
}

int fastopt_fork_count() noexcept {
    return fork_count();
}
