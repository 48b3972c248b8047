// LAMB (You et al. 2020): Adam whose update is scaled to each parameter's norm. Its weight decay is
// part of that update; Keras decays the parameter before: decoupled_weight_decay.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct LAMBOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-6;
    double eps_root = 0.0;
    bool bias_correction = true;
    Pair norm_limits{0.0, std::numeric_limits<double>::infinity()};
    bool layerwise = true;

    LAMBOptions() : CommonOptions(1e-3) { weight_decay = 0.01; }

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("betas", betas, fraction);
        option("eps", eps, non_negative);
        option("eps_root", eps_root, non_negative);
        option("bias_correction", bias_correction);
        option("norm_limits", norm_limits, non_negative_or_inf);
        option("layerwise", layerwise);
    }

    const char* conflict() const {
        const bool ordered = is_finite(norm_limits[0]) && norm_limits[0] <= norm_limits[1];
        return ordered ? nullptr : "norm_limits must be in ascending order, from a finite one";
    }

    double correction(double beta, std::int64_t t) const {
        return bias_correction ? 1.0 - power(beta, t) : 1.0;
    }
};

template <class F>
struct LAMB {
    using Options = LAMBOptions;
    static constexpr const char* rule = "lamb";
    static constexpr const char* slots[] = {"exp_avg", "exp_avg_sq"};
    static constexpr int slot_count = 2;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    Decay<F> decay;
    Moments<F> moments;
    F keep, mean;
    Root<F> root;
    F rate;
    double lr;
    Pair norm_limits;
    bool layerwise;

    LAMB(const Options& o, std::int64_t t)
        : gradient(o, 0.0),
          decay(o.l2()),
          moments(o.betas),
          keep(static_cast<F>(o.keep())),
          mean(static_cast<F>(1.0 / o.correction(o.betas[0], t))),
          root(o.correction(o.betas[1], t), o.eps_root, o.eps),
          rate(static_cast<F>(o.lr)),
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

    void conclude(double weight_norm, double update_norm) {
        weight_norm = norm_limits[0] > weight_norm ? norm_limits[0] : weight_norm;
        weight_norm = norm_limits[1] < weight_norm ? norm_limits[1] : weight_norm;
        if (layerwise && weight_norm > 0 && update_norm > 0)
            rate = static_cast<F>(lr * (weight_norm / update_norm));
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
}  // namespace fastopt
