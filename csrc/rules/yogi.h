// Yogi (Zaheer et al. 2018): Adam whose second moment moves by (1 - b2)*g**2 and no more, up or
// down. As optax.yogi, with Adam's bias correction, which the paper and Flower's FedYogi lack:
// bias_correction = False.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct YogiOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-3;
    double eps_root = 0.0;
    Flag bias_correction = true;
    double initial_accumulator_value = 1e-6;

    YogiOptions() : CommonOptions(1e-2) {}

    static constexpr auto declared = declare(
        option("betas", &YogiOptions::betas, fraction),
        option("eps", &YogiOptions::eps, non_negative),
        option("eps_root", &YogiOptions::eps_root, non_negative),
        option("bias_correction", &YogiOptions::bias_correction),
        option("initial_accumulator_value", &YogiOptions::initial_accumulator_value, non_negative));

    double initial_state(int) const { return initial_accumulator_value; }

    double correction(double beta, std::int64_t t) const {
        return bias_correction ? 1.0 - power(beta, t) : 1.0;
    }
};

template <class F>
struct Yogi : Rule<YogiOptions, 2> {
    static constexpr char title[] = "Yogi";
    static constexpr const char* slots[] = {"exp_avg", "exp_avg_sq"};

    Gradient<F> gradient;
    Coefficient<F> keep, b1, c1, c2, rate;
    Root<F> root;

    Yogi(const YogiOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          b1(o.betas[0]),
          c1(1.0 - o.betas[0]),
          c2(1.0 - o.betas[1]),
          rate(o.lr / o.correction(o.betas[0], step.number)),
          root(o.correction(o.betas[1], step.number), o.eps_root, o.eps) {}

    void operator()(F& p, F g, F& m, F& v) const {
        g = gradient(g, p);
        m = b1 * m + c1 * g;
        const F square = g * g;
        v -= c2 * sign(v - square) * square;
        p = keep * p - rate * m / root(v);
    }
};

}  // namespace
}  // namespace fastopt::core
