// Lion (Chen et al. 2023, algorithm 2); Keras and optax have the same formula.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct LionOptions : CommonOptions {
    Pair betas{0.9, 0.99};

    LionOptions() : CommonOptions(1e-4) { decoupled_weight_decay = true; }

    static constexpr auto declared = declare(option("betas", &LionOptions::betas, fraction));
};

template <class F>
struct Lion : Rule<LionOptions, 1> {
    static constexpr char title[] = "Lion";
    static constexpr const char* slots[] = {"exp_avg"};

    Gradient<F> gradient;
    Coefficient<F> keep, b1, c1, b2, c2, lr;

    Lion(const LionOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          b1(o.betas[0]),
          c1(1.0 - o.betas[0]),
          b2(o.betas[1]),
          c2(1.0 - o.betas[1]),
          lr(o.lr) {}

    void operator()(F& p, F g, F& m) const {
        g = gradient(g, p);
        p = keep * p - lr * sign(b1 * m + c1 * g);
        m = b2 * m + c2 * g;
    }
};

}  // namespace
}  // namespace fastopt::core
