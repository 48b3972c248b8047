// Lion (Chen et al. 2023, algorithm 2); Keras and optax have the same formula.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct LionOptions : CommonOptions {
    Pair betas{0.9, 0.99};

    LionOptions() : CommonOptions(1e-4) { decoupled_weight_decay = true; }

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("betas", betas, fraction);
    }
};

template <class F>
struct Lion {
    using Options = LionOptions;
    static constexpr const char* rule = "lion";
    static constexpr const char* slots[] = {"exp_avg"};
    static constexpr int slot_count = 1;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    F keep, b1, c1, b2, c2, lr;

    Lion(const Options& o, std::int64_t)
        : gradient(o),
          keep(static_cast<F>(o.keep())),
          b1(static_cast<F>(o.betas[0])),
          c1(static_cast<F>(1.0 - o.betas[0])),
          b2(static_cast<F>(o.betas[1])),
          c2(static_cast<F>(1.0 - o.betas[1])),
          lr(static_cast<F>(o.lr)) {}

    void operator()(F& p, F g, F& m) const {
        g = gradient(g, p);
        p = keep * p - lr * sign(b1 * m + c1 * g);
        m = b2 * m + c2 * g;
    }
};

}  // namespace
}  // namespace fastopt
