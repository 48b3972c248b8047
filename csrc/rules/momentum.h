// Polyak's momentum as in Keras, MXNet and the textbooks: the rate is inside the velocity.
// Nesterov's form (NAG) looks one velocity ahead.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct MomentumOptions : CommonOptions {
    double momentum = 0.9;
    bool nesterov = false;

    MomentumOptions() : CommonOptions(1e-2) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("momentum", momentum, non_negative);
        option("nesterov", nesterov);
    }

    const char* conflict() const {
        return nesterov && momentum == 0 ? "nesterov needs momentum > 0" : nullptr;
    }
};

template <class F>
struct Momentum {
    using Options = MomentumOptions;
    static constexpr const char* rule = "momentum";
    static constexpr const char* slots[] = {"velocity"};
    static constexpr int slot_count = 1;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    F lr, mu;
    Uniform<F> nesterov;

    Momentum(const Options& o, std::int64_t)
        : gradient(o, o.weight_decay),
          lr(static_cast<F>(o.lr)),
          mu(static_cast<F>(o.momentum)),
          nesterov(o.nesterov) {}

    void operator()(F& p, F g, F& v) const {
        g = gradient(g, p);
        v = mu * v - lr * g;
        p += select(nesterov, mu * v - lr * g, v);
    }
};

}  // namespace
}  // namespace fastopt
