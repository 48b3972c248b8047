// LAMB (You et al. 2020): Adam whose update is scaled to each parameter's norm. Its weight decay is
// part of that update; Keras decays the parameter before: decoupled_weight_decay.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct LAMBOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-6;
    double eps_root = 0.0;
    Flag bias_correction = true;
    Pair norm_limits{0.0, std::numeric_limits<double>::infinity()};
    Flag layerwise = true;

    LAMBOptions() : CommonOptions(1e-3) { weight_decay = 0.01; }

    static constexpr auto declared =
        declare(option("betas", &LAMBOptions::betas, fraction),
                option("eps", &LAMBOptions::eps, non_negative),
                option("eps_root", &LAMBOptions::eps_root, non_negative),
                option("bias_correction", &LAMBOptions::bias_correction),
                option("norm_limits", &LAMBOptions::norm_limits, non_negative_or_inf),
                option("layerwise", &LAMBOptions::layerwise));

    const char* conflict() const {
        const bool ordered = is_finite(norm_limits[0]) && norm_limits[0] <= norm_limits[1];
        return ordered ? nullptr : "norm_limits must be in ascending order, from a finite one";
    }

    double correction(double beta, std::int64_t t) const {
        return bias_correction ? 1.0 - power(beta, t) : 1.0;
    }
};

template <class F>
struct LAMB : Rule<LAMBOptions, 2> {
    static constexpr char title[] = "LAMB";
    static constexpr const char* slots[] = {"exp_avg", "exp_avg_sq"};

    Gradient<F> gradient;
    Decay<F> decay;
    Moments<F> moments;
    Coefficient<F> keep, mean;
    Root<F> root;
    Coefficient<F> rate;
    double lr;
    Pair norm_limits;
    bool layerwise;

    LAMB(const LAMBOptions& o, const Step& step)
        : gradient(o, step, 0.0),
          decay(o.l2()),
          moments(o.betas),
          keep(o.keep()),
          mean(1.0 / o.correction(o.betas[0], step.number)),
          root(o.correction(o.betas[1], step.number), o.eps_root, o.eps),
          rate(o.lr),
          lr(o.lr),
          norm_limits(o.norm_limits),
          layerwise(o.layerwise) {}

    void measure(F p, F g, F& m, F& v, F& weight, F& update) const {
        weight = keep * p;
        // Copies, for the compiler would read from memory what it has just written there.
        F first = m, second = v;
        moments(first, second, gradient(g, p));
        update = direction(weight, first, second);
        m = first;
        v = second;
    }

    void set_trust_ratio(double weight_norm, double update_norm) {
        weight_norm = norm_limits[0] > weight_norm ? norm_limits[0] : weight_norm;
        weight_norm = norm_limits[1] < weight_norm ? norm_limits[1] : weight_norm;
        if (layerwise && is_usable_norm(weight_norm) && is_usable_norm(update_norm))
            rate = lr * (weight_norm / update_norm);
    }

    // The gradient has done its work in the first pass.
    void operator()(F& p, F, F& m, F& v) const {
        p = keep * p;
        p -= rate * direction(p, m, v);
    }

  private:
    F direction(F p, F m, F v) const { return decay(mean * m / root(v), p); }
};

}  // namespace
}  // namespace fastopt::core
