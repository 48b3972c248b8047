// Adamax (Kingma and Ba 2015, section 7), as in torch.optim.Adamax. Keras adds eps to the
// denominator instead of to the gradient's magnitude: eps_inside = False.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct AdamaxOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-8;
    Flag eps_inside = true;

    AdamaxOptions() : CommonOptions(2e-3) {}

    static constexpr auto declared = declare(option("betas", &AdamaxOptions::betas, fraction),
                                             option("eps", &AdamaxOptions::eps, non_negative),
                                             option("eps_inside", &AdamaxOptions::eps_inside));
};

template <class F>
struct Adamax : Rule<AdamaxOptions, 2> {
    static constexpr char title[] = "Adamax";
    static constexpr const char* slots[] = {"exp_avg", "exp_inf"};

    Gradient<F> gradient;
    Coefficient<F> keep, b1, c1, b2, rate, eps_in, eps_out;

    Adamax(const AdamaxOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          b1(o.betas[0]),
          c1(1.0 - o.betas[0]),
          b2(o.betas[1]),
          rate(o.lr / (1.0 - power(o.betas[0], step.number))),
          eps_in(o.eps_inside ? o.eps : 0.0),
          eps_out(o.eps_inside ? 0.0 : o.eps) {}

    void operator()(F& p, F g, F& m, F& u) const {
        g = gradient(g, p);
        m = b1 * m + c1 * g;
        u = max(b2 * u, abs(g) + eps_in);
        p = keep * p - rate * m / (u + eps_out);
    }
};

}  // namespace
}  // namespace fastopt::core
