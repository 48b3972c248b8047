#include "isa.h"

#include <algorithm>
#include <atomic>
#include <string>

#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
#include <immintrin.h>
#include <intrin.h>
#endif

#include "../base/failure.h"
#include "../base/text.h"

namespace fastopt::core {

// isa_list.inc is written by CMake from the table in cmake/isa.cmake: ISA(baseline) ISA(avx2) ...
#define ISA(name) extern const KernelTable kernels_##name;
#include "isa_list.inc"
#undef ISA

namespace {

bool cpu_runs_baseline() {
    return true;
}

#if defined(__x86_64__) || defined(__i386__)

// Measured with bench/, large arrays: Intel's (Sapphire Rapids) gain up to a quarter; AMD's (Zen 4)
// lose up to a fifth, in cache too, as their own prefetchers have asked already.
bool cpu_gains_by_prefetching() {
    return __builtin_cpu_is("intel");
}

// The compiler's own test covers the operating system's part (saving the wide registers) too.
[[maybe_unused]] bool cpu_runs_avx2() {
    return __builtin_cpu_supports("avx2");
}

[[maybe_unused]] bool cpu_runs_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))

// Bits of CPUID leaf 7 (EBX), where the operating system saves the registers in `state` (XCR0).
bool cpu_has(int leaf7_bits, unsigned long long state) {
    int info[4];
    __cpuid(info, 0);
    if (info[0] < 7) return false;
    __cpuid(info, 1);
    const bool osxsave = (info[2] & (1 << 27)) != 0;
    if (!osxsave || (_xgetbv(0) & state) != state) return false;
    __cpuidex(info, 7, 0);
    return (info[1] & leaf7_bits) == leaf7_bits;
}

bool cpu_runs_avx2() {
    return cpu_has(1 << 5, 0x6);
}

bool cpu_runs_avx512() {
    const unsigned f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    return cpu_has(static_cast<int>(f_dq_bw_vl), 0xe6);
}

// The sweep has no prefetch for this compiler.
bool cpu_gains_by_prefetching() {
    return false;
}

#else

// Not measured.
bool cpu_gains_by_prefetching() {
    return false;
}

#endif

std::atomic<bool>& prefetching() {
    static std::atomic<bool> choice = cpu_gains_by_prefetching();
    return choice;
}

std::atomic<const KernelTable*>& active() {
    static std::atomic<const KernelTable*> table = [] {
        const auto& all = isas();
        const auto widest =
            std::find_if(all.rbegin(), all.rend(), [](const Isa& isa) { return isa.available; });
        return widest->table;
    }();
    return table;
}

}  // namespace

const std::vector<Isa>& isas() {
    static const std::vector<Isa> all{
#define ISA(name) {&kernels_##name, cpu_runs_##name()},
#include "isa_list.inc"
#undef ISA
    };
    return all;
}

const KernelTable& active_isa() {
    return *active().load(std::memory_order_relaxed);
}

bool prefetches() {
    return prefetching().load(std::memory_order_relaxed);
}

void use_prefetch(std::string_view choice) {
    if (choice != "0" && choice != "1")
        refuse("'" + std::string(choice) + "' must be 0 or 1, or unset");
    prefetching() = choice == "1";
}

void use_isa(std::string_view name) {
    std::vector<std::string> names;
    for (const Isa& isa : isas()) {
        if (!isa.available) continue;
        if (name == isa.table->isa) {
            active() = isa.table;
            return;
        }
        names.emplace_back(isa.table->isa);
    }
    refuse("isa = '" + std::string(name) + "' is not one that this CPU can run; use one of " +
           list_text(names));
}

}  // namespace fastopt::core
