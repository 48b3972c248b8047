// RMSProp (Tieleman and Hinton 2012; centered: Graves 2013), options as in torch.optim.RMSprop.
// Keras and optax keep eps inside the root and the rate inside the momentum buffer.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct RMSPropOptions : CommonOptions {
    double alpha = 0.99;
    double eps = 1e-8;
    double momentum = 0.0;
    bool nesterov = false;
    bool centered = false;
    bool eps_inside = false;
    bool lr_inside = false;
    bool bias_correction = false;
    double initial_accumulator_value = 0.0;

    RMSPropOptions() : CommonOptions(1e-2) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("alpha", alpha, fraction);
        option("eps", eps, non_negative);
        option("momentum", momentum, non_negative);
        option("nesterov", nesterov);
        option("centered", centered);
        option("eps_inside", eps_inside);
        option("lr_inside", lr_inside);
        option("bias_correction", bias_correction);
        option("initial_accumulator_value", initial_accumulator_value, non_negative);
    }

    const char* conflict() const {
        return nesterov && momentum == 0 ? "nesterov needs momentum > 0" : nullptr;
    }

    double initial_state(int slot) const { return slot == 0 ? initial_accumulator_value : 0.0; }
};

template <class F, bool centered, bool has_momentum>
struct RMSProp {
    using Options = RMSPropOptions;
    static constexpr const char* rule = "rmsprop";
    static constexpr const char* slots[] = {"square_avg", centered ? "grad_avg" : "momentum_buffer",
                                            "momentum_buffer"};
    static constexpr int slot_count = 1 + centered + has_momentum;
    static bool serves(const Options& o) {
        return centered == o.centered && has_momentum == (o.momentum != 0);
    }

    Gradient<F> gradient;
    F keep, a, c, correction, eps_in, eps_out, mu, enters, rate;
    Uniform<F> nesterov;

    RMSProp(const Options& o, std::int64_t t)
        : gradient(o),
          keep(static_cast<F>(o.keep())),
          a(static_cast<F>(o.alpha)),
          c(static_cast<F>(1.0 - o.alpha)),
          correction(static_cast<F>(o.bias_correction ? 1.0 / (1.0 - power(o.alpha, t)) : 1.0)),
          eps_in(static_cast<F>(o.eps_inside ? o.eps : 0.0)),
          eps_out(static_cast<F>(o.eps_inside ? 0.0 : o.eps)),
          mu(static_cast<F>(o.momentum)),
          enters(static_cast<F>(o.lr_inside ? o.lr : 1.0)),
          rate(static_cast<F>(has_momentum && o.lr_inside ? 1.0 : o.lr)),
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
}  // namespace fastopt
