// Adam (Kingma and Ba 2015), amsgrad (Reddi et al. 2018) and, with decoupled weight decay, AdamW
// (Loshchilov and Hutter 2019), as in torch.optim.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct AdamOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-8;
    bool amsgrad = false;
    bool decoupled_weight_decay = false;

    AdamOptions() : CommonOptions(1e-3) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("betas", betas, fraction);
        option("eps", eps, non_negative);
        option("amsgrad", amsgrad);
        option("decoupled_weight_decay", decoupled_weight_decay);
    }
};

template <class F, bool amsgrad>
struct Adam {
    using Options = AdamOptions;
    static constexpr const char* rule = "adam";
    static constexpr const char* slots[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    static constexpr int slot_count = 2 + amsgrad;
    static bool serves(const Options& o) { return amsgrad == o.amsgrad; }

    Gradient<F> gradient;
    F keep, b1, c1, b2, c2, rate, scale, eps;

    Adam(const Options& o, std::int64_t t)
        : gradient(o, o.decoupled_weight_decay ? 0.0 : o.weight_decay),
          keep(static_cast<F>(o.decoupled_weight_decay ? 1.0 - o.lr * o.weight_decay : 1.0)),
          b1(static_cast<F>(o.betas[0])),
          c1(static_cast<F>(1.0 - o.betas[0])),
          b2(static_cast<F>(o.betas[1])),
          c2(static_cast<F>(1.0 - o.betas[1])),
          rate(static_cast<F>(o.lr / (1.0 - power(o.betas[0], t)))),
          scale(static_cast<F>(1.0 / std::sqrt(1.0 - power(o.betas[1], t)))),
          eps(static_cast<F>(o.eps)) {}

    template <class... S>
    void operator()(F& p, F g, F& m, F& v, S&... slot) const {
        g = gradient(g, p);
        m = b1 * m + c1 * g;
        v = b2 * v + c2 * g * g;
        F top = v;
        if constexpr (amsgrad) {
            F& v_max = first(slot...);
            top = v_max = max(v_max, v);
        }
        p = keep * p - rate * m / (sqrt(top) * scale + eps);
    }
};

}  // namespace
}  // namespace fastopt
