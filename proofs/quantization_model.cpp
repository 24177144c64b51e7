#include "proofs/quantization_model.h"

#include <boost/math/distributions/binomial.hpp>
#include <cmath>

#include "proofs/power_tail.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

/// Number of tasks whose p_k D reaches `tokens`: the largest k with D >= tokens zeta(alpha+1) k^(alpha+1).
double tasks_learnable(const QuantizationModel& m, double D, double tokens) {
  const double enough = D / (tokens * frequency_norm(m));
  double k = std::floor(std::pow(enough, 1 / (m.alpha + 1)));
  // The root is rounded: the definition decides next to a whole number.
  if (k < 1e15 && std::pow(k + 1, m.alpha + 1) <= enough) ++k;
  if (k > 0 && std::pow(k, m.alpha + 1) > enough) --k;
  return k;
}

/// In double throughout: Boost's default goes through long double, which takes several times as long.
using Binomial =
    boost::math::binomial_distribution<double, boost::math::policies::policy<boost::math::policies::promote_double<false>>>;

/// Probability that task k fits into N parameters after the k - 1 before it, when it takes `own` parameters itself; C < C'.
double fits(const QuantizationModel& m, double N, double k, double own) {
  const double C = m.expressible.parameters, more = m.inexpressible.parameters - C;
  const double left = N - own - (k - 1) * C;  // for the surplus of inexpressible tasks before
  if (left < 0) return 0;
  if (left >= more * (k - 1)) return 1;
  return boost::math::cdf(Binomial(k - 1, m.epsilon), std::floor(left / more));
}

/// The sum of k^-(alpha+1) over all integers k > n.  Where n + 1 may be no double, terms cannot be counted, nor need they: from
/// 1e15 on it is n^-alpha / alpha - n^-(alpha+1) / 2 up to a part of alpha^2 / n^2 (Euler and Maclaurin).
double tail(double alpha, double n) {
  return n < 1e15 ? power_tail(alpha, n) : std::pow(n, -alpha) * (1 / alpha - 0.5 / n);
}

/// How many tasks that cost the same N parameters pay for.
double tasks_paid(double N, double cost) {
  double n = std::floor(N / cost);
  // The quotient is rounded: the product decides next to a whole number.
  if (n < 1e15 && (n + 1) * cost <= N) ++n;
  if (n < 1e15 && n * cost > N) --n;
  return n;
}

/// The first k in (low, high] for which `holds`, which stays true once it is; `high` when there is none before.  Whole numbers
/// below 2^53, so that there is a middle.
template <class F>
double first_that(double low, double high, const F& holds) {
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

void require_valid(const QuantizationModel& m) {
  const TaskKind &e = m.expressible, &i = m.inexpressible;
  for (const double x : {m.unlearned, e.parameters, i.parameters, e.tokens, i.tokens})
    if (!std::isfinite(x)) fail("quantization model: {} came where a finite number is wanted", x);
  if (!(m.alpha > 0 && m.alpha <= 100)) fail("quantization model: alpha = {}, wanted above 0 and at most 100", m.alpha);
  if (!(m.epsilon >= 0 && m.epsilon <= 1)) fail("quantization model: epsilon = {}, wanted a probability, 0 to 1", m.epsilon);
  if (!(e.reduction > 0 && e.reduction <= m.unlearned))
    fail("quantization model: Delta = {}, wanted above 0 and at most L0 = {}", e.reduction, m.unlearned);
  if (!(i.reduction >= 0 && i.reduction <= e.reduction))
    fail("quantization model: Delta' = {}, wanted 0 to Delta = {} (Assumption 2)", i.reduction, e.reduction);
  if (!(e.parameters > 0 && i.parameters >= e.parameters))
    fail("quantization model: C = {} and C' = {}, wanted 0 < C <= C' (Assumption 3)", e.parameters, i.parameters);
  if (!(e.tokens > 0 && i.tokens >= e.tokens))
    fail("quantization model: T = {} and T' = {}, wanted 0 < T <= T' (Assumption 3)", e.tokens, i.tokens);
}

double frequency_norm(const QuantizationModel& m) {
  return power_tail(m.alpha, 0);
}

// Written as a difference, so that equal kinds give the same number for every epsilon.
double mean_reduction(const QuantizationModel& m) {
  return m.expressible.reduction - m.epsilon * (m.expressible.reduction - m.inexpressible.reduction);
}

double mean_parameters(const QuantizationModel& m) {
  return m.expressible.parameters + m.epsilon * (m.inexpressible.parameters - m.expressible.parameters);
}

double irreducible_loss(const QuantizationModel& m) {
  return m.unlearned - mean_reduction(m);
}

double excess_after_tasks(const QuantizationModel& m, double n) {
  return mean_reduction(m) * tail(m.alpha, n) / frequency_norm(m);
}

double excess_with_tokens(const QuantizationModel& m, double D) {
  const auto missed = [&](const TaskKind& kind) {
    return kind.reduction * tail(m.alpha, tasks_learnable(m, D, kind.tokens)) / frequency_norm(m);
  };
  return (1 - m.epsilon) * missed(m.expressible) + m.epsilon * missed(m.inexpressible);
}

double excess_with_parameters(const QuantizationModel& m, double N) {
  const TaskKind &e = m.expressible, &i = m.inexpressible;
  if (m.epsilon == 0 || e.parameters == i.parameters) return excess_after_tasks(m, tasks_paid(N, e.parameters));
  if (m.epsilon == 1) return excess_after_tasks(m, tasks_paid(N, i.parameters));
  const auto expressible_fits = [&](double k) { return fits(m, N, k, e.parameters); };
  const auto inexpressible_fits = [&](double k) { return fits(m, N, k, i.parameters); };
  // Which tasks are learned for sure and which are surely not, up to a probability that double precision would not show.
  const double none = std::floor(N / e.parameters) + 1;
  if (none > 9e15)
    fail("the exact loss with {:.3g} parameters is over {:.3g} tasks; wanted at most 9e15: use the power law there", N, none);
  const auto is_unsure = [&](double k) { return inexpressible_fits(k) < 1; };
  const auto is_out = [&](double k) { return expressible_fits(k) < 1e-20; };
  const double unsure = first_that(0, none, is_unsure), never = first_that(unsure - 1, none, is_out);
  if (never - unsure > 1e7)
    fail("the exact loss with {:.3g} parameters is a sum of {:.3g} terms; wanted at most 1e7: use the power law there", N,
         never - unsure);
  double sum = mean_reduction(m) * tail(m.alpha, never - 1);
  for (double k = never - 1; k >= unsure; --k)
    sum += std::pow(k, -m.alpha - 1) *
           ((1 - m.epsilon) * e.reduction * (1 - expressible_fits(k)) + m.epsilon * i.reduction * (1 - inexpressible_fits(k)));
  return sum / frequency_norm(m);
}

}  // namespace separatrix
