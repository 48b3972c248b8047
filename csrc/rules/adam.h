// Adam (Kingma and Ba 2015), amsgrad (Reddi et al. 2018) and, with decoupled weight decay, AdamW
// (Loshchilov and Hutter 2019), as in torch.optim. Keras and MXNet have the paper's second form, in
// which eps stands beside the uncorrected root: eps_hat.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct AdamOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-8;
    double eps_root = 0.0;
    Flag eps_hat = false;
    Flag amsgrad = false;
    Flag amsgrad_corrected = false;
    Flag decay_corrected = false;

    AdamOptions() : CommonOptions(1e-3) {}

    static constexpr auto declared =
        declare(option("betas", &AdamOptions::betas, fraction),
                option("eps", &AdamOptions::eps, non_negative),
                option("eps_root", &AdamOptions::eps_root, non_negative),
                option("eps_hat", &AdamOptions::eps_hat), option("amsgrad", &AdamOptions::amsgrad),
                option("amsgrad_corrected", &AdamOptions::amsgrad_corrected),
                option("decay_corrected", &AdamOptions::decay_corrected));

    const char* conflict() const {
        return eps_hat && amsgrad && amsgrad_corrected
                   ? "eps_hat needs amsgrad_corrected = False, because it stands beside an "
                     "uncorrected root"
                   : nullptr;
    }

    double state_form(int slot) const { return slot == 2 && amsgrad_corrected; }

    bool maximises_corrected() const { return amsgrad && amsgrad_corrected; }
};

template <class F, bool amsgrad>
struct Adam : Rule<AdamOptions, 2 + amsgrad> {
    static constexpr char title[] = "Adam";
    static constexpr const char* slots[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    static bool serves(const AdamOptions& o) { return amsgrad == o.amsgrad; }

    Gradient<F> gradient;
    Moments<F> moments;
    Coefficient<F> keep, candidate, rate;
    Root<F> root;

    Adam(const AdamOptions& o, const Step& step)
        : Adam(o, step, 1.0 - power(o.betas[1], step.number),
               o.lr / (1.0 - power(o.betas[0], step.number))) {}

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
    Adam(const AdamOptions& o, const Step& step, double correction, double mean_rate)
        : gradient(o, step),
          moments(o.betas),
          keep(kept(o, correction, mean_rate)),
          candidate(o.maximises_corrected() ? 1.0 / correction : 1.0),
          rate(o.eps_hat ? mean_rate * std::sqrt(correction) : mean_rate),
          root(o.maximises_corrected() ? 1.0 : correction, o.eps_root, o.eps) {
        if (o.eps_hat) root.scale = 1.0;
    }

    static double kept(const AdamOptions& o, double correction, double mean_rate) {
        if (!(o.decoupled_weight_decay && o.decay_corrected)) return o.keep();
        return 1.0 - mean_rate * std::sqrt(correction) * o.weight_decay;
    }
};

}  // namespace
}  // namespace fastopt::core
