// LARS (You, Gitman and Ginsburg 2017): momentum SGD whose rate follows each parameter's trust
// ratio, the norm of the parameter over that of its gradient. optax takes the norm of the gradient
// with its weight decay: decay_in_norm.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct LARSOptions : CommonOptions {
    double momentum = 0.9;
    bool nesterov = false;
    bool lr_inside = true;
    double trust_coefficient = 1e-3;
    double eps = 1e-8;
    bool decay_in_norm = false;
    bool layerwise = true;

    LARSOptions() : CommonOptions(0.1) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("momentum", momentum, non_negative);
        option("nesterov", nesterov);
        option("lr_inside", lr_inside);
        option("trust_coefficient", trust_coefficient, positive);
        option("eps", eps, non_negative);
        option("decay_in_norm", decay_in_norm);
        option("layerwise", layerwise);
    }

    const char* conflict() const {
        return nesterov && momentum == 0 ? "nesterov needs momentum > 0" : nullptr;
    }
};

template <class F>
struct LARS {
    using Options = LARSOptions;
    static constexpr const char* rule = "lars";
    static constexpr const char* slots[] = {"momentum_buffer"};
    static constexpr int slot_count = 1;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    Decay<F> decay;
    F keep, mu, enters, rate, ratio;
    Uniform<F> nesterov, decay_in_norm;
    double coefficient, eps, l2;
    bool layerwise;

    LARS(const Options& o, std::int64_t)
        : gradient(o, 0.0),
          decay(o.l2()),
          keep(static_cast<F>(o.keep())),
          mu(static_cast<F>(o.momentum)),
          enters(static_cast<F>(o.lr_inside ? o.lr : 1.0)),
          rate(static_cast<F>(o.lr_inside ? 1.0 : o.lr)),
          ratio(F(1)),
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

    void conclude(double weight_norm, double update_norm) {
        if (layerwise && weight_norm > 0 && update_norm > 0)
            ratio =
                static_cast<F>(coefficient * weight_norm / (update_norm + l2 * weight_norm + eps));
    }

    void operator()(F& p, F g, F& buf) const {
        p = keep * p;
        const F u = enters * (ratio * decay(gradient(g, p), p));
        buf = mu * buf + u;
        p -= rate * select(nesterov, u + mu * buf, buf);
    }
};

}  // namespace
}  // namespace fastopt
