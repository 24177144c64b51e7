#include "experiments/scaling/huber_descent.h"

#include <algorithm>
#include <cmath>

namespace separatrix {
namespace {

/// Normal equations H step = g of the n free coefficients; what is beyond n is not used.
struct Equations {
  int n;
  std::array<LogLaw, 5> H{};
  LogLaw g{};
};

struct Residual {
  double value;
  LogLaw slope;
};

/// log of the predicted loss less log of the measured one, and its derivatives: the softmax of the three terms.
Residual residual(const LogProblem::Point& p, const LogLaw& x) {
  const double e = x[0], n = x[1] - x[2] * p.N, d = x[3] - x[4] * p.D;
  const double top = std::max({e, n, d}), pe = std::exp(e - top), pn = std::exp(n - top), pd = std::exp(d - top);
  const double sum = pe + pn + pd;
  return {top + std::log(sum) - p.loss, {pe / sum, pn / sum, -p.N * pn / sum, pd / sum, -p.D * pd / sum}};
}

double huber_loss(double r, double huber) {
  r = std::abs(r);
  return r <= huber ? r * r / 2 : huber * (r - huber / 2);
}

/// Of all residuals at x, weighted.
Equations normal_equations(const LogProblem& problem, const LogLaw& x) {
  Equations e{static_cast<int>(problem.free.size())};
  for (const LogProblem::Point& p : problem.points) {
    const Residual r = residual(p, x);
    const double weight = std::min(1.0, problem.huber / std::max(std::abs(r.value), 1e-300));
    for (int i = 0; i < e.n; ++i) {
      const double slope = weight * r.slope[problem.free[i]];
      e.g[i] += slope * r.value;
      for (int j = 0; j < e.n; ++j) e.H[i][j] += slope * r.slope[problem.free[j]];
    }
  }
  return e;
}

/// By Cholesky's factors, H being positive definite but for rounding; NaN where it is not.
LogLaw solution(Equations e) {
  auto& [n, L, x] = e;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j <= i; ++j) {
      double rest = L[i][j];
      for (int k = 0; k < j; ++k) rest -= L[i][k] * L[j][k];
      L[i][j] = i == j ? std::sqrt(rest) : rest / L[j][j];
    }
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < i; ++k) x[i] -= L[i][k] * x[k];
    x[i] /= L[i][i];
  }
  for (int i = n - 1; i >= 0; --i) {
    for (int k = i + 1; k < n; ++k) x[i] -= L[k][i] * x[k];
    x[i] /= L[i][i];
  }
  return x;
}

/// x after the step with this damping of the diagonal.
LogLaw stepped(const LogProblem& problem, LogLaw x, Equations e, double damping) {
  for (int i = 0; i < e.n; ++i) e.H[i][i] += damping * e.H[i][i] + 1e-300;
  const LogLaw step = solution(e);
  for (int i = 0; i < e.n; ++i) x[problem.free[i]] -= step[i];
  return x;
}

}  // namespace

double LogProblem::objective(const LogLaw& x) const {
  double sum = 0;
  for (const Point& p : points) sum += huber_loss(residual(p, x).value, huber);
  return sum;
}

LogLaw descend(const LogProblem& problem, LogLaw x) {
  double at_x = problem.objective(x), damping = 1e-3;
  int flat = 0;  // steps in a row that hardly gained
  for (int step = 0; step < 1000 && flat < 5; ++step) {
    const Equations equations = normal_equations(problem, x);
    LogLaw next = x;
    double at_next = at_x;
    for (; damping < 1e12; damping *= 8) {
      next = stepped(problem, x, equations, damping);
      at_next = problem.objective(next);
      if (at_next < at_x) break;  // false for NaN too
    }
    if (!(at_next < at_x)) break;
    flat = at_x - at_next < 1e-12 * at_x ? flat + 1 : 0;
    x = next, at_x = at_next, damping = std::max(damping / 16, 1e-15);
  }
  return x;
}

}  // namespace separatrix
