// Options as C programs hand them over: structs that begin with fastopt_options, and may be of
// another age than the library.
#pragma once

#include <string>

#include "../include/fastopt.h"
#include "registry.h"

namespace fastopt::core {

// Throws Failure for a name that no rule has.
const RuleType& rule_of(const char* name);

// The rule whose struct it is. Throws Failure where options.rule or options.size is wrong.
const RuleType& check_struct(const fastopt_options& options);

// The struct's values over the rule's defaults. Throws Failure, too, for a value out of range and
// for options that cannot stand together.
RuleOptions read_struct(const fastopt_options& options);

// Fills as much as the struct has room for. Throws Failure, too, where it is another rule's.
void write_struct(const RuleOptions& values, fastopt_options& options);

// Throws Failure for options of another rule than the group's.
void check_rule(const RuleType& rule, const RuleType& group);

// An option and its value, as messages show them.
std::string option_text(const RuleOptions& options, const fastopt_option_info& option);

// Of options of the same rule.
void copy_option(RuleOptions& to, const RuleOptions& from, const fastopt_option_info& option);

}  // namespace fastopt::core
