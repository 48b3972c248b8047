// ASGD (Polyak and Juditsky 1992, with the rates of Bottou's "Stochastic gradient descent tricks",
// 2012), as in torch.optim.ASGD: from step t0 on, `ax` is the average of the parameters.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct ASGDOptions : CommonOptions {
    double lambd = 1e-4;
    double alpha = 0.75;
    double t0 = 1e6;

    ASGDOptions() : CommonOptions(1e-2) {}

    static constexpr auto declared = declare(option("lambd", &ASGDOptions::lambd, non_negative),
                                             option("alpha", &ASGDOptions::alpha, non_negative),
                                             option("t0", &ASGDOptions::t0, non_negative));

    const char* conflict() const {
        return lr < 0 ? "lr must be >= 0, because its decay is a power of it" : nullptr;
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
struct ASGD : Rule<ASGDOptions, 1> {
    static constexpr char title[] = "ASGD";
    static constexpr const char* slots[] = {"ax"};

    Gradient<F> gradient;
    Coefficient<F> keep, rate, share;
    Uniform<F> copies;

    ASGD(const ASGDOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep() * (1.0 - o.lambd * o.eta(step.number))),
          rate(o.eta(step.number)),
          share(o.mu(step.number)),
          copies(o.mu(step.number) == 1) {}

    void operator()(F& p, F g, F& ax) const {
        g = gradient(g, p);
        p = keep * p - rate * g;
        ax = select(copies, p, ax + share * (p - ax));
    }
};

}  // namespace
}  // namespace fastopt::core
