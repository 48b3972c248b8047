// Rprop (Riedmiller and Braun 1993), in the form of torch.optim.Rprop: where the gradient's sign
// has changed, the step shrinks and the gradient counts as 0.
#pragma once

#include "rule.h"

namespace fastopt::core {
namespace {

struct RpropOptions : CommonOptions {
    Pair etas{0.5, 1.2};
    Pair step_sizes{1e-6, 50.0};

    RpropOptions() : CommonOptions(1e-2) {}

    static constexpr auto declared =
        declare(option("etas", &RpropOptions::etas, positive),
                option("step_sizes", &RpropOptions::step_sizes, non_negative));

    const char* conflict() const {
        if (lr < 0) return "lr must be >= 0, because it is the length of the first step";
        if (!(etas[0] < 1 && etas[1] > 1)) return "etas must be below 1 and above 1";
        return step_sizes[0] > step_sizes[1] ? "step_sizes must be in ascending order" : nullptr;
    }

    // The first step's size is lr.
    double initial_state(int slot) const { return slot == 1 ? lr : 0.0; }
};

template <class F>
struct Rprop : Rule<RpropOptions, 2> {
    static constexpr char title[] = "Rprop";
    static constexpr const char* slots[] = {"prev", "step_size"};

    Gradient<F> gradient;
    Coefficient<F> keep, down, up, smallest, largest;

    Rprop(const RpropOptions& o, const Step& step)
        : gradient(o, step),
          keep(o.keep()),
          down(o.etas[0]),
          up(o.etas[1]),
          smallest(o.step_sizes[0]),
          largest(o.step_sizes[1]) {}

    void operator()(F& p, F g, F& prev, F& size) const {
        g = gradient(g, p);
        const F agreement = g * prev;
        const F factor = agreement > 0 ? F(up) : agreement < 0 ? F(down) : F(1);
        size = clip(size * factor, smallest, largest);
        prev = agreement < 0 ? F(0) : g;
        p = keep * p - sign(prev) * size;
    }
};

}  // namespace
}  // namespace fastopt::core
