// SGD with the momentum of torch.optim.SGD (Sutskever et al. 2013), where the rate is outside the
// buffer, or with Polyak's (1964), where it is inside, as in Keras, MXNet and the textbooks.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct SGDOptions : CommonOptions {
    double momentum = 0.0;
    double dampening = 0.0;
    bool nesterov = false;
    bool lr_inside = false;

    SGDOptions() : CommonOptions(1e-3) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("momentum", momentum, non_negative);
        option("dampening", dampening, finite);
        option("nesterov", nesterov);
        option("lr_inside", lr_inside);
    }

    const char* conflict() const {
        if (nesterov && (momentum == 0 || dampening != 0))
            return "nesterov needs momentum > 0 and dampening = 0";
        return lr_inside && dampening != 0 ? "lr_inside needs dampening = 0" : nullptr;
    }
};

template <class F, bool has_momentum>
struct SGD {
    using Options = SGDOptions;
    static constexpr const char* rule = "sgd";
    static constexpr const char* slots[] = {"momentum_buffer"};
    static constexpr int slot_count = has_momentum;
    static bool serves(const Options& o) { return has_momentum == (o.momentum != 0); }

    Gradient<F> gradient;
    F keep, mu, enters, direct, rate;
    Uniform<F> starts, nesterov;

    SGD(const Options& o, std::int64_t t)
        : gradient(o),
          keep(static_cast<F>(o.keep())),
          mu(static_cast<F>(o.momentum)),
          enters(static_cast<F>(o.lr_inside ? -o.lr : 1.0 - o.dampening)),
          direct(static_cast<F>(o.lr_inside ? -o.lr : 1.0)),
          rate(static_cast<F>(has_momentum && o.lr_inside ? 1.0 : -o.lr)),
          starts(t == 1 && !o.lr_inside),
          nesterov(o.nesterov) {}

    template <class... S>
    void operator()(F& p, F g, S&... slot) const {
        g = gradient(g, p);
        if constexpr (has_momentum) {
            F& buf = first(slot...);
            buf = select(starts, g, mu * buf + enters * g);
            g = select(nesterov, direct * g + mu * buf, buf);
        }
        p = keep * p + rate * g;
    }
};

}  // namespace
}  // namespace fastopt
