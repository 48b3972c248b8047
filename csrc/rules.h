// The list of every rule and variant. Kernel tables, options, introspection and tests follow it.
#pragma once

#include "rules/adagrad.h"
#include "rules/adam.h"
#include "rules/momentum.h"
#include "rules/rmsprop.h"
#include "rules/sgd.h"

namespace fastopt {
namespace {

template <class... Kernel>
struct List {
    static constexpr int size = sizeof...(Kernel);
};

// A kernel's position here is its index everywhere.
// clang-format off
template <class F>
using Kernels = List<
    SGD<F, false>, SGD<F, true>,                          // momentum
    Momentum<F>,
    RMSProp<F, false, false>, RMSProp<F, false, true>,    // centered, momentum
    RMSProp<F, true, false>, RMSProp<F, true, true>,
    Adam<F, false>, Adam<F, true>,                         // amsgrad
    Adagrad<F>
>;
// clang-format on

}  // namespace
}  // namespace fastopt
