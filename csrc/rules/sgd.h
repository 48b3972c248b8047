// SGD with the momentum of torch.optim.SGD (Sutskever et al. 2013): the rate is outside the buffer.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct SGDOptions : CommonOptions {
    double momentum = 0.0;
    double dampening = 0.0;
    bool nesterov = false;

    SGDOptions() : CommonOptions(1e-3) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("momentum", momentum, non_negative);
        option("dampening", dampening, finite);
        option("nesterov", nesterov);
    }

    const char* conflict() const {
        return nesterov && (momentum == 0 || dampening != 0)
                   ? "nesterov needs momentum > 0 and dampening = 0"
                   : nullptr;
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
    F lr, mu, c;
    Uniform<F> starts, nesterov;

    SGD(const Options& o, std::int64_t t)
        : gradient(o, o.weight_decay),
          lr(static_cast<F>(o.lr)),
          mu(static_cast<F>(o.momentum)),
          c(static_cast<F>(1.0 - o.dampening)),
          starts(t == 1),
          nesterov(o.nesterov) {}

    template <class... S>
    void operator()(F& p, F g, S&... slot) const {
        g = gradient(g, p);
        if constexpr (has_momentum) {
            F& buf = first(slot...);
            buf = select(starts, g, mu * buf + c * g);
            g = select(nesterov, g + mu * buf, buf);
        }
        p -= lr * g;
    }
};

}  // namespace
}  // namespace fastopt
