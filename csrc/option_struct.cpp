#include "option_struct.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "failure.h"

namespace fastopt {
namespace {

// Walks over a rule's options and where they are in its struct.
class MemberVisitor : public OptionVisitor {
  public:
    void operator()(const char* name, double& value, const Domain& domain) final {
        visit({name, domain.words, FASTOPT_NUMBER, place<double>()}, &value, domain);
    }
    void operator()(const char* name, Pair& value, const Domain& domain) final {
        visit({name, domain.words, FASTOPT_PAIR, place<Pair>()}, &value, domain);
    }
    void operator()(const char* name, bool& value) final {
        static constexpr Domain flag{"0 or 1", [](double x) { return x == 0 || x == 1; }};
        visit({name, flag.words, FASTOPT_FLAG, place<int>()}, &value, flag);
    }

    // Of the struct, after the last option.
    std::size_t size() const { return aligned(alignof(double)); }

  protected:
    ~MemberVisitor() = default;
    // `value` is the double, Pair or bool of the rule.
    virtual void visit(const fastopt_option_info& member, void* value, const Domain& domain) = 0;

  private:
    std::size_t aligned(std::size_t alignment) const {
        return (end_ + alignment - 1) / alignment * alignment;
    }
    template <class T>
    std::size_t place() {
        const std::size_t offset = aligned(alignof(T));
        end_ = offset + sizeof(T);
        return offset;
    }

    std::size_t end_ = sizeof(fastopt_options);
};

class Lister final : public MemberVisitor {
  public:
    std::vector<fastopt_option_info> members;

  private:
    void visit(const fastopt_option_info& member, void*, const Domain&) override {
        members.push_back(member);
    }
};

// The shortest decimal that is this number.
std::string number_text(double value) {
    char text[32];
    for (int digits = 1; digits <= 17; ++digits) {
        std::snprintf(text, sizeof text, "%.*g", digits, value);
        if (std::strtod(text, nullptr) == value) break;
    }
    return text;
}

void check_value(const std::string& name, double value, const Domain& domain) {
    if (!domain.holds(value))
        throw Failure(FASTOPT_INVALID_OPTION,
                      name + " = " + number_text(value) + " must be " + domain.words);
}

class Reader final : public MemberVisitor {
  public:
    explicit Reader(const fastopt_options& from) : from_(from) {}

  private:
    void visit(const fastopt_option_info& member, void* value, const Domain& domain) override {
        const char* at = reinterpret_cast<const char*>(&from_) + member.offset;
        const auto read = [&](auto& target) {
            if (member.offset + sizeof target <= from_.size)
                std::memcpy(&target, at, sizeof target);
        };
        switch (member.kind) {
            case FASTOPT_NUMBER: {
                auto& number = *static_cast<double*>(value);
                read(number);
                check_value(member.name, number, domain);
                break;
            }
            case FASTOPT_PAIR: {
                auto& pair = *static_cast<Pair*>(value);
                read(pair);
                for (std::size_t i = 0; i < pair.size(); ++i)
                    check_value(std::string(member.name) + "[" + std::to_string(i) + "]", pair[i],
                                domain);
                break;
            }
            case FASTOPT_FLAG: {
                auto& flag = *static_cast<bool*>(value);
                int given = flag ? 1 : 0;
                read(given);
                check_value(member.name, given, domain);
                flag = given != 0;
                break;
            }
        }
    }

    const fastopt_options& from_;
};

class Writer final : public MemberVisitor {
  public:
    explicit Writer(fastopt_options& to) : to_(to) {}

  private:
    void visit(const fastopt_option_info& member, void* value, const Domain&) override {
        char* at = reinterpret_cast<char*>(&to_) + member.offset;
        const auto write = [&](const auto& source) {
            if (member.offset + sizeof source <= to_.size) std::memcpy(at, &source, sizeof source);
        };
        switch (member.kind) {
            case FASTOPT_NUMBER:
                write(*static_cast<const double*>(value));
                break;
            case FASTOPT_PAIR:
                write(*static_cast<const Pair*>(value));
                break;
            case FASTOPT_FLAG:
                write(*static_cast<const bool*>(value) ? 1 : 0);
                break;
        }
    }

