// Adamax (Kingma and Ba 2015, section 7), as in torch.optim.Adamax. Keras adds eps to the
// denominator instead of to the gradient's magnitude: eps_inside = False.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct AdamaxOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-8;
    bool eps_inside = true;

    AdamaxOptions() : CommonOptions(2e-3) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("betas", betas, fraction);
        option("eps", eps, non_negative);
        option("eps_inside", eps_inside);
    }
};

template <class F>
struct Adamax {
    using Options = AdamaxOptions;
    static constexpr const char* rule = "adamax";
    static constexpr const char* slots[] = {"exp_avg", "exp_inf"};
    static constexpr int slot_count = 2;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    F keep, b1, c1, b2, rate, eps_in, eps_out;

    Adamax(const Options& o, std::int64_t t)
        : gradient(o),
          keep(static_cast<F>(o.keep())),
          b1(static_cast<F>(o.betas[0])),
          c1(static_cast<F>(1.0 - o.betas[0])),
          b2(static_cast<F>(o.betas[1])),
          rate(static_cast<F>(o.lr / (1.0 - power(o.betas[0], t)))),
          eps_in(static_cast<F>(o.eps_inside ? o.eps : 0.0)),
          eps_out(static_cast<F>(o.eps_inside ? 0.0 : o.eps)) {}

    void operator()(F& p, F g, F& m, F& u) const {
        g = gradient(g, p);
        m = b1 * m + c1 * g;
        u = max(b2 * u, abs(g) + eps_in);
        p = keep * p - rate * m / (u + eps_out);
    }
};

}  // namespace
}  // namespace fastopt
