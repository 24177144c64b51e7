// Measured losses that a scaling law is fitted to.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace separatrix {

/// N parameters, D tokens, loss in nats a token.
struct ScalingPoint {
  double N, D, loss;
};

/// Finite and above 0, from the whole of `text`; throws Error naming `where` otherwise.
double positive_number(const std::string& text, const std::string& where);

/// Reads CSV with the columns arch, N, D, loss in any order; points by architecture.  Throws Error (naming `source` and the row)
/// for other columns, numbers that are not finite and above 0, or no rows.
std::map<std::string, std::vector<ScalingPoint>> parse_points(std::string_view text, const std::string& source);

}  // namespace separatrix
