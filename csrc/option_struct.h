// Options between RuleOptions and the structs of fastopt_rules.h. A struct's members follow
// fastopt_options in the order in which the rule visits its options.
#pragma once

#include <string>
#include <vector>

#include "include/fastopt.h"
#include "registry.h"

namespace fastopt {

// In the order of rules(), with the members' offsets in the rules' structs.
const std::vector<fastopt_rule_info>& rule_infos();

// Null for a name that is none.
const fastopt_rule_info* find_rule_info(const char* name);

// Throws Failure for a name that is none.
const fastopt_rule_info& rule_info(const char* name);

// The rule whose struct it is. Throws Failure where options.rule or options.size is none.
const fastopt_rule_info& check_struct(const fastopt_options& options);

// The struct's values over the rule's defaults. Throws Failure, too, for a value out of range and
// for options that cannot stand together.
RuleOptions read_struct(const fastopt_options& options);

// Fills as much as the struct has room for. Throws Failure, too, where it is another rule's.
void write_struct(const RuleOptions& values, fastopt_options& options);

}  // namespace fastopt
