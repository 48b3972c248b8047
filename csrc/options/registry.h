// The rules by name: their options, variants and state slots, with the types erased.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "../include/fastopt.h"
#include "../rules/step.h"

namespace fastopt::core {

// Room for the coefficients of any rule.
struct CoefficientBlock {
    static constexpr std::size_t size = 192;
    alignas(double) unsigned char bytes[size];
};

// What follows points with `options` to the options of a rule, which lie in memory as its struct in
// C does.

// A variant, in data and functions.
struct VariantType {
    fastopt_variant_info info;
    bool (*serves)(const void* options);
    void (*compute_f32)(const void* options, const Step& step, CoefficientBlock& out);
    void (*compute_f64)(const void* options, const Step& step, CoefficientBlock& out);
};

// Every variant, in the order of the kernel tables.
const std::vector<VariantType>& variants();

inline const fastopt_variant_info& variant_info(int variant) {
    return variants()[static_cast<std::size_t>(variant)].info;
}

// A rule, in data and functions.
struct RuleType {
    fastopt_rule_info info;
    std::vector<fastopt_option_info> options;
    const VariantType* variants;  // the first of them; some one serves any options

    void (*set_defaults)(void* options);
    // The number of the first value that is out of its domain, of a pair each, or -1.
    int (*find_outside)(const void* options);
    const char* (*conflict)(const void* options);
    double (*initial_state)(const void* options, int slot);
    double (*state_form)(const void* options, int slot);
};

const std::vector<RuleType>& rules();

// Null where no rule has that name.
const RuleType* find_rule(const char* name);

// The options of one rule, and what follows from them.
class RuleOptions {
  public:
    // The rule's defaults.
    explicit RuleOptions(const RuleType& type) : type_(&type) { type.set_defaults(bytes_); }

    static constexpr std::size_t max_size = 192;

    const RuleType& type() const { return *type_; }
    const char* rule() const { return type_->info.name; }
    // Why these options cannot stand together, or null.
    const char* conflict() const { return type_->conflict(bytes_); }
    double initial_state(int slot) const { return type_->initial_state(bytes_, slot); }
    int variant() const { return static_cast<int>(&variant_type() - variants().data()); }
    // Whether rows that have begun with these options can go on with others.
    bool may_become(const RuleOptions& others) const;
    // Whether the slot of that name, which variants with these options may lack, holds the same.
    bool agrees_on(std::string_view slot, const RuleOptions& others) const;
    void compute_coefficients(fastopt_type type, const Step& step, CoefficientBlock& out) const {
        const VariantType& variant = variant_type();
        (type == FASTOPT_F32 ? variant.compute_f32 : variant.compute_f64)(bytes_, step, out);
    }

    // The rule's struct in C, type().info.options_size bytes.
    unsigned char* bytes() { return bytes_; }
    const unsigned char* bytes() const { return bytes_; }

  private:
    const VariantType& variant_type() const {
        const VariantType* found = type_->variants;
        while (!found->serves(bytes_)) ++found;
        return *found;
    }

    const RuleType* type_;
    alignas(double) unsigned char bytes_[max_size];
};

}  // namespace fastopt::core
