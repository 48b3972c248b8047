// NAdam (Dozat 2016), as in torch.optim.NAdam. Its momentum rises with the step, faster the larger
// momentum_decay is: 0.004 in torch and MXNet, 1 in Keras; inf is the constant one of optax.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct NAdamOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-8;
    double eps_root = 0.0;
    double momentum_decay = 4e-3;

    NAdamOptions() : CommonOptions(2e-3) {}

    static constexpr auto declared =
        declare(option("betas", &NAdamOptions::betas, fraction),
                option("eps", &NAdamOptions::eps, non_negative),
                option("eps_root", &NAdamOptions::eps_root, non_negative),
                option("momentum_decay", &NAdamOptions::momentum_decay, non_negative_or_inf));

    // The momentum of step t.
    double momentum(std::int64_t t) const {
        return betas[0] * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(t) * momentum_decay));
    }

    // The product of the momenta of steps 1 to t. It follows from t alone, so that no state has to
    // carry it: with q = 0.96**momentum_decay, the logarithm of the product of 1 - q**i/2 is the
    // sum over k of -(1/2)**k/k times the geometric series q**k + q**2k + ... + q**tk.
    double momentum_product(std::int64_t t) const {
        const double constant = power(betas[0], t);
        if (constant < 1e-20) return 0.0;                                  // and 1 minus it is 1
        const double log_q = momentum_decay * -0.040821994520255166;       // log 0.96
        const double step = -std::expm1(log_q);                            // 1 - q
        const double whole = -std::expm1(static_cast<double>(t) * log_q);  // 1 - q**t
        double sum = 0.0, half = 0.5, a = step, b = whole;  // a, b: 1 - q**k, 1 - q**tk
        for (int k = 1; k <= 60; ++k) {
            sum += half / k * (1.0 - a) * (step == 0.0 ? static_cast<double>(t) : b / a);
            half *= 0.5;
            a += (1.0 - a) * step;
            b += (1.0 - b) * whole;
        }
        return constant * std::exp(-sum);
    }
};

template <class F>
struct NAdam : Rule<NAdamOptions, 2> {
    static constexpr char title[] = "NAdam";
    static constexpr const char* slots[] = {"exp_avg", "exp_avg_sq"};

    Gradient<F> gradient;
    Moments<F> moments;
    Coefficient<F> keep, gradient_rate, mean_rate;
    Root<F> root;

    NAdam(const NAdamOptions& o, const Step& step)
        : NAdam(o, step, o.momentum_product(step.number), o.momentum(step.number + 1)) {}

    void operator()(F& p, F g, F& m, F& v) const {
        g = gradient(g, p);
        moments(m, v, g);
        p = keep * p - (gradient_rate * g + mean_rate * m) / root(v);
    }

  private:
    NAdam(const NAdamOptions& o, const Step& step, double product, double next)
        : gradient(o, step),
          moments(o.betas),
          keep(o.keep()),
          gradient_rate(o.lr * (1.0 - o.momentum(step.number)) / (1.0 - product)),
          mean_rate(o.lr * next / (1.0 - product * next)),
          root(1.0 - power(o.betas[1], step.number), o.eps_root, o.eps) {}
};

}  // namespace
}  // namespace fastopt::core
