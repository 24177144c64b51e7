#include "experiments/scaling/published_scaling.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "experiments/harness/paths.h"
#include "experiments/report/csv.h"
#include "experiments/scaling/points.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

const std::string reference = "transformer";  // whose tokens over another's are its savings

using Coefficient = double ChinchillaLaw::*;
const std::vector<std::pair<std::string, Coefficient>>& coefficients() {
  static const std::vector<std::pair<std::string, Coefficient>> all = {{"E", &ChinchillaLaw::E},
                                                                       {"A", &ChinchillaLaw::A},
                                                                       {"alpha", &ChinchillaLaw::alpha},
                                                                       {"B", &ChinchillaLaw::B},
                                                                       {"beta", &ChinchillaLaw::beta}};
  return all;
}

/// The laws at the 32 corners of what rounds to the printed coefficients.
std::vector<ChinchillaLaw> corners(const PrintedLaw& printed) {
  std::vector<ChinchillaLaw> all = {printed.law};
  for (const auto& [name, c] : coefficients()) {
    std::vector<ChinchillaLaw> both;
    for (const ChinchillaLaw& law : all)
      for (const int sign : {-1, 1}) both.push_back(law), both.back().*c += sign * printed.half_unit.*c;
    all = both;
  }
  return all;
}

using Quantity = std::function<double(const ChinchillaLaw& own, const ChinchillaLaw& reference)>;

/// What a printed number is of its law; null for what is not computed from one.
Quantity quantity_of(const PrintedNumber& p) {
  const double at = p.at;
  const auto tokens = [at](const ChinchillaLaw& law) { return tokens_for(law, printed_target_loss(), at); };
  if (p.quantity == "tokens") return [=](const auto& own, const auto&) { return tokens(own); };
  if (p.quantity == "token_savings") return [=](const auto& own, const auto& other) { return tokens(other) / tokens(own); };
  if (p.quantity == "optimal_parameters") return [at](const auto& own, const auto&) { return compute_optimal(own, at).N; };
  if (p.quantity == "optimal_tokens") return [at](const auto& own, const auto&) { return compute_optimal(own, at).D; };
  if (p.quantity == "optimal_loss") return [at](const auto& own, const auto&) { return compute_optimal(own, at).loss; };
  return nullptr;
}

/// Each quantity rises or falls all the way with each coefficient, so its extremes are at corners.
Interval range_of(const Quantity& quantity, const PrintedLaw& own, const PrintedLaw& other) {
  Interval range{INFINITY, -INFINITY};
  for (const ChinchillaLaw& a : corners(own))
    for (const ChinchillaLaw& b : corners(other)) {
      const double x = quantity(a, b);
      range = {std::min(range.low, x), std::max(range.high, x)};
    }
  return range;
}

}  // namespace

double PrintedNumber::value() const {
  return positive_number(text, source) * times;
}

double PrintedNumber::half_unit() const {
  const std::size_t point = text.find('.');
  const double decimals = point == std::string::npos ? 0 : static_cast<double>(text.size() - point - 1);
  return std::pow(10, -decimals) / 2 * times;
}

const std::vector<PrintedNumber>& published_scaling() {
  static const std::vector<PrintedNumber> all = [] {
    const std::string path = experiments_dir() / "paper" / "scaling.csv";
    std::vector<PrintedNumber> rows;
    for (const auto& f : parse_csv(read_whole(path), path).rows)
      rows.push_back({f[0], f[1], f[2], f[3], f[4].empty() ? 0 : positive_number(f[4], path), f[5], positive_number(f[6], path)});
    return rows;
  }();
  return all;
}

PrintedLaw printed_law(const std::string& fit, const std::string& arch) {
  PrintedLaw found{};
  for (const auto& [name, c] : coefficients()) {
    const PrintedNumber* best = nullptr;
    for (const PrintedNumber& p : published_scaling())
      if (p.fit == fit && p.arch == arch && p.quantity == name && (!best || p.half_unit() < best->half_unit())) best = &p;
    if (!best)
      fail("the paper has no '{}' fit of '{}'; wanted free, fixed or fixed_in_text, of {}", fit, arch,
           fmt::join(printed_architectures("free"), ", "));
    found.law.*c = best->value(), found.half_unit.*c = best->half_unit();
  }
  // Exponents that a fit does not fit are as printed.
  if (fit != "free") found.half_unit.alpha = found.half_unit.beta = 0;
  return found;
}

std::vector<std::string> printed_architectures(const std::string& fit) {
  std::vector<std::string> all;
  for (const PrintedNumber& p : published_scaling())
    if (p.fit == fit && p.quantity == "E") all.push_back(p.arch);
  return all;
}

std::vector<double> printed_at(const std::string& quantity) {
  std::vector<double> all;
  for (const PrintedNumber& p : published_scaling())
    if (p.quantity == quantity && std::find(all.begin(), all.end(), p.at) == all.end()) all.push_back(p.at);
  return all;
}

double printed_target_loss() {
  for (const PrintedNumber& p : published_scaling())
    if (p.quantity == "target_loss") return p.value();
  fail("experiments/paper/scaling.csv: no target_loss; restore the file");
}

bool Recomputed::same() const {
  return std::abs(value - printed->value()) <= printed->half_unit();
}

bool Recomputed::possible() const {
  return range.low <= printed->value() + printed->half_unit() && printed->value() - printed->half_unit() <= range.high;
}

std::vector<Recomputed> recompute_published() {
  std::vector<Recomputed> all;
  for (const PrintedNumber& p : published_scaling())
    if (const Quantity quantity = quantity_of(p)) {
      const PrintedLaw own = printed_law(p.fit, p.arch), other = printed_law(p.fit, reference);
      all.push_back({&p, quantity(own.law, other.law), range_of(quantity, own, other)});
    }
  return all;
}

}  // namespace separatrix
