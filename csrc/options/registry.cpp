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

template <class Options>
const Options& as(const void* options) {
    return *static_cast<const Options*>(options);
}

template <class Variant>
bool serves(const void* options) {
    return Variant::serves(as<typename Variant::Options>(options));
}

template <class Variant>
void compute(const void* options, const Step& step, CoefficientBlock& out) {
    static_assert(sizeof(Variant) <= CoefficientBlock::size);
    static_assert(alignof(Variant) <= alignof(double));
    static_assert(2 + Variant::slot_count <= max_operands);
    static_assert(std::is_trivially_destructible_v<Variant>);
    new (out.bytes) Variant(as<typename Variant::Options>(options), step);
}

// From the variants for both types.
template <class... F32, class... F64>
std::vector<VariantType> make_variants(List<F32...>, List<F64...>) {
    return {{{rule_name<F32>.data(), std::size_t{F32::slot_count}, F32::slots},
             serves<F32>,
             compute<F32>,
             compute<F64>}...};
}

// Whether an option is in its domain; else `number` is increased by its values before the first
// that is not.
template <class Options, std::size_t option>
bool is_inside(const void* options, int& number) {
    constexpr auto& declared = std::get<option>(Options::declared);
    const auto& value = as<Options>(options).*declared.member;
    const auto holds = [&](double x) { return declared.domain.holds(x) && ++number > 0; };
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Pair>)
        return holds(value[0]) && holds(value[1]);
    else
        return holds(static_cast<double>(value));
}

template <class Options, std::size_t... option>
int find_outside(const void* options, std::index_sequence<option...>) {
    int number = 0;
    return (is_inside<Options, option>(options, number) && ...) ? -1 : number;
}

// From the first of its variants.
template <class Variant>
RuleType make_rule(const VariantType& variant) {
    using Options = typename Variant::Options;
    static_assert(sizeof(Options) <= RuleOptions::max_size);
    static_assert(std::is_trivially_copyable_v<Options>);
    RuleType rule{};
    rule.info = {rule_name<Variant>.data(), sizeof(Options), 0, nullptr, {}};
    rule.variants = &variant;
    rule.set_defaults = [](void* place) {
        auto* options = new (place) Options();
        options->size = sizeof(Options);
        options->rule = rule_name<Variant>.data();
    };
    rule.conflict = [](const void* options) { return as<Options>(options).conflict(); };
    rule.initial_state = [](const void* options, int slot) {
        return as<Options>(options).initial_state(slot);
    };
    rule.state_form = [](const void* options, int slot) {
        return as<Options>(options).state_form(slot);
    };
    rule.find_outside = [](const void* options) {
        constexpr auto count = std::tuple_size_v<decltype(Options::declared)>;
        return find_outside<Options>(options, std::make_index_sequence<count>());
    };
    const Options values;
    std::vector<fastopt_option_info>& infos = rule.options;
    const auto add = [&](const auto& option) {
        const auto& value = values.*option.member;
        const std::ptrdiff_t offset = reinterpret_cast<const unsigned char*>(&value) -
                                      reinterpret_cast<const unsigned char*>(&values);
        infos.push_back({option.name, option.domain.words, kind_of<std::decay_t<decltype(value)>>,
                         static_cast<std::size_t>(offset)});
    };
    std::apply([&](const auto&... option) { (add(option), ...); }, Options::declared);
    return rule;
}

}  // namespace

const std::vector<VariantType>& variants() {
    static const std::vector<VariantType> types =
        make_variants(Variants<float>(), Variants<double>());
    return types;
}

const std::vector<RuleType>& rules() {
    static const std::vector<RuleType> types = [] {
        std::vector<RuleType> all;
        for_each(Variants<float>(), [&](int index, auto* variant) {
            using Variant = std::remove_pointer_t<decltype(variant)>;
            const VariantType& type = variants()[static_cast<std::size_t>(index)];
            if (all.empty() || std::strcmp(all.back().info.name, type.info.rule) != 0)
                all.push_back(make_rule<Variant>(type));
            fastopt_variant_info& most = all.back().info.all_slots;
            if (type.info.slot_count >= most.slot_count) most = type.info;
        });
        for (RuleType& rule : all) {
            rule.info.option_count = rule.options.size();
            rule.info.options = rule.options.data();
        }
        return all;
    }();
    return types;
}

const RuleType* find_rule(const char* name) {
    // Structs that the library began have its own text.
    for (const RuleType& rule : rules())
        if (rule.info.name == name) return &rule;
    for (const RuleType& rule : rules())
        if (std::strcmp(rule.info.name, name) == 0) return &rule;
    return nullptr;
}

bool RuleOptions::may_become(const RuleOptions& others) const {
    if (variant() != others.variant()) return false;
    const fastopt_variant_info& info = variant_info(variant());
    return std::all_of(info.slots, info.slots + info.slot_count,
                       [&](const char* slot) { return agrees_on(slot, others); });
}

bool RuleOptions::agrees_on(std::string_view slot, const RuleOptions& others) const {
    const fastopt_variant_info& all = type_->info.all_slots;
    const auto number =
        static_cast<int>(std::find(all.slots, all.slots + all.slot_count, slot) - all.slots);
    // The rate, the first option, may always change: where a slot starts with it, it is no longer
    // needed.
    RuleOptions present = *this;
    const std::size_t lr = type_->options.front().offset;
    std::memcpy(present.bytes_ + lr, others.bytes_ + lr, sizeof(double));
    return present.initial_state(number) == others.initial_state(number) &&
           type_->state_form(bytes_, number) == type_->state_form(others.bytes_, number);
}

}  // namespace fastopt::core
