// The rules by name: their options, variants and state slots, with the types erased.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "include/fastopt.h"
#include "options.h"

namespace fastopt {

// Every kernel, in the order of the kernel tables.
const std::vector<fastopt_kernel_info>& kernel_infos();

inline const fastopt_kernel_info& kernel_info(int kernel) {
    return kernel_infos()[static_cast<std::size_t>(kernel)];
}

// Room for the scalar part of any rule.
struct Prepared {
    static constexpr std::size_t size = 192;
    alignas(double) unsigned char bytes[size];
};

// The options of one rule, and what follows from them.
class RuleOptions {
  public:
    const char* rule() const { return type_->rule; }
    void visit(OptionVisitor& visitor) { type_->visit(bytes_, visitor); }
    // Why these options cannot stand together, or null.
    const char* conflict() const { return type_->conflict(bytes_); }
    double initial_state(int slot) const { return type_->initial_state(bytes_, slot); }
    // Whether rows that have begun with these options can go on with others.
    bool may_become(const RuleOptions& others) const {
        return kernel() == others.kernel() && type_->starts_alike(bytes_, others.bytes_);
    }
    int kernel() const { return type_->kernel(bytes_); }
    // The scalar part of the rule at step t, which counts from 1.
    void prepare(fastopt_type type, std::int64_t t, Prepared& out) const {
        type_->prepare(bytes_, type, t, out);
    }

  private:
    // The type of a rule's options, in functions.
    struct Type {
        const char* rule;
        void (*visit)(void* options, OptionVisitor& visitor);
        const char* (*conflict)(const void* options);
        double (*initial_state)(const void* options, int slot);
        bool (*starts_alike)(const void* options, const void* others);
        int (*kernel)(const void* options);
        void (*prepare)(const void* options, fastopt_type type, std::int64_t t, Prepared& out);
    };
    template <class Kernel32>
    struct TypeOf;
    friend const std::vector<RuleOptions>& rules();

    static constexpr std::size_t size = 192;
    const Type* type_;
    alignas(double) unsigned char bytes_[size];
};

// Every rule, with its defaults.
const std::vector<RuleOptions>& rules();

// The rule's defaults, or null where no rule has that name.
const RuleOptions* find_rule(std::string_view name);

}  // namespace fastopt
