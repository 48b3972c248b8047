// The vocabulary in which rules are written: elementwise functions, options, coefficients, and the
// steps that every gradient goes through.
//
// A rule is one header in this folder. It declares its options; an object of it is its
// coefficients, computed once a step; and its operator() is the formula: plain arithmetic on ONE
// element of type F, without branches. kernels/sweep.h makes the loop, and the compiler makes that
// loop wide.
//
// Everything here is in an anonymous namespace, because this text is compiled once per instruction
// set: a function with external linkage could reach the linker as an AVX-512 copy and be called on
// a machine that lacks AVX-512.
#pragma once

#include <array>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>
#include <type_traits>

#include "step.h"

static_assert(FLT_EVAL_METHOD == 0, "bit-equal results need arithmetic in the operands' own type");

namespace fastopt::core {
namespace {

// ---- elementwise functions ----------------------------------------------------------------------

template <class F>
F sqrt(F x) {
    return std::sqrt(x);
}

template <class F>
F abs(F x) {
    return std::fabs(x);
}

// -1, 0 or 1, NaN kept, as np.sign.
template <class F>
F sign(F x) {
    return x > 0 ? F(1) : x < 0 ? F(-1) : x == 0 ? F(0) : x;
}

// NaN if either is NaN, as np.maximum.
template <class F>
F max(F a, F b) {
    return ((a > b) | (a != a)) ? a : b;
}

// x in [lower, upper], NaN kept, as np.clip. The bounds may be coefficients.
template <class F>
F clip(F x, std::common_type_t<F> lower, std::common_type_t<F> upper) {
    x = lower > x ? lower : x;
    return upper < x ? upper : x;
}

// A condition that is the same for every element. As a bool, GCC would copy the whole loop for each
// value, and not vectorise it where that makes too many copies; as bits it costs next to nothing.
template <class F>
struct Uniform {
    using Bits = std::conditional_t<sizeof(F) == 4, std::uint32_t, std::uint64_t>;

    explicit Uniform(bool condition) : mask(condition ? ~Bits(0) : Bits(0)) {}

    Bits mask;
};

template <class F>
F select(Uniform<F> condition, F yes, F no) {
    typename Uniform<F>::Bits a, b;
    std::memcpy(&a, &yes, sizeof(F));
    std::memcpy(&b, &no, sizeof(F));
    a = (a & condition.mask) | (b & ~condition.mask);
    std::memcpy(&yes, &a, sizeof(F));
    return yes;
}

// The state slots of a variant arrive as a pack: the first and the last of it.
template <class S, class... Rest>
S& first(S& slot, Rest&...) {
    return slot;
}

template <class S>
S& last(S& slot) {
    return slot;
}

template <class S, class... Rest>
auto& last(S&, Rest&... rest) {
    return last(rest...);
}

// ---- coefficients -------------------------------------------------------------------------------

// A number of the formula that is the same for every element: computed in double, rounded once.
template <class F>
class Coefficient {
  public:
    Coefficient(double value) : value_(static_cast<F>(value)) {}
    operator F() const { return value_; }

  private:
    F value_;
};

// base**exponent by repeated squaring, because pow() differs between C libraries.
inline double power(double base, std::int64_t exponent) {
    double result = 1.0;
    // Without a branch, which no CPU could guess: a product with 1 is exact.
    for (; exponent > 0; exponent >>= 1, base *= base) result *= (exponent & 1) != 0 ? base : 1.0;
    return result;
}

// Whether a ratio can be formed with a norm: not where it is 0 or NaN, nor where the sum of squares
// was beyond double's range.
inline bool is_usable_norm(double norm) {
    return norm > 0 && norm < std::numeric_limits<double>::infinity();
}

// ---- options ------------------------------------------------------------------------------------

// The values that a number may take, in words and as a test (false for NaN).
struct Domain {
    const char* words;
    bool (*holds)(double);
};

// In float32 too, so that no option becomes infinite, or zero where that is not allowed, on its way
// to the loop.
inline bool is_finite(double x) {
    return std::fabs(x) <= std::numeric_limits<float>::max();
}
inline bool is_positive(double x) {
    return x >= std::numeric_limits<float>::min();
}

inline constexpr Domain finite{"a finite number, in float32 too", is_finite};
inline constexpr Domain positive{"a finite number > 0, in float32 too",
                                 [](double x) { return is_finite(x) && is_positive(x); }};
inline constexpr Domain non_negative{"a finite number >= 0, in float32 too",
                                     [](double x) { return is_finite(x) && x >= 0; }};
inline constexpr Domain fraction{"a number in [0, 1)", [](double x) { return x >= 0 && x < 1; }};
inline constexpr Domain limit{"a number > 0, in float32 too (inf for no limit)", is_positive};
inline constexpr Domain non_negative_or_inf{"a number >= 0 (inf included)",
                                            [](double x) { return x >= 0; }};
inline constexpr Domain zero_or_one{"0 or 1", [](double x) { return x == 0 || x == 1; }};

// The types of options, as the C structs have them: double, double[2] and int.
using Pair = std::array<double, 2>;
using Flag = int;

// The declaration of an option: its name, the member of the rule's options that it is, its range.
template <class Options, class T>
struct Option {
    const char* name;
    T Options::* member;
    Domain domain;
};

template <class Options, class T>
constexpr Option<Options, T> option(const char* name, T Options::* member, Domain domain) {
    return {name, member, domain};
}

template <class Options>
constexpr Option<Options, Flag> option(const char* name, Flag Options::* member) {
    return {name, member, zero_or_one};
}

// The options of every rule. A rule's own, derived from these, lie in memory as its struct in C.
struct CommonOptions {
    std::size_t size = 0;        // of the rule's options
    const char* rule = nullptr;  // its name in C
    double lr;
    double weight_decay = 0.0;
    Flag decoupled_weight_decay = false;
    Flag maximize = false;
    double grad_scale = 1.0;
    double clip_value = std::numeric_limits<double>::infinity();

