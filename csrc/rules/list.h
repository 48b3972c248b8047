// The list of every rule and variant. Kernel tables, options, introspection and tests follow it.
#pragma once

#include <array>
#include <cstddef>

#include "adadelta.h"
#include "adagrad.h"
#include "adam.h"
#include "adamax.h"
#include "asgd.h"
#include "ftrl.h"
#include "lamb.h"
#include "lars.h"
#include "lion.h"
#include "nadam.h"
#include "radam.h"
#include "rmsprop.h"
#include "rprop.h"
#include "sgd.h"
#include "yogi.h"

namespace fastopt::core {
namespace {

template <class... Variant>
struct List {};

// A variant's position here is its index everywhere; the variants of a rule stand together.
// clang-format off
template <class F>
using Variants = List<
    SGD<F, false>, SGD<F, true>,                          // momentum
    RMSProp<F, false, false>, RMSProp<F, false, true>,    // centered, momentum
    RMSProp<F, true, false>, RMSProp<F, true, true>,
    Adagrad<F>, Adadelta<F>,
    Adam<F, false>, Adam<F, true>,                        // amsgrad
    Adamax<F>, NAdam<F>, RAdam<F>,
    Rprop<F>, ASGD<F>, Lion<F>,
    FTRL<F, -1>, FTRL<F, -2>, FTRL<F, 0>,                 // twice the power of the rate
    LARS<F>, LAMB<F>,
    Yogi<F>
>;
// clang-format on

// Calls visit(index, Variant*) for every variant of a list; the pointers are null and carry types.
template <class... Variant, class Visit>
void for_each(List<Variant...>, Visit&& visit) {
    int index = 0;
    (visit(index++, static_cast<Variant*>(nullptr)), ...);
}

template <std::size_t n>
constexpr std::array<char, n> lower_case(const char (&text)[n]) {
    std::array<char, n> lower{};
    for (std::size_t i = 0; i < n; ++i)
        lower[i] =
            text[i] < 'A' || text[i] > 'Z' ? text[i] : static_cast<char>(text[i] - 'A' + 'a');
    return lower;
}

// The name of a variant's rule in C.
template <class Variant>
constexpr auto rule_name = lower_case(Variant::title);

}  // namespace
}  // namespace fastopt::core
