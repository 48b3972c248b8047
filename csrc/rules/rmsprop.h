// RMSProp (Tieleman and Hinton 2012; centered: Graves 2013), options as in torch.optim.RMSprop.
// Keras and optax keep eps inside the root and the rate inside the momentum buffer.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct RMSPropOptions : CommonOptions {
    double alpha = 0.99;
    double eps = 1e-8;
    double momentum = 0.0;
    Flag nesterov = false;
    Flag centered = false;
    Flag eps_inside = false;
    Flag lr_inside = false;
    Flag bias_correction = false;
    double initial_accumulator_value = 0.0;

    RMSPropOptions() : CommonOptions(1e-2) {}

    static constexpr auto declared =
        declare(option("alpha", &RMSPropOptions::alpha, fraction),
                option("eps", &RMSPropOptions::eps, non_negative),
                option("momentum", &RMSPropOptions::momentum, non_negative),
                option("nesterov", &RMSPropOptions::nesterov),
                option("centered", &RMSPropOptions::centered),
                option("eps_inside", &RMSPropOptions::eps_inside),
                option("lr_inside", &RMSPropOptions::lr_inside),
                option("bias_correction", &RMSPropOptions::bias_correction),
                option("initial_accumulator_value", &RMSPropOptions::initial_accumulator_value,
                       non_negative));

    const char* conflict() const {
        return nesterov && momentum == 0 ? "nesterov needs momentum > 0" : nullptr;
    }

    double initial_state(int slot) const { return slot == 0 ? initial_accumulator_value : 0.0; }
    double state_form(int slot) const { return slot == 2 && lr_inside; }
};

template <class F, bool centered, bool has_momentum>
struct RMSProp : Rule<RMSPropOptions, 1 + centered + has_momentum> {
    static constexpr char title[] = "RMSProp";
    static constexpr const char* slots[] = {"square_avg", centered ? "grad_avg" : "momentum_buffer",
                                            "momentum_buffer"};
    static bool serves(const RMSPropOptions& o) {
        return centered == o.centered && has_momentum == (o.momentum != 0);
    }

    Gradient<F> gradient;
    Coefficient<F> keep, a, c, correction, eps_in, eps_out, mu, enters, rate;
    Uniform<F> nesterov;

    RMSProp(const RMSPropOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          a(o.alpha),
          c(1.0 - o.alpha),
          correction(o.bias_correction ? 1.0 / (1.0 - power(o.alpha, step.number)) : 1.0),
          eps_in(o.eps_inside ? o.eps : 0.0),
          eps_out(o.eps_inside ? 0.0 : o.eps),
          mu(o.momentum),
          enters(o.lr_inside ? o.lr : 1.0),
          rate(has_momentum && o.lr_inside ? 1.0 : o.lr),
          nesterov(o.nesterov) {}

    template <class... S>
    void operator()(F& p, F g, F& v, S&... slot) const {
        g = gradient(g, p);
        v = a * v + c * g * g;
        F d = correction * v;
        if constexpr (centered) {
            F& m = first(slot...);
            m = a * m + c * g;
            const F mean = correction * m;
            d = max(d - mean * mean, F(0));
        }
        F u = g / (sqrt(d + eps_in) + eps_out);
        if constexpr (has_momentum) {
            F& buf = last(slot...);
            u = enters * u;
            buf = mu * buf + u;
            u = select(nesterov, u + mu * buf, buf);
        }
        p = keep * p - rate * u;
    }
};

}  // namespace
}  // namespace fastopt::core