    fastopt_options& to_;
};

class Describer final : public MemberVisitor {
  public:
    std::string text;

  private:
    void visit(const fastopt_option_info& member, void* value, const Domain&) override {
        text += (text.empty() ? "" : ", ") + std::string(member.name) + " = ";
        switch (member.kind) {
            case FASTOPT_NUMBER:
                text += number_text(*static_cast<const double*>(value));
                break;
            case FASTOPT_PAIR: {
                const auto& pair = *static_cast<const Pair*>(value);
                text += "(" + number_text(pair[0]) + ", " + number_text(pair[1]) + ")";
                break;
            }
            case FASTOPT_FLAG:
                text += *static_cast<const bool*>(value) ? "1" : "0";
                break;
        }
    }
};

fastopt_kernel_info longest_kernel(const char* rule) {
    fastopt_kernel_info longest{rule, 0, nullptr};
    for (const fastopt_kernel_info& kernel : kernel_infos())
        if (std::strcmp(kernel.rule, rule) == 0 && kernel.slot_count >= longest.slot_count)
            longest = kernel;
    return longest;
}

}  // namespace

const std::vector<fastopt_rule_info>& rule_infos() {
    static const std::vector<Lister> listers = [] {
        std::vector<Lister> all;
        for (RuleOptions rule : rules()) rule.visit(all.emplace_back());
        return all;
    }();
    static const std::vector<fastopt_rule_info> infos = [] {
        std::vector<fastopt_rule_info> all;
        for (const Lister& lister : listers) {
            const char* rule = rules()[all.size()].rule();
            all.push_back({rule, lister.size(), lister.members.size(), lister.members.data(),
                           longest_kernel(rule)});
        }
        return all;
    }();
    return infos;
}

const fastopt_rule_info* find_rule_info(const char* name) {
    const RuleOptions* rule = name == nullptr ? nullptr : find_rule(name);
    return rule == nullptr ? nullptr
                           : &rule_infos()[static_cast<std::size_t>(rule - rules().data())];
}

const fastopt_rule_info& rule_info(const char* name) {
    if (const fastopt_rule_info* found = find_rule_info(name)) return *found;
    std::string names;
    for (const RuleOptions& rule : rules())
        names += (names.empty() ? "" : ", ") + std::string(rule.rule());
    throw Failure(FASTOPT_INVALID_ARGUMENT,
                  "rule = '" + std::string(name ? name : "NULL") + "' is not one of " + names);
}

const fastopt_rule_info& check_struct(const fastopt_options& options) {
    if (options.size == 0)
        throw Failure(FASTOPT_INVALID_ARGUMENT,
                      "options.size = 0; begin with fastopt_<rule>_defaults()");
    const fastopt_rule_info& rule = rule_info(options.rule);
    const std::string name = std::string("fastopt_") + rule.name;
    if (options.size < sizeof(fastopt_options) || options.size > rule.options_size)
        throw Failure(FASTOPT_INVALID_ARGUMENT,
                      "options.size = " + std::to_string(options.size) + " is no size of " + name +
                          "_options, which has " + std::to_string(rule.options_size) +
                          " bytes here; begin with " + name +
                          "_defaults(), and use a library as new as the header");
    return rule;
}

RuleOptions read_struct(const fastopt_options& options) {
    RuleOptions values = *find_rule(check_struct(options).name);
    Reader reader(options);
    values.visit(reader);
    if (const char* conflict = values.conflict()) {
        Describer describer;
        values.visit(describer);
        throw Failure(FASTOPT_INVALID_OPTION, std::string(conflict) + "; got " + describer.text);
    }
    return values;
}

void write_struct(const RuleOptions& values, fastopt_options& options) {
    const fastopt_rule_info& rule = check_struct(options);
    if (std::strcmp(values.rule(), rule.name) != 0)
        throw Failure(FASTOPT_INVALID_ARGUMENT, std::string("options.rule = '") + rule.name +
                                                    "', but the group's rule is '" + values.rule() +
                                                    "'");
    RuleOptions copy = values;
    Writer writer(options);
    copy.visit(writer);
}

}  // namespace fastopt
