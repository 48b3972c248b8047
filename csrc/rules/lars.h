// LARS (You, Gitman and Ginsburg 2017): momentum SGD whose rate follows each parameter's trust
// ratio, the norm of the parameter over that of its gradient. optax takes the norm of the gradient
// with its weight decay: decay_in_norm.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct LARSOptions : CommonOptions {
    double momentum = 0.9;
    Flag nesterov = false;
    Flag lr_inside = true;
    double trust_coefficient = 1e-3;
    double eps = 1e-8;
    Flag decay_in_norm = false;
    Flag layerwise = true;

    LARSOptions() : CommonOptions(0.1) {}

    static constexpr auto declared = declare(
        option("momentum", &LARSOptions::momentum, non_negative),
        option("nesterov", &LARSOptions::nesterov), option("lr_inside", &LARSOptions::lr_inside),
        option("trust_coefficient", &LARSOptions::trust_coefficient, positive),
        option("eps", &LARSOptions::eps, non_negative),
        option("decay_in_norm", &LARSOptions::decay_in_norm),
        option("layerwise", &LARSOptions::layerwise));

    const char* conflict() const {
        return nesterov && momentum == 0 ? "nesterov needs momentum > 0" : nullptr;
    }

    double state_form(int) const { return lr_inside; }
};

template <class F>
struct LARS : Rule<LARSOptions, 1> {
    static constexpr char title[] = "LARS";
    static constexpr const char* slots[] = {"momentum_buffer"};

    Gradient<F> gradient;
    Decay<F> decay;
    Coefficient<F> keep, mu, enters, rate, ratio;
    Uniform<F> nesterov, decay_in_norm;
    double coefficient, eps, l2;
    bool layerwise;

    LARS(const LARSOptions& o, const Step& step)
        : gradient(o, step, 0.0),
          decay(o.l2()),
          keep(o.keep()),
          mu(o.momentum),
          enters(o.lr_inside ? o.lr : 1.0),
          rate(o.lr_inside ? 1.0 : o.lr),
          ratio(1.0),
          nesterov(o.nesterov),
          decay_in_norm(o.decay_in_norm),
          coefficient(o.trust_coefficient),
          eps(o.eps),
          l2(o.decay_in_norm ? 0.0 : o.l2()),
          layerwise(o.layerwise) {}

    void measure(F p, F g, F&, F& weight, F& update) const {
        weight = keep * p;
        g = gradient(g, p);
        update = select(decay_in_norm, decay(g, weight), g);
    }

    void set_trust_ratio(double weight_norm, double update_norm) {
        if (layerwise && is_usable_norm(weight_norm) && is_usable_norm(update_norm))
            ratio = coefficient * weight_norm / (update_norm + l2 * weight_norm + eps);
    }

    void operator()(F& p, F g, F& buf) const {
        p = keep * p;
        const F u = enters * (ratio * decay(gradient(g, p), p));
        buf = mu * buf + u;
        p -= rate * select(nesterov, u + mu * buf, buf);
    }
};

}  // namespace
}  // namespace fastopt::core
