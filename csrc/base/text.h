// Values as messages show them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../include/fastopt.h"

namespace fastopt::core {

// The shortest decimal that is this number.
inline std::string number_text(double value) {
    char text[32];
    for (int digits = 1; digits <= 17; ++digits) {
        std::snprintf(text, sizeof text, "%.*g", digits, value);
        if (std::strtod(text, nullptr) == value) break;
    }
    return text;
}

inline std::string list_text(const std::vector<std::string>& entries) {
    std::string text;
    for (const std::string& entry : entries) text += (text.empty() ? "" : ", ") + entry;
    return text;
}

inline std::string type_text(fastopt_type type) {
    return type == FASTOPT_F32   ? "float32"
           : type == FASTOPT_F64 ? "float64"
                                 : std::to_string(static_cast<int>(type));
}

// Of a shape, or of strides.
inline std::string shape_text(int ndim, const std::ptrdiff_t* shape) {
    std::vector<std::string> lengths(static_cast<std::size_t>(ndim));
    std::transform(shape, shape + ndim, lengths.begin(),
                   [](std::ptrdiff_t length) { return std::to_string(length); });
    return "(" + list_text(lengths) + (ndim == 1 ? ",)" : ")");
}

}  // namespace fastopt::core
