// Adadelta (Zeiler 2012), as in torch.optim.Adadelta; Keras, optax and MXNet have the same formula.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct AdadeltaOptions : CommonOptions {
    double rho = 0.9;
    double eps = 1e-6;

    AdadeltaOptions() : CommonOptions(1.0) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("rho", rho, fraction);
        option("eps", eps, non_negative);
    }
};

template <class F>
struct Adadelta {
    using Options = AdadeltaOptions;
    static constexpr const char* rule = "adadelta";
    static constexpr const char* slots[] = {"square_avg", "acc_delta"};
    static constexpr int slot_count = 2;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    F keep, rho, c, eps, lr;

    Adadelta(const Options& o, std::int64_t)
        : gradient(o),
          keep(static_cast<F>(o.keep())),
          rho(static_cast<F>(o.rho)),
          c(static_cast<F>(1.0 - o.rho)),
          eps(static_cast<F>(o.eps)),
          lr(static_cast<F>(o.lr)) {}

    void operator()(F& p, F g, F& v, F& d) const {
        g = gradient(g, p);
        v = rho * v + c * g * g;
        const F u = sqrt(d + eps) / sqrt(v + eps) * g;
        d = rho * d + c * u * u;
        p = keep * p - lr * u;
    }
};

}  // namespace
}  // namespace fastopt
