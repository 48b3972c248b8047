// SGD with the momentum of torch.optim.SGD (Sutskever et al. 2013), where the rate is outside the
// buffer, or with Polyak's (1964), where it is inside, as in Keras, MXNet and the textbooks.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct SGDOptions : CommonOptions {
    double momentum = 0.0;
    double dampening = 0.0;
    Flag nesterov = false;
    Flag lr_inside = false;

    SGDOptions() : CommonOptions(1e-3) {}

    static constexpr auto declared = declare(
        option("momentum", &SGDOptions::momentum, non_negative),
        option("dampening", &SGDOptions::dampening, finite),
        option("nesterov", &SGDOptions::nesterov), option("lr_inside", &SGDOptions::lr_inside));

    const char* conflict() const {
        if (nesterov && dampening != 0) return "nesterov needs dampening = 0";
        return lr_inside && dampening != 0 ? "lr_inside needs dampening = 0" : nullptr;
    }

    double state_form(int) const { return lr_inside; }
};

template <class F, bool has_momentum>
struct SGD : Rule<SGDOptions, has_momentum> {
    static constexpr char title[] = "SGD";
    static constexpr const char* slots[] = {"momentum_buffer"};
    static bool serves(const SGDOptions& o) { return has_momentum == (o.momentum != 0); }

    Gradient<F> gradient;
    Coefficient<F> keep, mu, enters, direct, rate;
    Uniform<F> starts, nesterov;

    SGD(const SGDOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          mu(o.momentum),
          enters(o.lr_inside ? -o.lr : 1.0 - o.dampening),
          direct(o.lr_inside ? -o.lr : 1.0),
          rate(has_momentum && o.lr_inside ? 1.0 : -o.lr),
          starts(step.number == 1 && !o.lr_inside),
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
}  // namespace fastopt::core
