#include "registry.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <tuple>
#include <type_traits>

#include "../kernels/kernel.h"
#include "../rules/list.h"

namespace fastopt::core {
namespace {

template <class T>
constexpr fastopt_option_kind kind_of = std::is_same_v<T, double> ? FASTOPT_NUMBER
                                        : std::is_same_v<T, Pair> ? FASTOPT_PAIR
                                                                  : FASTOPT_FLAG;

// The functions of a RuleType.
template <class Options>
struct Functions {
    static const Options& of(const void* options) { return *static_cast<const Options*>(options); }

    static const char* conflict(const void* options) { return of(options).conflict(); }
    static double initial_state(const void* options, int slot) {
        return of(options).initial_state(slot);
    }

    // Calls visit(index, Variant*) for that variant of the rule which serves the options.
    template <class F, class Visit>
    static void with_variant(const void* options, const Visit& visit) {
        for_each(Variants<F>(), [&](int index, auto* variant) {
            using Variant = std::remove_pointer_t<decltype(variant)>;
            if constexpr (std::is_same_v<typename Variant::Options, Options>)
                if (Variant::serves(of(options))) visit(index, variant);
        });
    }

    static int variant(const void* options) {
        int found = -1;
        with_variant<float>(options, [&](int index, auto*) { found = index; });
        return found;
    }

    template <class F>
    static void compute_as(const void* options, const Step& step, CoefficientBlock& out) {
        with_variant<F>(options, [&](int, auto* variant) {
            using Variant = std::remove_pointer_t<decltype(variant)>;
            static_assert(sizeof(Variant) <= CoefficientBlock::size);
            static_assert(alignof(Variant) <= alignof(double));
            static_assert(2 + Variant::slot_count <= max_operands);
            static_assert(std::is_trivially_destructible_v<Variant>);
            new (out.bytes) Variant(of(options), step);
        });
    }
    static void compute(const void* options, fastopt_type type, const Step& step,
                        CoefficientBlock& out) {
        if (type == FASTOPT_F32)
            compute_as<float>(options, step, out);
        else
            compute_as<double>(options, step, out);
    }
};

template <class Variant>
RuleType make_rule() {
    using Options = typename Variant::Options;
    using Of = Functions<Options>;
    static_assert(sizeof(Options) <= RuleOptions::max_size);
    static_assert(std::is_trivially_copyable_v<Options>);
    const auto set_defaults = [](void* place) {
        auto* options = new (place) Options();
        options->size = sizeof(Options);
        options->rule = rule_name<Variant>.data();
    };
    RuleType rule{{rule_name<Variant>.data(), sizeof(Options), 0, nullptr, {}},
                  {},
                  {},
                  set_defaults,
                  Of::conflict,
                  Of::initial_state,
                  Of::variant,
                  Of::compute};
    const Options values;
    const auto add = [&](const auto& option) {
        const auto& value = values.*option.member;
        const std::ptrdiff_t offset = reinterpret_cast<const unsigned char*>(&value) -
                                      reinterpret_cast<const unsigned char*>(&values);
        rule.options.push_back({option.name, option.domain.words,
                                kind_of<std::decay_t<decltype(value)>>,
                                static_cast<std::size_t>(offset)});
        rule.holds.push_back(option.domain.holds);
    };
    std::apply([&](const auto&... option) { (add(option), ...); }, Options::declared);
    for (const fastopt_variant_info& variant : variant_infos())
        if (std::strcmp(variant.rule, rule.info.name) == 0 &&
            variant.slot_count >= rule.info.all_slots.slot_count)
            rule.info.all_slots = variant;
    return rule;
}

}  // namespace

const std::vector<fastopt_variant_info>& variant_infos() {
    static const std::vector<fastopt_variant_info> infos = [] {
        std::vector<fastopt_variant_info> all;
        for_each(Variants<float>(), [&](int, auto* variant) {
            using Variant = std::remove_pointer_t<decltype(variant)>;
            all.push_back(
                {rule_name<Variant>.data(), std::size_t{Variant::slot_count}, Variant::slots});
        });
        return all;
    }();
    return infos;
}

const std::vector<RuleType>& rules() {
    static const std::vector<RuleType> types = [] {
        std::vector<RuleType> all;
        for_each(Variants<float>(), [&](int, auto* variant) {
            using Variant = std::remove_pointer_t<decltype(variant)>;
            if (all.empty() || std::strcmp(all.back().info.name, rule_name<Variant>.data()) != 0)
                all.push_back(make_rule<Variant>());
        });
        for (RuleType& rule : all) {
            rule.info.option_count = rule.options.size();
            rule.info.options = rule.options.data();
        }
        return all;
    }();
    return types;
}

const RuleType* find_rule(std::string_view name) {
    const auto found = std::find_if(rules().begin(), rules().end(),
                                    [&](const RuleType& rule) { return name == rule.info.name; });
    return found == rules().end() ? nullptr : &*found;
}

bool RuleOptions::may_become(const RuleOptions& others) const {
    if (variant() != others.variant()) return false;
    // The rate, the first option, may always change: where a slot starts with it, it is no longer
    // needed.
    RuleOptions present = *this;
    const std::size_t lr = type_->options.front().offset;
    std::memcpy(present.bytes_ + lr, others.bytes_ + lr, sizeof(double));
    bool alike = true;
    for (int slot = 0; slot < FASTOPT_MAX_SLOTS; ++slot)
        alike &= present.initial_state(slot) == others.initial_state(slot);
    return alike;
}

}  // namespace fastopt::core
