// The options of a rule as the rest of the library sees them: names, values, and what is allowed.
#pragma once

#include <array>

namespace fastopt {

// The values that a number may take, in words and as a test (false for NaN).
struct Domain {
    const char* words;
    bool (*holds)(double);
};

using Pair = std::array<double, 2>;

// Walks over the options of a rule, whose names and types differ from rule to rule.
class OptionVisitor {
  public:
    virtual void operator()(const char* name, double& value, const Domain& domain) = 0;
    virtual void operator()(const char* name, Pair& value, const Domain& domain) = 0;
    virtual void operator()(const char* name, bool& value) = 0;

  protected:
    ~OptionVisitor() = default;
};

}  // namespace fastopt
