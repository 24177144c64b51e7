#include "experiments/scaling/fit.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/scaling/huber_descent.h"
#include "tasks/error.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

ChinchillaLaw law_of(const LogLaw& x) {
  return {std::exp(x[0]), std::exp(x[1]), x[2], std::exp(x[3]), x[4]};
}

LogLaw log_of(const ChinchillaLaw& law) {
  return {std::log(law.E), std::log(law.A), law.alpha, std::log(law.B), law.beta};
}

LogProblem problem_of(const std::vector<ScalingPoint>& points, const FitOptions& options) {
  LogProblem problem{{}, options.huber, {0, 1, 3}};
  if (!options.alpha) problem.free.push_back(2);
  if (!options.beta) problem.free.push_back(4);
  for (const ScalingPoint& p : points) problem.points.push_back({std::log(p.N), std::log(p.D), std::log(p.loss)});
  return problem;
}

/// For given exponents the law is linear: E, A, B by least squares of relative residuals, which is descent with weights of one from
/// a law whose three terms are equal.
LogLaw start_at(const LogProblem& problem, double alpha, double beta) {
  LogProblem linear = problem;
  linear.free = {0, 1, 3}, linear.huber = 1e300;
  double N = 0, D = 0, loss = 0;  // means of logarithms
  for (const LogProblem::Point& p : problem.points) N += p.N, D += p.D, loss += p.loss;
  const double count = static_cast<double>(problem.points.size()), third = loss / count - std::log(3);
  return descend(linear, {third, third + alpha * N / count, alpha, third + beta * D / count, beta});
}

/// Starts over a grid of free exponents, the best first.
std::vector<LogLaw> starts(const LogProblem& problem, const FitOptions& options) {
  const std::vector<double> grid = {0.05, 0.1, 0.2, 0.4, 0.8, 1.6};
  std::vector<std::pair<double, LogLaw>> all;
  for (const double alpha : options.alpha ? std::vector{*options.alpha} : grid)
    for (const double beta : options.beta ? std::vector{*options.beta} : grid) {
      const LogLaw x = start_at(problem, alpha, beta);
      all.emplace_back(problem.objective(x), x);
    }
  std::sort(all.begin(), all.end());
  std::vector<LogLaw> sorted;
  for (const auto& [objective, x] : all) sorted.push_back(x);
  return sorted;
}

LogLaw best_of(const LogProblem& problem, const std::vector<LogLaw>& from) {
  LogLaw best = from.front();
  double least = INFINITY;
  for (const LogLaw& start : from) {
    const LogLaw x = descend(problem, start);
    if (const double at = problem.objective(x); at < least) best = x, least = at;
  }
  return best;
}

double r_squared(const std::vector<ScalingPoint>& points, const ChinchillaLaw& law) {
  double mean = 0, residuals = 0, spread = 0;
  for (const ScalingPoint& p : points) mean += p.loss / static_cast<double>(points.size());
  for (const ScalingPoint& p : points) {
    residuals += std::pow(p.loss - law.loss(p.N, p.D), 2);
    spread += std::pow(p.loss - mean, 2);
  }
  return 1 - residuals / spread;
}

/// What is missing for a fit; empty when nothing is.
std::string missing(const std::vector<ScalingPoint>& points, const FitOptions& options) {
  std::set<double> N, D;
  for (const ScalingPoint& p : points) N.insert(p.N), D.insert(p.D);
  const std::size_t of_N = options.alpha ? 2 : 3, of_D = options.beta ? 2 : 3;  // E, a coefficient, an exponent if free
  const std::size_t coefficients = of_N + of_D - 1;
  if (points.size() < coefficients) return fmt::format("{} point(s) for {} coefficients", points.size(), coefficients);
  if (N.size() < of_N) return fmt::format("{} different N where {} are needed", N.size(), of_N);
  if (D.size() < of_D) return fmt::format("{} different D where {} are needed", D.size(), of_D);
  return "";
}

}  // namespace

void require_enough(const std::vector<ScalingPoint>& points, const FitOptions& options) {
  if (const std::string what = missing(points, options); !what.empty())
    fail("a scaling law cannot be fitted to {}; give more points, or fix exponents", what);
}

LawFit fit_law(const std::vector<ScalingPoint>& points, const FitOptions& options) {
  require_enough(points, options);
  const LogProblem problem = problem_of(points, options);
  const LogLaw x = best_of(problem, starts(problem, options));
  return {law_of(x), problem.objective(x), r_squared(points, law_of(x))};
}

std::vector<ChinchillaLaw> bootstrap(const std::vector<ScalingPoint>& points, const LawFit& fit, const FitOptions& options,
                                     std::uint32_t stream) {
  const auto count = static_cast<std::uint32_t>(points.size());
  std::vector<LogLaw> from = starts(problem_of(points, options), options);
  from.resize(std::min<std::size_t>(from.size(), 2));
  from.push_back(log_of(fit.law));
  std::vector<ChinchillaLaw> laws;
  for (int i = 0; i < options.resamples; ++i) {
    Rng rng = draw(options.seed, Purpose::report, stream, i);
    std::vector<ScalingPoint> drawn(count);
    do {
      for (ScalingPoint& p : drawn) p = points[rng.below(count)];
    } while (!missing(drawn, options).empty());
    laws.push_back(law_of(best_of(problem_of(drawn, options), from)));
  }
  return laws;
}

std::uint32_t stream_of(const std::string& arch) {
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : arch) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

LawIntervals intervals_of(const std::vector<ChinchillaLaw>& draws) {
  const auto of = [&](double ChinchillaLaw::*coefficient) {
    std::vector<double> values;
    for (const ChinchillaLaw& law : draws) values.push_back(law.*coefficient);
    return central(std::move(values));
  };
  return {of(&ChinchillaLaw::E), of(&ChinchillaLaw::A), of(&ChinchillaLaw::alpha), of(&ChinchillaLaw::B), of(&ChinchillaLaw::beta)};
}

}  // namespace separatrix
