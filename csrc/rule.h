// The vocabulary in which rules are written: elementwise functions, the options that every rule
// has, and the steps that every gradient goes through.
//
// A rule is one header in rules/. Its formula is plain arithmetic on ONE element of type F, without
// branches; sweep.h makes the loop, and the compiler makes that loop wide.
//
// Everything here is in an anonymous namespace, because this text is compiled once per instruction
// set: a function with external linkage could reach the linker as an AVX-512 copy and be called on
// a machine that has none.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "options.h"

static_assert(FLT_EVAL_METHOD == 0, "bit-equal results need arithmetic in the operands' own type");

namespace fastopt {
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

// x in [lower, upper], NaN kept, as np.clip.
template <class F>
F clip(F x, F lower, F upper) {
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

// ---- scalars, computed in double once a step ----------------------------------------------------

// base**exponent by repeated squaring, because pow() differs between C libraries.
inline double power(double base, std::int64_t exponent) {
    double result = 1.0;
    for (; exponent > 0; exponent >>= 1, base *= base)
        if (exponent & 1) result *= base;
    return result;
}

// ---- options ------------------------------------------------------------------------------------

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

struct CommonOptions {
    double lr;
    double weight_decay = 0.0;
    bool decoupled_weight_decay = false;
    bool maximize = false;
    double grad_scale = 1.0;
    double clip_value = std::numeric_limits<double>::infinity();

    explicit CommonOptions(double default_lr) : lr(default_lr) {}

    template <class Visitor>
    void visit(Visitor& option) {
        option("lr", lr, non_negative);
        option("weight_decay", weight_decay, non_negative);
        option("decoupled_weight_decay", decoupled_weight_decay);
        option("maximize", maximize);
        option("grad_scale", grad_scale, positive);
        option("clip_value", clip_value, limit);
    }

    // Why these options cannot stand together, or null.
    const char* conflict() const { return nullptr; }

    // What a state slot holds before the first step.
    double initial_state(int) const { return 0.0; }

    // The two forms of weight decay: a part of the gradient, and a factor of the parameter.
    double l2() const { return decoupled_weight_decay ? 0.0 : weight_decay; }
    double keep() const { return decoupled_weight_decay ? 1.0 - lr * weight_decay : 1.0; }
};

// ---- the common steps of a gradient: scale, clip, maximize, L2 ----------------------------------

template <class F>
struct Decay {
    F l2;
    Uniform<F> decays;  // 0 * p is NaN where p is infinite, so no decay has to mean no product

    explicit Decay(double weight_decay)
        : l2(static_cast<F>(weight_decay)), decays(weight_decay != 0) {}

    F operator()(F g, F p) const { return select(decays, g + l2 * p, g); }
};

template <class F>
struct Gradient {
    F scale;  // its sign is that of maximize: clipping is symmetric, so the order does not matter
    F limit;
    Decay<F> decay;

    explicit Gradient(const CommonOptions& o) : Gradient(o, o.l2()) {}
    Gradient(const CommonOptions& o, double weight_decay)
        : scale(static_cast<F>(o.maximize ? -o.grad_scale : o.grad_scale)),
          limit(static_cast<F>(o.clip_value)),
          decay(weight_decay) {}

    F operator()(F g, F p) const { return decay(clip(scale * g, -limit, limit), p); }
};

// ---- running means of the gradient and of its square --------------------------------------------

template <class F>
struct Moments {
    F b1, c1, b2, c2;

    explicit Moments(const Pair& betas)
        : b1(static_cast<F>(betas[0])),
          c1(static_cast<F>(1.0 - betas[0])),
          b2(static_cast<F>(betas[1])),
          c2(static_cast<F>(1.0 - betas[1])) {}

    void operator()(F& m, F& v, F g) const {
        m = b1 * m + c1 * g;
        v = b2 * v + c2 * g * g;
    }
};

// sqrt(v / correction + eps_root) + eps, the correction being 1 - b2**t.
template <class F>
struct Root {
    F inside, scale, outside;

    Root(double correction, double eps_root, double eps)
        : inside(static_cast<F>(eps_root * correction)),
          scale(static_cast<F>(1.0 / std::sqrt(correction))),
          outside(static_cast<F>(eps)) {}

    F operator()(F v) const { return sqrt(v + inside) * scale + outside; }
};

}  // namespace
}  // namespace fastopt
