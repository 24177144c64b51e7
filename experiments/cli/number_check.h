// What a number on the command line may be.
#pragma once
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <string>

namespace separatrix {

/// A finite number that passes `allowed`, else "--option: -1: wanted <what>".
template <class Allowed>
CLI::Validator number_that(const std::string& what, const std::string& help, Allowed allowed) {
  return CLI::Validator(
      [=](const std::string& word) {
        char* end = nullptr;
        const double x = std::strtod(word.c_str(), &end);
        const bool number = end != word.c_str() && *end == '\0' && std::isfinite(x);
        return number && allowed(x) ? std::string() : fmt::format("{}: wanted {}", word.empty() ? "nothing" : word, what);
      },
      help);
}

inline CLI::Validator above_0() {
  return number_that("a number above 0", "above 0", [](double x) { return x > 0; });
}
inline CLI::Validator at_least_0() {
  return number_that("0 or more", "0 or more", [](double x) { return x >= 0; });
}

}  // namespace separatrix
