// Adagrad (Duchi, Hazan and Singer 2011), options as in torch.optim.Adagrad. Keras keeps eps inside
// the root: eps_inside.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct AdagradOptions : CommonOptions {
    double lr_decay = 0.0;
    double initial_accumulator_value = 0.0;
    double eps = 1e-10;
    bool eps_inside = false;

    AdagradOptions() : CommonOptions(1e-2) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("lr_decay", lr_decay, non_negative);
        option("initial_accumulator_value", initial_accumulator_value, non_negative);
        option("eps", eps, non_negative);
        option("eps_inside", eps_inside);
    }

    double initial_state(int) const { return initial_accumulator_value; }
};

template <class F>
struct Adagrad {
    using Options = AdagradOptions;
    static constexpr const char* rule = "adagrad";
    static constexpr const char* slots[] = {"sum"};
    static constexpr int slot_count = 1;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    F keep, rate, eps_in, eps_out;

    Adagrad(const Options& o, std::int64_t t)
        : gradient(o),
          keep(static_cast<F>(o.keep())),
          rate(static_cast<F>(o.lr / (1.0 + static_cast<double>(t - 1) * o.lr_decay))),
          eps_in(static_cast<F>(o.eps_inside ? o.eps : 0.0)),
          eps_out(static_cast<F>(o.eps_inside ? 0.0 : o.eps)) {}

    void operator()(F& p, F g, F& sum) const {
        g = gradient(g, p);
        sum += g * g;
        p = keep * p - rate * g / (sqrt(sum + eps_in) + eps_out);
    }
};

}  // namespace
}  // namespace fastopt
