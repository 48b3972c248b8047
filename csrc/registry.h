// The rules by name: their options, variants and state slots, with the types erased.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels.h"
#include "options.h"

namespace fastopt {

struct KernelInfo {
    const char* rule;
    std::vector<const char*> slots;
};

// Every kernel, in the order of the kernel tables.
const std::vector<KernelInfo>& kernel_infos();

// Room for the scalar part of any rule.
struct Prepared {
    static constexpr std::size_t size = 128;
    alignas(double) unsigned char bytes[size];
};

// The options of one rule, and what follows from them.
class RuleOptions {
  public:
    virtual ~RuleOptions() = default;
    virtual std::unique_ptr<RuleOptions> clone() const = 0;
    virtual void visit(OptionVisitor& visitor) = 0;
    virtual const char* conflict() const = 0;
    virtual double initial_state() const = 0;
    virtual int kernel() const = 0;
    // The scalar part of the rule at step t, which counts from 1.
    virtual void prepare(Scalar type, std::int64_t t, Prepared& out) const = 0;
};

// The rule's defaults. Throws std::invalid_argument for a name that is not in rules.h.
std::unique_ptr<RuleOptions> make_options(const std::string& rule);

}  // namespace fastopt
