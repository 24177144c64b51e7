// How the bounds for parameters come about.  Let S_n be what the first n tasks cost, c their mean cost, and t the first n with
// S_n > N: tasks before t are learned.  Whether t is reached says nothing about tasks after it, so with Delta_m the mean reduction
// the excess lies between Delta_m E[tail(t)] and Delta_m E[tail(t)] + Delta E[p_t].
// Below: tail(t) >= (t+1)^-alpha / (alpha zeta), convex, and c E[t] = E[S_t] <= N + C' (Wald), so by Jensen
//   excess >= Delta_m / (alpha zeta) ((N + C') / c + 1)^-alpha.
// Above: tail(t) <= t^-alpha / (alpha zeta), t > N / C' always, and P(t <= m) = P(S_m > N) <= exp(-2 (N - m c)^2 / (m (C' - C)^2))
// for m <= n = N / c (Hoeffding); m = n - n^(2/3) makes both parts tend to what the law says.
#include "proofs/quantization_checks.h"

#include <algorithm>
#include <boost/math/tools/roots.hpp>
#include <cmath>

#include "proofs/power_tail.h"

namespace separatrix {
namespace {

/// Sums in double precision are right to about this, relatively.
constexpr double rounding = 1e-12;

std::string show(const QuantizationModel& m) {
  return fmt::format("alpha = {}, epsilon = {}, Delta' = {}, C' = {}, T' = {}", m.alpha, m.epsilon, m.inexpressible.reduction,
                     m.inexpressible.parameters, m.inexpressible.tokens);
}

struct Bounds {
  double low, high;
  bool contain(double x) const { return low * (1 - rounding) <= x && x <= high * (1 + rounding); }
};

/// Of the excess with tokens over its law.  k = floor(x) tasks of a kind are learnable, and (k+1)^-alpha <= alpha tail(k) <=
/// k^-alpha.
Bounds token_bounds(const QuantizationModel& m, double D) {
  const double x = std::pow(D / (frequency_norm(m) * m.inexpressible.tokens), 1 / (m.alpha + 1));
  return {std::pow(1 + 1 / x, -m.alpha), std::pow(1 - 1 / x, -m.alpha)};
}

/// Of the excess with parameters over its law.
Bounds parameter_bounds(const QuantizationModel& m, double N) {
  const double c = mean_parameters(m), n = N / c, spread = m.inexpressible.parameters - m.expressible.parameters;
  const double last = m.expressible.reduction / mean_reduction(m);  // task t is expressible with a probability that depends on t
  const auto at = [&](double t) { return std::pow(t / n, -m.alpha) * (1 + m.alpha * last / t); };
  const double mean = n - std::pow(n, 2.0 / 3);
  const double early = spread == 0 ? 0 : std::exp(-2 * std::pow((N - mean * c) / spread, 2) / mean);
  return {std::pow(((N + m.inexpressible.parameters) / c + 1) / n, -m.alpha),
          at(mean) + early * at(N / m.inexpressible.parameters)};
}

/// Budgets of 10^from, 10^(from+1), ... 10^to, each with two others between.
std::vector<double> budgets(int from, int to) {
  std::vector<double> all;
  for (int third = 3 * from; third <= 3 * to; ++third) all.push_back(std::pow(10, third / 3.0));
  return all;
}

/// Largest distance of the ratio from 1, by the decade of the budget.
std::string show_distances(const std::map<int, double>& distances) {
  std::string text;
  for (const auto& [decade, distance] : distances)
    text += fmt::format("{}{:.2g} at 10^{}", text.empty() ? "" : ", ", distance, decade);
  return text;
}

/// A budget, its exact excess, the law that is claimed for it, and bounds of exact over law.  `unit` is the budget of one task.
struct Budget {
  std::string name;
  LawOf law;
  ExcessOf exact;
  Bounds (*bounds)(const QuantizationModel& m, double x);
  double (*unit)(const QuantizationModel& m);
  int decades;  // of the largest budget
};

Outcome check_ratios(const Budget& budget) {
  Cases cases;
  std::map<int, double> distances;
  for (const QuantizationModel& m : quantization_grid())
    for (const double x : budgets(2, budget.decades)) {
      const double amount = x * budget.unit(m), ratio = budget.exact(m, amount) / budget.law(m).excess(amount);
      const Bounds b = budget.bounds(m, amount);
      cases.expect(b.contain(ratio), [&] {
        return fmt::format("{}: {} = {:.4g}: exact over law is {:.6f}, not within {:.6f} and {:.6f}", show(m), budget.name, amount,
                           ratio, b.low, b.high);
      });
      if (const int decade = std::lround(std::log10(x)); std::abs(x / std::pow(10, decade) - 1) < 0.01)
        distances[decade] = std::max(distances[decade], std::abs(ratio - 1));
    }
  return cases.done(fmt::format("exact over law within the bounds; largest distance from 1: {} ({} in units of one task)",
                                show_distances(distances), budget.name));
}

}  // namespace

std::vector<QuantizationModel> quantization_grid() {
  std::vector<QuantizationModel> grid;
  // All equal; then Figure 11's rows: lower reduction, higher cost, both; and tasks that cannot be learned at all.
  for (const TaskKind& inexpressible : std::vector<TaskKind>{{3, 1, 1}, {1.5, 1, 1}, {3, 8, 16}, {1.5, 8, 16}, {0, 2.5, 3}})
    for (const double alpha : {0.1, 0.28, 0.5, 1.0, 2.0})
      for (const double epsilon : {0.0, 0.05, 0.25, 0.5, 0.75, 0.95}) grid.push_back({alpha, epsilon, 4, {3, 1, 1}, inexpressible});
  return grid;
}

Outcome check_task_law_of(LawOf law) {
  Cases cases;
  for (const double alpha : {0.05, 0.1, 0.28, 0.5, 1.0, 2.0, 5.0}) {
    const QuantizationModel m{.alpha = alpha};
    for (double n = 1; n < 1e9; n = std::ceil(n * 1.1)) {
      const double exact = excess_after_tasks(m, n);
      const Bounds b{law(m).excess(n + 1), law(m).excess(n)};
      cases.expect(b.contain(exact), [&] {
        return fmt::format("alpha = {}, n = {}: {:.9g} is not between {:.9g} and {:.9g}", alpha, n, exact, b.low, b.high);
      });
    }
  }
  return cases.done("the sum over the tasks left lies between its two integrals for 7 exponents and n up to 10^9");
}

Outcome check_token_law_of(LawOf law) {
  const auto unit = [](const QuantizationModel& m) { return frequency_norm(m) * m.inexpressible.tokens; };
  return check_ratios({"D", law, excess_with_tokens, token_bounds, unit, 9});
}

Outcome check_parameter_law_of(LawOf law) {
  return check_ratios({"N", law, excess_with_parameters, parameter_bounds, mean_parameters, 5});
}

Outcome check_expressivity_of(ExcessOf with_parameters, ExcessOf with_tokens) {
  Cases cases;
  const auto compare = [&](const QuantizationModel& m, const QuantizationModel& less_expressive, ExcessOf excess, double x,
                           bool strictly, const char* budget) {
    const double shift = irreducible_loss(less_expressive) - irreducible_loss(m);
    const double before = excess(m, x), grown = shift + excess(less_expressive, x) - before;
    cases.expect(strictly ? grown > 0 : grown >= -rounding * before, [&] {
      return fmt::format("{}: {} = {:.4g}: the loss changes by {:.3g} when epsilon grows to {}", show(m), budget, x, grown,
                         less_expressive.epsilon);
    });
  };
  std::vector<QuantizationModel> grid = quantization_grid();
  for (std::size_t i = 0; i + 1 < grid.size(); ++i) {
    const QuantizationModel &m = grid[i], &next = grid[i + 1];
    const TaskKind &e = m.expressible, &w = m.inexpressible;
    if (next.epsilon < m.epsilon) continue;  // another exponent or kind of task
    const bool lower = w.reduction < e.reduction;
    for (const double x : budgets(0, 9)) {
      compare(
          m, next, [](const QuantizationModel& q, double N) { return parameter_law(q).excess(N); }, x * mean_parameters(m),
          lower || w.parameters > e.parameters, "N");
      compare(
          m, next, [](const QuantizationModel& q, double D) { return token_law(q).excess(D); }, x * frequency_norm(m) * e.tokens,
          lower || w.tokens > e.tokens, "D");
    }
    for (const double x : budgets(-1, 4)) {
      compare(m, next, with_parameters, x, false, "N");
      compare(m, next, with_tokens, x, false, "D");
    }
  }
  return cases.done("laws grow strictly with epsilon wherever Delta' < Delta or the task costs more, exact losses never fall");
}

double small_budget_alpha() {
  const auto z = [](double alpha) { return alpha * std::pow(power_tail(alpha, 0), 1 / (alpha + 1)) - 1; };
  const auto [low, high] = boost::math::tools::bisect(z, 0.1, 2.0, boost::math::tools::eps_tolerance<double>(40));
  return (low + high) / 2;
}

Outcome check_small_budgets_of(double from) {
  Cases cases;
  for (const double alpha : {0.1, 0.22, 0.28, 0.5, 0.58, 0.6, 1.0, 2.0}) {
    const QuantizationModel all{alpha, 0, 4, {3, 1, 1}, {1.5, 1, 1}}, half{alpha, 0.5, 4, {3, 1, 1}, {1.5, 1, 1}};
    const double zeta = power_tail(alpha, 0);
    const double tokens = std::pow(alpha * std::pow(zeta, 1 / (alpha + 1)), -(alpha + 1) / alpha),
                 parameters = std::pow(alpha * zeta, -1 / alpha);  // where the laws turn, in units of one task
    for (const double x : {0.25, 0.99, 1.01, 4.0}) {
      const double of_d = token_law(half)(x * tokens) - token_law(all)(x * tokens),
                   of_n = parameter_law(half)(x * parameters) - parameter_law(all)(x * parameters);
      cases.expect((of_d < 0) == (x < 1) && (of_n < 0) == (x < 1), [&] {
        return fmt::format(
            "alpha = {}, {} of the budget where a law turns: L(D) changes by {:.3g}, L(N) by {:.3g} as epsilon grows", alpha, x,
            of_d, of_n);
      });
    }
    cases.expect((tokens > 1) == (alpha < from) && tokens < zeta && parameters < 1,
                 [&] { return fmt::format("alpha = {}: L(D) turns at {:.3g} T, L(N) at {:.3g} C", alpha, tokens, parameters); });
    cases.expect(excess_with_tokens(all, tokens) == mean_reduction(all), [&] { return "a task is learned where L(D) turns"; });
  }
  return cases.done(fmt::format("where no task is learned yet; L(D) turns above D = T for alpha < {:.3f}", from));
}

Outcome check_irreducible_of(double (*irreducible)(const QuantizationModel&)) {
  Cases cases;
  // All numbers are dyadic, so that the comparison is exact.
  for (const double reduction : {0.0, 0.75, 1.5, 2.75, 3.0})
    for (int i = 0; i < 16; ++i) {
      const QuantizationModel m{1, i / 16.0, 4, {3, 1, 1}, {reduction, 8, 16}},
          next{1, (i + 1) / 16.0, 4, {3, 1, 1}, {reduction, 8, 16}};
      const double grown = irreducible(next) - irreducible(m);
      cases.expect(reduction < 3 ? grown > 0 : grown == 0,
                   [&] { return fmt::format("{}: L_inf changes by {} as epsilon grows by 1/16", show(m), grown); });
    }
  return cases.done("five reductions, epsilon from 0 to 1 in sixteenths, in exact binary fractions");
}

}  // namespace separatrix
