// ASGD (Polyak and Juditsky 1992, with the rates of Bottou's "Stochastic gradient descent tricks",
// 2012), as in torch.optim.ASGD: from step t0 on, `ax` is the average of the parameters.
#pragma once

#include "../rule.h"

namespace fastopt {
namespace {

struct ASGDOptions : CommonOptions {
    double lambd = 1e-4;
    double alpha = 0.75;
    double t0 = 1e6;

    ASGDOptions() : CommonOptions(1e-2) {}

    template <class Visitor>
    void visit(Visitor& option) {
        CommonOptions::visit(option);
        option("lambd", lambd, non_negative);
        option("alpha", alpha, non_negative);
        option("t0", t0, non_negative);
    }

    double eta(std::int64_t t) const {
        return lr / std::pow(1.0 + lambd * lr * static_cast<double>(t - 1), alpha);
    }
    double mu(std::int64_t t) const {
        const double averaged = static_cast<double>(t - 1) - t0;
        return 1.0 / (averaged > 1.0 ? averaged : 1.0);
    }
};

template <class F>
struct ASGD {
    using Options = ASGDOptions;
    static constexpr const char* rule = "asgd";
    static constexpr const char* slots[] = {"ax"};
    static constexpr int slot_count = 1;
    static bool serves(const Options&) { return true; }

    Gradient<F> gradient;
    F keep, rate, share;
    Uniform<F> copies;

    ASGD(const Options& o, std::int64_t t)
        : gradient(o),
          keep(static_cast<F>(o.keep() * (1.0 - o.lambd * o.eta(t)))),
          rate(static_cast<F>(o.eta(t))),
          share(static_cast<F>(o.mu(t))),
          copies(o.mu(t) == 1) {}

    void operator()(F& p, F g, F& ax) const {
        g = gradient(g, p);
        p = keep * p - rate * g;
        ax = select(copies, p, ax + share * (p - ax));
    }
};

}  // namespace
}  // namespace fastopt
