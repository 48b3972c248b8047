// Prints as JSON what the rules declare, for generate.py: their options with kinds, ranges and
// defaults, and their state arrays.
#include <cstdio>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../rules/list.h"

using namespace fastopt::core;

namespace {

std::string text(const char* value) {
    return '"' + std::string(value) + '"';
}

std::string text(double value) {
    if (value == std::numeric_limits<double>::infinity()) return "Infinity";
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.17g", value);
    return digits;
}

std::string list(const std::vector<std::string>& entries) {
    std::string all;
    for (const std::string& entry : entries) all += (all.empty() ? "" : ", ") + entry;
    return "[" + all + "]";
}

std::string default_text(double value) {
    return text(value);
}
std::string default_text(const Pair& value) {
    return list({text(value[0]), text(value[1])});
}
std::string default_text(Flag value) {
    return value != 0 ? "true" : "false";
}

const char* kind(double) {
    return "number";
}
const char* kind(const Pair&) {
    return "pair";
}
const char* kind(Flag) {
    return "flag";
}

// No part of the template below, which is compiled for each option anew.
void add_option(std::vector<std::string>& all, const char* name, const char* kind,
                const char* domain, const std::string& value) {
    all.push_back("{\"name\": " + text(name) + ", \"kind\": " + text(kind) +
                  ", \"domain\": " + text(domain) + ", \"default\": " + value + "}");
}

template <class Options>
std::vector<std::string> options() {
    const Options defaults;
    std::vector<std::string> all;
    const auto add = [&](const auto& option) {
        const auto& value = defaults.*option.member;
        add_option(all, option.name, kind(value), option.domain.words, default_text(value));
    };
    std::apply([&](const auto&... option) { (add(option), ...); }, Options::declared);
    return all;
}

// A rule, with the state arrays of each of its variants, as texts.
struct Declaration {
    const char* title;
    std::string name;
    std::vector<std::string> options;
    std::vector<std::vector<std::string>> variants;
};

std::vector<Declaration> declarations() {
    std::vector<Declaration> all;
    for_each(Variants<float>(), [&](int, auto* variant) {
        using Variant = std::remove_pointer_t<decltype(variant)>;
        if (all.empty() || std::strcmp(all.back().title, Variant::title) != 0)
            all.push_back({Variant::title,
                           rule_name<Variant>.data(),
                           options<typename Variant::Options>(),
                           {}});
        std::vector<std::string>& slots = all.back().variants.emplace_back();
        for (int i = 0; i < Variant::slot_count; ++i) slots.push_back(text(Variant::slots[i]));
    });
    return all;
}

}  // namespace

int main() {
    std::vector<std::string> all;
    for (const Declaration& rule : declarations()) {
        std::vector<std::string> variants;
        for (const auto& slots : rule.variants) variants.push_back(list(slots));
        std::string options;
        for (const std::string& option : rule.options)
            options += (options.empty() ? "\n   " : ",\n   ") + option;
        all.push_back(" {\"name\": " + text(rule.name.c_str()) +
                      ", \"title\": " + text(rule.title) + ", \"variants\": " + list(variants) +
                      ", \"options\": [" + options + "]}");
    }
    std::printf("{\"rules\": [\n");
    for (std::size_t i = 0; i < all.size(); ++i)
        std::printf("%s%s\n", all[i].c_str(), i + 1 < all.size() ? "," : "");
    std::printf("]}\n");
    return 0;
}
