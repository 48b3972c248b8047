// Adam (Kingma and Ba 2015), amsgrad (Reddi et al. 2018) and, with decoupled weight decay, AdamW
// (Loshchilov and Hutter 2019), as in torch.optim. Keras and MXNet have the paper's second form, in
// which eps stands beside the uncorrected root: eps_hat.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct AdamOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-8;
    double eps_root = 0.0;
    bool eps_hat = false;
    bool amsgrad = false;
    bool amsgrad_corrected = false;
    bool decay_corrected = false;

    AdamOptions() : CommonOptions(1e-3) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("betas", betas, fraction);
        option("eps", eps, non_negative);
        option("eps_root", eps_root, non_negative);
        option("eps_hat", eps_hat);
        option("amsgrad", amsgrad);
        option("amsgrad_corrected", amsgrad_corrected);
        option("decay_corrected", decay_corrected);
    }

    const char* conflict() const {
        return eps_hat && amsgrad && amsgrad_corrected
                   ? "eps_hat needs amsgrad_corrected = False, because it stands beside an "
                     "uncorrected root"
                   : nullptr;
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
    Moments<F> moments;
    F keep, candidate, rate;
    Root<F> root;

    Adam(const Options& o, std::int64_t t)
        : Adam(o, 1.0 - power(o.betas[1], t), o.lr / (1.0 - power(o.betas[0], t))) {}

    template <class... S>
    void operator()(F& p, F g, F& m, F& v, S&... slot) const {
        g = gradient(g, p);
        moments(m, v, g);
        F top = v;
        if constexpr (amsgrad) {
            F& v_max = first(slot...);
            top = v_max = max(v_max, candidate * v);
        }
        p = keep * p - rate * m / root(top);
    }

  private:
    // `correction` of v, and the rate over that of m.
    Adam(const Options& o, double correction, double mean_rate)
        : gradient(o),
          moments(o.betas),
          keep(static_cast<F>(kept(o, correction, mean_rate))),
          candidate(static_cast<F>(maximises_corrected(o) ? 1.0 / correction : 1.0)),
          rate(static_cast<F>(o.eps_hat ? mean_rate * std::sqrt(correction) : mean_rate)),
          root(maximises_corrected(o) ? 1.0 : correction, o.eps_root, o.eps) {
        if (o.eps_hat) root.scale = F(1);
    }

    static bool maximises_corrected(const Options& o) { return amsgrad && o.amsgrad_corrected; }

    static double kept(const Options& o, double correction, double mean_rate) {
        if (!(o.decoupled_weight_decay && o.decay_corrected)) return o.keep();
        return 1.0 - mean_rate * std::sqrt(correction) * o.weight_decay;
    }
};

}  // namespace
}  // namespace fastopt
