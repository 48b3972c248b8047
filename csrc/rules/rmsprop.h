// RMSProp (Tieleman and Hinton 2012; centered: Graves 2013), options as in torch.optim.RMSprop.
// TensorFlow and optax keep eps inside the root: eps_inside.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct RMSPropOptions : CommonOptions {
    double alpha = 0.99;
    double eps = 1e-8;
    double momentum = 0.0;
    bool centered = false;
    bool eps_inside = false;

    RMSPropOptions() : CommonOptions(1e-2) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("alpha", alpha, fraction);
        option("eps", eps, non_negative);
        option("momentum", momentum, non_negative);
        option("centered", centered);
        option("eps_inside", eps_inside);
    }
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
    F lr, a, c, eps_in, eps_out, mu;

    RMSProp(const Options& o, std::int64_t)
        : gradient(o, o.weight_decay),
          lr(static_cast<F>(o.lr)),
          a(static_cast<F>(o.alpha)),
          c(static_cast<F>(1.0 - o.alpha)),
          eps_in(static_cast<F>(o.eps_inside ? o.eps : 0.0)),
          eps_out(static_cast<F>(o.eps_inside ? 0.0 : o.eps)),
          mu(static_cast<F>(o.momentum)) {}

    template <class... S>
    void operator()(F& p, F g, F& v, S&... slot) const {
        g = gradient(g, p);
        v = a * v + c * g * g;
        F d = v;
        if constexpr (centered) {
            F& m = first(slot...);
            m = a * m + c * g;
            d = max(v - m * m, F(0));
        }
        F u = g / (sqrt(d + eps_in) + eps_out);
        if constexpr (has_momentum) {
            F& buf = last(slot...);
            buf = mu * buf + u;
            u = buf;
        }
        p -= lr * u;
    }
};

}  // namespace
}  // namespace fastopt
