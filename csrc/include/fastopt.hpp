// fastopt.hpp: fused, in-place optimizer steps for CPUs, in C++17, over the C API of fastopt.h.
//
//     fastopt::Plan plan;
//     fastopt::AdamOptions options;
//     options.lr = 0.01;
//     const std::size_t row = plan.add(plan.add_group(options), weights);
//     plan.set_gradient(row, gradient);
//     ...
//     plan.step();
//
// What fails throws fastopt::Error, and has modified nothing.
#ifndef FASTOPT_HPP
#define FASTOPT_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "fastopt.h"

namespace fastopt {

class Error : public std::runtime_error {
  public:
    Error(fastopt_status status, const char* message)
        : std::runtime_error(message), status_(status) {}

    fastopt_status status() const noexcept { return status_; }

  private:
    fastopt_status status_;
};

inline void check(fastopt_status status) {
    if (status != FASTOPT_OK) throw Error(status, fastopt_error_message());
}

// Contiguous elements: of a std::vector, std::array, std::span, or whatever has data() and size().
template <class T>
class Span {
  public:
    using value_type = std::remove_const_t<T>;

    constexpr Span() noexcept = default;
    // The address of no elements is null, whatever room a container may have reserved.
    constexpr Span(T* data, std::size_t size) noexcept
        : data_(size == 0 ? nullptr : data), size_(size) {}
    template <
        class Container,
        class = std::enable_if_t<std::is_convertible_v<
            std::remove_pointer_t<decltype(std::data(std::declval<Container&>()))> (*)[], T (*)[]>>>
    constexpr Span(Container&& from) : Span(std::data(from), std::size(from)) {}

    constexpr T* data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }

  private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

template <class Container>
Span(Container&&) -> Span<std::remove_pointer_t<decltype(std::data(std::declval<Container&>()))>>;

template <class T>
constexpr fastopt_type type_of() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                  "elements are float or double");
    return std::is_same_v<T, float> ? FASTOPT_F32 : FASTOPT_F64;
}

// Of an element, in bytes.
constexpr std::size_t size_of(fastopt_type type) {
    return type == FASTOPT_F32 ? sizeof(float) : sizeof(double);
}

namespace detail {

// State that the rule's variant lacks is empty.
inline void same_size(std::size_t size, std::initializer_list<std::size_t> others) {
    for (const std::size_t other : others)
        if (other != size && other != 0)
            throw Error(FASTOPT_INVALID_ARGUMENT,
                        "the sizes of p, g and the state differ; pass spans of one size");
}

}  // namespace detail

// The work list of an optimizer; see fastopt.h. Its arrays must outlive it.
class Plan {
  public:
    Plan() {
        fastopt_plan* made = nullptr;
        check(fastopt_plan_create(&made));
        plan_.reset(made);
    }

    // For calls of the C API that this class lacks.
    fastopt_plan* get() const noexcept { return plan_.get(); }

    std::size_t add_group(const fastopt_options& options) {
        std::size_t group = 0;
        check(fastopt_plan_add_group(get(), &options, &group));
        return group;
    }
    template <class Options>
    std::size_t add_group(const Options& options) {
        return add_group(options.base);
    }

    // A parameter, as a Span or any other container that one can be made of. The plan cares for its
    // state.
    template <class Elements>
    std::size_t add(std::size_t group, Elements&& parameter) {
        auto* data = std::data(parameter);
        using T = std::remove_pointer_t<decltype(data)>;
        static_assert(!std::is_const_v<T>, "a plan writes to its parameters");
        const auto size = static_cast<std::ptrdiff_t>(std::size(parameter));
        return add_array(group, {data, type_of<T>(), 1, &size, nullptr});
    }
    // Arrays of any layout; `slots` are the state arrays, or null.
    std::size_t add_array(std::size_t group, const fastopt_array& parameter,
                          const fastopt_array* slots = nullptr, unsigned flags = 0) {
        std::size_t row = 0;
        check(fastopt_plan_add_row(get(), group, &parameter, slots, flags, &row));
        return row;
    }

    template <class Elements>
    void set_gradient(std::size_t row, const Elements& gradient) {
        const auto* data = std::data(gradient);
        using T = std::remove_const_t<std::remove_pointer_t<decltype(data)>>;
        const auto size = static_cast<std::ptrdiff_t>(std::size(gradient));
        // Nothing writes to a gradient.
        set_gradient_array(row, {const_cast<T*>(data), type_of<T>(), 1, &size, nullptr});
    }
    void set_gradient_array(std::size_t row, const fastopt_array& gradient, unsigned flags = 0) {
        check(fastopt_plan_set_gradient(get(), row, &gradient, flags));
    }
    void set_sparse_gradient(std::size_t row, const std::int64_t* indices, std::size_t count,
                             const fastopt_array& values, unsigned flags = 0) {
        check(fastopt_plan_set_sparse_gradient(get(), row, indices, count, &values, flags));
    }
    // The row is skipped until it has a gradient again.
    void clear_gradient(std::size_t row) {
        check(fastopt_plan_set_gradient(get(), row, nullptr, 0));
    }

    // 0 threads: the default.
    void step(int num_threads = 0) { check(fastopt_plan_step(get(), num_threads)); }

    // As in plan.options<fastopt::AdamOptions>(group).
    template <class Options>
    Options options(std::size_t group) const {
        Options options;
        check(fastopt_plan_get_options(get(), group, &options.base));
        return options;
    }
    void set_options(std::size_t group, const fastopt_options& options) {
        check(fastopt_plan_set_options(get(), group, &options));
    }
    template <class Options>
    void set_options(std::size_t group, const Options& options) {
        set_options(group, options.base);
    }

    fastopt_threading threading() const {
        fastopt_threading threading;
        check(fastopt_plan_get_threading(get(), &threading));
        return threading;
    }

    void learn(const Plan& other) { check(fastopt_plan_learn(get(), other.get())); }

    std::int64_t steps(std::size_t row) const {
        std::int64_t steps = 0;
        check(fastopt_plan_get_steps(get(), row, &steps));
        return steps;
    }
    void set_steps(std::size_t row, std::int64_t steps) {
        check(fastopt_plan_set_steps(get(), row, steps));
    }

    // A state array, in the order of fastopt_options_variant.
    fastopt_array slot(std::size_t row, std::size_t slot) const {
        fastopt_array array{};
        check(fastopt_plan_get_slot(get(), row, slot, &array));
        return array;
    }

  private:
    struct Destroy {
        void operator()(fastopt_plan* plan) const noexcept { fastopt_plan_destroy(plan); }
    };

    std::unique_ptr<fastopt_plan, Destroy> plan_;
};

// One step of the options' rule on arrays of any layout; see fastopt_apply. For contiguous elements
// there is a function for each rule, such as fastopt::adam.
inline void apply(const fastopt_options& options, std::int64_t step, const fastopt_array& p,
                  const fastopt_array& g, const fastopt_array* slots, unsigned flags = 0,
                  int num_threads = 0) {
    check(fastopt_apply(&options, step, &p, &g, slots, flags, num_threads));
}

}  // namespace fastopt

#include "fastopt_rules.hpp"

#endif