    explicit CommonOptions(double default_lr) : lr(default_lr) {}

    // The declared options: these, and behind them a rule's own.
    template <class... Own>
    static constexpr auto declare(Own... own) {
        return std::tuple{option("lr", &CommonOptions::lr, finite),
                          option("weight_decay", &CommonOptions::weight_decay, non_negative),
                          option("decoupled_weight_decay", &CommonOptions::decoupled_weight_decay),
                          option("maximize", &CommonOptions::maximize),
                          option("grad_scale", &CommonOptions::grad_scale, positive),
                          option("clip_value", &CommonOptions::clip_value, limit),
                          own...};
    }

    // Why these options cannot stand together, or null.
    const char* conflict() const { return nullptr; }

    // What a state slot holds before the first step.
    double initial_state(int) const { return 0.0; }

    // Which of several things it holds, such as a sum of steps instead of one of gradients. Slots
    // are numbered as in the variant that has most.
    double state_form(int) const { return 0.0; }

    // The two forms of weight decay: a part of the gradient, and a factor of the parameter.
    double l2() const { return decoupled_weight_decay ? 0.0 : weight_decay; }
    double keep() const { return decoupled_weight_decay ? 1.0 - lr * weight_decay : 1.0; }
};

// What a rule, or a variant of one, is derived from: it says how many of the rule's `slots`, its
// state arrays, the variant has. One of several variants says which options it serves. The rule's
// name in C is its `title`, that of its Python class, in lower case.
template <class OptionsOfRule, int slots_of_variant>
struct Rule {
    using Options = OptionsOfRule;
    static constexpr int slot_count = slots_of_variant;
    static bool serves(const Options&) { return true; }
};

// ---- the common steps of a gradient: scale, clip, maximize, L2 ----------------------------------

template <class F>
struct Decay {
    Coefficient<F> l2;
    Uniform<F> decays;  // 0 * p is NaN where p is infinite, so no decay has to mean no product

    explicit Decay(double weight_decay) : l2(weight_decay), decays(weight_decay != 0) {}

    F operator()(F g, F p) const { return select(decays, g + l2 * p, g); }
};

template <class F>
struct Gradient {
    Coefficient<F> scale;  // with the sign of maximize: clipping is symmetric, the order is free
    Coefficient<F> limit;
    Decay<F> decay;

    Gradient(const CommonOptions& o, const Step& step) : Gradient(o, step, o.l2()) {}
    Gradient(const CommonOptions& o, const Step&, double weight_decay)
        : scale(o.maximize ? -o.grad_scale : o.grad_scale),
          limit(o.clip_value),
          decay(weight_decay) {}

    F operator()(F g, F p) const { return decay(clip(scale * g, -limit, limit), p); }
};

// ---- running means of the gradient and of its square --------------------------------------------

template <class F>
struct Moments {
    Coefficient<F> b1, c1, b2, c2;

    explicit Moments(const Pair& betas)
        : b1(betas[0]), c1(1.0 - betas[0]), b2(betas[1]), c2(1.0 - betas[1]) {}

    void operator()(F& m, F& v, F g) const {
        m = b1 * m + c1 * g;
        v = b2 * v + c2 * g * g;
    }
};

// sqrt(v / correction + eps_root) + eps, the correction being 1 - b2**t.
template <class F>
struct Root {
    Coefficient<F> inside, scale, outside;

    Root(double correction, double eps_root, double eps)
        : inside(eps_root * correction), scale(1.0 / std::sqrt(correction)), outside(eps) {}

    F operator()(F v) const { return sqrt(v + inside) * scale + outside; }
};

}  // namespace
}  // namespace fastopt::core
