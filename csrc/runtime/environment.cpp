#include "environment.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "../base/failure.h"
#include "isa.h"
#include "thread_count.h"

namespace fastopt::core {
namespace {

struct Variable {
    const char* name;
    const char* colon;  // between the name and what is wrong with its value
    void (*use)(std::string_view value);
};

constexpr Variable variables[] = {
    {"PYFASTOPT_NUM_THREADS", " = ", use_default_threads},
    {"PYFASTOPT_ISA", ": ", use_isa},
    {"PYFASTOPT_PREFETCH", ": ", use_prefetch},
};

// What is wrong with a variable, or nothing.
std::string read_environment() {
    init_threads();
    for (const Variable& variable : variables) {
        const char* value = std::getenv(variable.name);
        if (value == nullptr || *value == '\0') continue;
        try {
            variable.use(value);
        } catch (const Failure& failure) {
            return std::string(variable.name) + variable.colon + failure.what();
        }
    }
    return {};
}

}  // namespace

void initialize() {
    static const std::string problem = read_environment();
    if (!problem.empty()) refuse(problem, FASTOPT_INVALID_ENVIRONMENT);
}

}  // namespace fastopt::core
