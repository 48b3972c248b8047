// Adagrad (Duchi, Hazan and Singer 2011), options as in torch.optim.Adagrad. Keras keeps eps inside
// the root: eps_inside.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct AdagradOptions : CommonOptions {
    double lr_decay = 0.0;
    double initial_accumulator_value = 0.0;
    double eps = 1e-10;
    Flag eps_inside = false;

    AdagradOptions() : CommonOptions(1e-2) {}

    static constexpr auto declared =
        declare(option("lr_decay", &AdagradOptions::lr_decay, non_negative),
                option("initial_accumulator_value", &AdagradOptions::initial_accumulator_value,
                       non_negative),
                option("eps", &AdagradOptions::eps, non_negative),
                option("eps_inside", &AdagradOptions::eps_inside));

    double initial_state(int) const { return initial_accumulator_value; }
};

template <class F>
struct Adagrad : Rule<AdagradOptions, 1> {
    static constexpr char title[] = "Adagrad";
    static constexpr const char* slots[] = {"sum"};

    Gradient<F> gradient;
    Coefficient<F> keep, rate, eps_in, eps_out;

    Adagrad(const AdagradOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          rate(o.lr / (1.0 + static_cast<double>(step.number - 1) * o.lr_decay)),
          eps_in(o.eps_inside ? o.eps : 0.0),
          eps_out(o.eps_inside ? 0.0 : o.eps) {}

    void operator()(F& p, F g, F& sum) const {
        g = gradient(g, p);
        sum += g * g;
        p = keep * p - rate * g / (sqrt(sum + eps_in) + eps_out);
    }
};

}  // namespace
}  // namespace fastopt::core
