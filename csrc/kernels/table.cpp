// Compiled once per instruction set, with FASTOPT_ISA naming it; exports exactly one table.
#include "../rules/list.h"
#include "kernel.h"
#include "sweep.h"
#include "vector_loops.h"

#define FASTOPT_JOIN_(a, b) a##b
#define FASTOPT_JOIN(a, b) FASTOPT_JOIN_(a, b)
#define FASTOPT_TEXT_(a) #a
#define FASTOPT_TEXT(a) FASTOPT_TEXT_(a)

namespace fastopt::core {
namespace {

template <class F, class... Variant>
struct Table {
    static constexpr Kernel all[] = {kernel<Variant, F>()...};
};

template <class F, class... Variant>
constexpr const Kernel* table(List<Variant...>) {
    return Table<F, Variant...>::all;
}

}  // namespace

extern const KernelTable FASTOPT_JOIN(kernels_, FASTOPT_ISA);
const KernelTable FASTOPT_JOIN(kernels_, FASTOPT_ISA){
    FASTOPT_TEXT(FASTOPT_ISA), table<float>(Variants<float>()), table<double>(Variants<double>()),
    vector_kernels<float>,     vector_kernels<double>,
};

}  // namespace fastopt::core
