// FTRL-proximal (McMahan et al. 2013, algorithm 1): its l1 makes weights exactly zero. Keras has no
// beta, starts the accumulator at 0.1, and its l2 penalty lacks the factor 1/2.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

// Those that take no more than a root, and so have the same bits everywhere, unlike pow().
inline constexpr Domain exact_power{"-1, -0.5 or 0",
                                    [](double x) { return x == -1 || x == -0.5 || x == 0; }};

struct FTRLOptions : CommonOptions {
    double beta = 1.0;
    double l1 = 0.0;
    double l2 = 0.0;
    Flag l2_halved = true;
    double l2_shrinkage = 0.0;
    double initial_accumulator_value = 0.0;
    double learning_rate_power = -0.5;

    FTRLOptions() : CommonOptions(0.1) {}

    static constexpr auto declared = declare(
        option("beta", &FTRLOptions::beta, non_negative),
        option("l1", &FTRLOptions::l1, non_negative), option("l2", &FTRLOptions::l2, non_negative),
        option("l2_halved", &FTRLOptions::l2_halved),
        option("l2_shrinkage", &FTRLOptions::l2_shrinkage, non_negative),
        option("initial_accumulator_value", &FTRLOptions::initial_accumulator_value, non_negative),
        option("learning_rate_power", &FTRLOptions::learning_rate_power, exact_power));

    const char* conflict() const {
        if (lr < 0) return "lr must be >= 0, because the penalties grow with its inverse";
        return learning_rate_power != 0 && !is_positive(beta) && !is_positive(l2) &&
                       !is_positive(initial_accumulator_value)
                   ? "beta, l2 or initial_accumulator_value must be > 0, or a gradient of 0 would "
                     "divide 0 by 0"
                   : nullptr;
    }

    double initial_state(int slot) const { return slot == 0 ? initial_accumulator_value : 0.0; }
    double state_form(int slot) const { return slot == 1 ? learning_rate_power : 0.0; }
};

// The power is a variant: masks for it made the step half as slow again.
template <class F, int twice_the_power>
struct FTRL : Rule<FTRLOptions, 2> {
    static constexpr char title[] = "FTRL";
    static constexpr const char* slots[] = {"sum", "linear"};
    static bool serves(const FTRLOptions& o) {
        return twice_the_power == 2.0 * o.learning_rate_power;
    }

    Gradient<F> gradient;
    Coefficient<F> keep, inverse_lr, l1, l2;
    Decay<F> shrinkage;
    bool moves;

    FTRL(const FTRLOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          inverse_lr(1.0 / o.lr),
          l1(o.l1),
          l2(o.beta / o.lr + (o.l2_halved ? o.l2 : 2.0 * o.l2)),
          shrinkage(2.0 * o.l2_shrinkage),
          moves(is_positive(o.lr)) {}

    // With a rate of 0, with which schedules begin, or one too small to be divided by.
    bool idle() const { return !moves; }

    void operator()(F& p, F g, F& n, F& z) const {
        g = gradient(g, p);
        p = keep * p;
        const F before = slowing(n);
        n += g * g;
        const F after = slowing(n);
        z += shrinkage(g, p) - (after - before) * inverse_lr * p;
        p = (clip(z, -l1, l1) - z) / (after * inverse_lr + l2);
    }

  private:
    // By what the rate is divided.
    static F slowing(F n) {
        if constexpr (twice_the_power == -1) return sqrt(n);
        return twice_the_power == -2 ? n : F(1);
    }
};

}  // namespace
}  // namespace fastopt::core
