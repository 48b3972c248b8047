// The rules by name: their options, variants and state slots, with the types erased.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "../include/fastopt.h"
#include "../rules/step.h"

namespace fastopt::core {

// Every variant, in the order of the kernel tables.
const std::vector<fastopt_variant_info>& variant_infos();

inline const fastopt_variant_info& variant_info(int variant) {
    return variant_infos()[static_cast<std::size_t>(variant)];
}

// Room for the coefficients of any rule.
struct CoefficientBlock {
    static constexpr std::size_t size = 192;
    alignas(double) unsigned char bytes[size];
};

// A rule, in data and functions. `options` point to the rule's options, which lie in memory as its
// struct in C does.
struct RuleType {
    fastopt_rule_info info;
    std::vector<fastopt_option_info> options;
    std::vector<bool (*)(double)> holds;  // whether a value is in the option's domain

    void (*set_defaults)(void* options);
    const char* (*conflict)(const void* options);
    double (*initial_state)(const void* options, int slot);
    int (*variant)(const void* options);
    void (*compute)(const void* options, fastopt_type type, const Step& step,
                    CoefficientBlock& out);
};

const std::vector<RuleType>& rules();

// Null where no rule has that name.
const RuleType* find_rule(std::string_view name);

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
    int variant() const { return type_->variant(bytes_); }
    // Whether rows that have begun with these options can go on with others.
    bool may_become(const RuleOptions& others) const;
    void compute_coefficients(fastopt_type type, const Step& step, CoefficientBlock& out) const {
        type_->compute(bytes_, type, step, out);
    }

    // The rule's struct in C, type().info.options_size bytes.
    unsigned char* bytes() { return bytes_; }
    const unsigned char* bytes() const { return bytes_; }

  private:
    const RuleType* type_;
    alignas(double) unsigned char bytes_[max_size];
};

}  // namespace fastopt::core
