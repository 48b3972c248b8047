// RAdam (Liu et al. 2020), as in torch.optim.RAdam: Adam once the variance of its rate is known to
// be bounded, and momentum before. optax adds eps to the corrected root: eps_hat = False.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct RAdamOptions : CommonOptions {
    Pair betas{0.9, 0.999};
    double eps = 1e-8;
    double eps_root = 0.0;
    Flag eps_hat = true;
    double threshold = 5.0;

    RAdamOptions() : CommonOptions(1e-3) {}

    static constexpr Domain at_least_4{"a finite number >= 4",
                                       [](double x) { return is_finite(x) && x >= 4; }};
    static constexpr auto declared =
        declare(option("betas", &RAdamOptions::betas, fraction),
                option("eps", &RAdamOptions::eps, non_negative),
                option("eps_root", &RAdamOptions::eps_root, non_negative),
                option("eps_hat", &RAdamOptions::eps_hat),
                option("threshold", &RAdamOptions::threshold, at_least_4));

    // The factor of the rate at step t, or 0 before the approximated length of the running mean
    // exceeds the threshold.
    double rectification(std::int64_t t) const {
        const double b2t = power(betas[1], t);
        const double longest = 2.0 / (1.0 - betas[1]) - 1.0;
        const double length = longest - 2.0 * static_cast<double>(t) * b2t / (1.0 - b2t);
        if (!(length > threshold)) return 0.0;
        return std::sqrt((length - 4.0) * (length - 2.0) * longest /
                         ((longest - 4.0) * (longest - 2.0) * length));
    }
};

template <class F>
struct RAdam : Rule<RAdamOptions, 2> {
    static constexpr char title[] = "RAdam";
    static constexpr const char* slots[] = {"exp_avg", "exp_avg_sq"};

    Gradient<F> gradient;
    Moments<F> moments;
    Coefficient<F> keep, rate, rectified_rate;
    Uniform<F> rectified;
    Root<F> root;

    RAdam(const RAdamOptions& o, const Step& step)
        : RAdam(o, step, o.lr / (1.0 - power(o.betas[0], step.number)),
                o.rectification(step.number), 1.0 - power(o.betas[1], step.number)) {}

    void operator()(F& p, F g, F& m, F& v) const {
        g = gradient(g, p);
        moments(m, v, g);
        p = keep * p - select(rectified, rectified_rate * m / root(v), rate * m);
    }

  private:
    RAdam(const RAdamOptions& o, const Step& step, double mean_rate, double rectification,
          double correction)
        : gradient(o, step),
          moments(o.betas),
          keep(o.keep()),
          rate(mean_rate),
          rectified_rate(mean_rate * rectification * (o.eps_hat ? std::sqrt(correction) : 1.0)),
          rectified(rectification != 0),
          root(correction, o.eps_root, o.eps) {
        if (o.eps_hat) root.scale = 1.0;
    }
};

}  // namespace
}  // namespace fastopt::core
