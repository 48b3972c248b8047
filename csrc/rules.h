// The list of every rule and variant. Kernel tables, options, introspection and tests follow it.
#pragma once

#include "rules/adadelta.h"
#include "rules/adagrad.h"
#include "rules/adam.h"
#include "rules/adamax.h"
#include "rules/asgd.h"
#include "rules/ftrl.h"
#include "rules/lamb.h"
#include "rules/lars.h"
#include "rules/lion.h"
#include "rules/nadam.h"
#include "rules/radam.h"
#include "rules/rmsprop.h"
#include "rules/rprop.h"
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
    RMSProp<F, false, false>, RMSProp<F, false, true>,    // centered, momentum
    RMSProp<F, true, false>, RMSProp<F, true, true>,
    Adagrad<F>, Adadelta<F>,
    Adam<F, false>, Adam<F, true>,                         // amsgrad
    Adamax<F>, NAdam<F>, RAdam<F>,
    Rprop<F>, ASGD<F>, Lion<F>, FTRL<F>,
    LARS<F>, LAMB<F>
>;
// clang-format on

}  // namespace
}  // namespace fastopt
