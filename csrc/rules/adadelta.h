// Adadelta (Zeiler 2012), as in torch.optim.Adadelta; Keras, optax and MXNet have the same formula.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct AdadeltaOptions : CommonOptions {
    double rho = 0.9;
    double eps = 1e-6;

    AdadeltaOptions() : CommonOptions(1.0) {}

    static constexpr auto declared = declare(option("rho", &AdadeltaOptions::rho, fraction),
                                             option("eps", &AdadeltaOptions::eps, non_negative));
};

template <class F>
struct Adadelta : Rule<AdadeltaOptions, 2> {
    static constexpr char title[] = "Adadelta";
    static constexpr const char* slots[] = {"square_avg", "acc_delta"};

    Gradient<F> gradient;
    Coefficient<F> keep, rho, c, eps, lr;

    Adadelta(const AdadeltaOptions& o, const Step& step)
        : gradient(o, step), keep(o.keep()), rho(o.rho), c(1.0 - o.rho), eps(o.eps), lr(o.lr) {}

    void operator()(F& p, F g, F& v, F& d) const {
        g = gradient(g, p);
        v = rho * v + c * g * g;
        const F u = sqrt(d + eps) / sqrt(v + eps) * g;
        d = rho * d + c * u * u;
        p = keep * p - lr * u;
    }
};

}  // namespace
}  // namespace fastopt::core
