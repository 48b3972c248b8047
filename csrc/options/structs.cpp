#include "structs.h"

#include <cstring>
#include <string>
#include <vector>

#include "../base/failure.h"
#include "../base/text.h"

namespace fastopt::core {
namespace {

std::size_t size_of(fastopt_option_kind kind) {
    return kind == FASTOPT_FLAG   ? sizeof(int)
           : kind == FASTOPT_PAIR ? sizeof(double[2])
                                  : sizeof(double);
}

// Where the last option ends that lies within `size` bytes.
std::size_t known_bytes(const RuleType& type, std::size_t size) {
    if (size == type.info.options_size) return size;
    std::size_t end = sizeof(fastopt_options);
    for (const fastopt_option_info& option : type.options)
        if (option.offset + size_of(option.kind) <= size)
            end = option.offset + size_of(option.kind);
    return end;
}

void copy_options(void* to, const void* from, std::size_t bytes) {
    constexpr std::size_t head = sizeof(fastopt_options);
    std::memcpy(static_cast<char*>(to) + head, static_cast<const char*>(from) + head, bytes - head);
}

// The numbers of an option: two of a pair, else one.
struct Numbers {
    double values[2];
    std::size_t count;
};

Numbers numbers(const RuleOptions& options, const fastopt_option_info& option) {
    const unsigned char* at = options.bytes() + option.offset;
    if (option.kind == FASTOPT_FLAG) {
        int flag;
        std::memcpy(&flag, at, sizeof flag);
        return {{static_cast<double>(flag), 0.0}, 1};
    }
    Numbers found{{}, option.kind == FASTOPT_PAIR ? std::size_t{2} : std::size_t{1}};
    std::memcpy(found.values, at, found.count * sizeof(double));
    return found;
}

void check_domains(const RuleOptions& options) {
    const int outside = options.type().find_outside(options.bytes());
    if (outside < 0) return;
    auto number = static_cast<std::size_t>(outside);
    for (const fastopt_option_info& option : options.type().options) {
        const Numbers found = numbers(options, option);
        if (number < found.count) {
            const std::string index = found.count > 1 ? "[" + std::to_string(number) + "]" : "";
            refuse(option.name + index + " = " + number_text(found.values[number]) + " must be " +
                       option.domain,
                   FASTOPT_INVALID_OPTION);
        }
        number -= found.count;
    }
}

std::string options_text(const RuleOptions& options) {
    std::vector<std::string> all;
    for (const fastopt_option_info& option : options.type().options)
        all.push_back(option_text(options, option));
    return list_text(all);
}

}  // namespace

void check_rule(const RuleType& rule, const RuleType& group) {
    if (&rule != &group)
        refuse(std::string("options.rule = '") + rule.info.name + "', but the group's rule is '" +
               group.info.name + "'");
}

std::string option_text(const RuleOptions& options, const fastopt_option_info& option) {
    const Numbers found = numbers(options, option);
    const std::string first = number_text(found.values[0]);
    const std::string text =
        found.count == 1 ? first : "(" + first + ", " + number_text(found.values[1]) + ")";
    return option.name + (" = " + text);
}

void copy_option(RuleOptions& to, const RuleOptions& from, const fastopt_option_info& option) {
    std::memcpy(to.bytes() + option.offset, from.bytes() + option.offset, size_of(option.kind));
}

const RuleType& rule_of(const char* name) {
    if (const RuleType* found = name == nullptr ? nullptr : find_rule(name)) return *found;
    std::vector<std::string> names;
    for (const RuleType& rule : rules()) names.emplace_back(rule.info.name);
    refuse("rule = '" + std::string(name ? name : "NULL") + "' is not one of " + list_text(names));
}

const RuleType& check_struct(const fastopt_options& options) {
    if (options.size == 0) refuse("options.size = 0; begin with fastopt_<rule>_defaults()");
    const RuleType& rule = rule_of(options.rule);
    if (options.size < sizeof(fastopt_options) || options.size > rule.info.options_size) {
        const std::string name = std::string("fastopt_") + rule.info.name;
        refuse("options.size = " + std::to_string(options.size) + " is no size of " + name +
               "_options, which has " + std::to_string(rule.info.options_size) +
               " bytes here; begin with " + name +
               "_defaults(), and use a library as new as the header");
    }
    return rule;
}

RuleOptions read_struct(const fastopt_options& options) {
    RuleOptions values(check_struct(options));
    copy_options(values.bytes(), &options, known_bytes(values.type(), options.size));
    check_domains(values);
    if (const char* conflict = values.conflict())
        refuse(std::string(conflict) + "; got " + options_text(values), FASTOPT_INVALID_OPTION);
    return values;
}

void write_struct(const RuleOptions& values, fastopt_options& options) {
    const RuleType& rule = check_struct(options);
    check_rule(rule, values.type());
    copy_options(&options, values.bytes(), known_bytes(rule, options.size));
}

}  // namespace fastopt::core
