// Compiled once per instruction set, with FASTOPT_ISA naming it; exports exactly one table.
#include "kernels.h"

#include "rules.h"
#include "sweep.h"
#include "vectors.h"

#define FASTOPT_JOIN_(a, b) a##b
#define FASTOPT_JOIN(a, b) FASTOPT_JOIN_(a, b)
#define FASTOPT_TEXT_(a) #a
#define FASTOPT_TEXT(a) FASTOPT_TEXT_(a)

namespace fastopt {
namespace {

template <class F, class... Rule>
struct Table {
    static constexpr Kernel all[] = {kernel<Rule, F>()...};
};

template <class F, class... Rule>
constexpr const Kernel* table(List<Rule...>) {
    return Table<F, Rule...>::all;
}

}  // namespace

extern const KernelTable FASTOPT_JOIN(kernels_, FASTOPT_ISA);
const KernelTable FASTOPT_JOIN(kernels_, FASTOPT_ISA){
    FASTOPT_TEXT(FASTOPT_ISA), table<float>(Kernels<float>()), table<double>(Kernels<double>()),
    vector_kernels<float>,     vector_kernels<double>,
};

}  // namespace fastopt
