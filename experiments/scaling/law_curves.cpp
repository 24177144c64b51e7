#include "experiments/scaling/law_curves.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tasks/error.h"

namespace separatrix {
namespace {

constexpr const char* logarithmic_x = "  set logscale x\n  set format x '10^{%L}'\n";

/// Amounts from `low` to `high`, evenly in the logarithm.
std::vector<double> amounts(double low, double high) {
  constexpr int count = 60;
  std::vector<double> all;
  for (int i = 0; i <= count; ++i) all.push_back(low * std::pow(high / low, i / static_cast<double>(count)));
  return all;
}

double flops_of(const ScalingPoint& p) {
  return 6 * p.N * p.D;
}

/// In per cent of the measured loss.
double residual(const Ladder& ladder, const ScalingPoint& p) {
  return 100 * (p.loss - ladder.law.loss(p.N, p.D)) / p.loss;
}

std::string marker(const ModelStyle& style) {
  return fmt::format("pt {} ps 0.6 lc '{}'", style.filled, style.color);
}

void add_losses(Panel& panel, const Ladder& ladder, const ModelStyle& style) {
  std::map<double, Points> by_size;
  double least = INFINITY, most = 0;
  for (const ScalingPoint& p : ladder.points) {
    by_size[p.N].push_back({flops_of(p), p.loss});
    least = std::min(least, flops_of(p)), most = std::max(most, flops_of(p));
  }
  for (auto& [N, points] : by_size) {
    std::sort(points.begin(), points.end());
    panel.curves.push_back({points, fmt::format("using 1:2 with lines lw 0.7 lc '{}'", style.color)});
    panel.curves.push_back({points, "using 1:2 with points " + marker(style)});
  }
  if (!is_valid(ladder.law)) return;  // a fit may be none, with an exponent below 0: it has no best use of a budget
  Points frontier;
  for (const double C : amounts(least, most)) frontier.push_back({C, compute_optimal(ladder.law, C).loss});
  panel.curves.push_back({frontier, fmt::format("using 1:2 with lines lw 2.2 lc '{}'", style.color)});
}

void add_residuals(Panel& panel, const Ladder& ladder, const ModelStyle& style) {
  Points points;
  for (const ScalingPoint& p : ladder.points) points.push_back({ladder.law.loss(p.N, p.D), residual(ladder, p)});
  panel.curves.push_back({points, "using 1:2 with points " + marker(style)});
}

void add_errors_by_size(Panel& panel, const Ladder& ladder, const ModelStyle& style) {
  std::map<double, std::vector<double>> by_size;
  for (const ScalingPoint& p : ladder.points) by_size[p.N].push_back(std::abs(residual(ladder, p)));
  Points points;
  for (const auto& [N, errors] : by_size) {
    double sum = 0;
    for (const double e : errors) sum += e;
    points.push_back({N, sum / static_cast<double>(errors.size())});
  }
  panel.curves.push_back({points, fmt::format("using 1:2 with lines lw 1.2 lc '{}'", style.color)});
  panel.curves.push_back({points, "using 1:2 with points " + marker(style)});
}

LegendEntry legend_entry(const std::string& arch) {
  const ModelStyle style = style_of(arch);
  return {fmt::format("lw 2.2 lc '{}'", style.color), marker(style), label_of(arch)};
}

/// Curves of the factors over `at`, one an architecture, over its shaded interval.
Panel factor_panel(const std::string& title, const std::string& x_label, const std::vector<Saving>& saved) {
  const std::string y =
      "  set logscale y\n  set autoscale yfix\n"
      "  set ytics (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.5, 1.7, 2, 2.5, 3, 4, 5, 7, 10, 20, 50, 100)\n";
  Panel panel{title, x_label, "factor", fmt::format("{}{}", logarithmic_x, y), {}};
  std::map<std::string, Points> factors, intervals;
  for (const Saving& s : saved) {
    if (std::isfinite(s.factor())) factors[s.arch].push_back({s.at, s.factor()});
    if (s.factors && std::isfinite(s.factors->interval.high))
      intervals[s.arch].push_back({s.at, s.factors->interval.low, s.factors->interval.high});
  }
  for (const auto& [arch, points] : intervals)
    panel.curves.push_back(
        {points, fmt::format("using 1:2:3 with filledcurves fc '{}' fs transparent solid 0.18 noborder", style_of(arch).color)});
  for (const auto& [arch, points] : factors)
    panel.curves.push_back({points, fmt::format("using 1:2 with lines lw 2.2 lc '{}'", style_of(arch).color)});
  return panel;
}

std::vector<double> around(const std::vector<double>& given) {
  const auto [low, high] = std::minmax_element(given.begin(), given.end());
  return *low < *high ? amounts(*low, *high) : amounts(*low / 3, *high * 3);
}

}  // namespace

Figure fit_figure(const std::vector<Ladder>& ladders) {
  const std::string percent = "per cent of the loss";
  Panel losses{"Losses", "C = 6 N D", "loss (nats)", logarithmic_x, {}};
  Panel residuals{"Residuals", "predicted loss (nats)", percent, "  set xzeroaxis lw 1 lc '#808080'\n", {}};
  Panel errors{"Mean error by size", "N", percent, fmt::format("{}  set yrange [0:*]\n", logarithmic_x), {}};
  Figure figure{"scaling_fit", {}, {}};
  for (const Ladder& ladder : ladders) {
    const ModelStyle style = style_of(ladder.arch);
    add_losses(losses, ladder, style);
    add_residuals(residuals, ladder, style);
    add_errors_by_size(errors, ladder, style);
    figure.legend.push_back(legend_entry(ladder.arch));
  }
  for (Panel* panel : {&losses, &residuals, &errors}) figure.panels.push_back(std::move(*panel));
  return figure;
}

Figure savings_figure(const std::vector<NamedLaw>& laws, const std::string& reference, const SavingsAt& at) {
  const auto tokens = savings(laws, reference, {at.target_loss, around(at.parameters), {}, {}});
  const auto parameters = savings(laws, reference, {at.target_loss, {}, around(at.tokens), {}});
  Figure figure{"scaling_savings", {}, {}};
  for (Panel panel : {factor_panel(fmt::format("Tokens saved to loss {:.4g}", at.target_loss), "N", tokens),
                      factor_panel(fmt::format("Parameters saved to loss {:.4g}", at.target_loss), "D", parameters)})
    if (!panel.curves.empty()) figure.panels.push_back(std::move(panel));
  if (figure.panels.empty())
    fail("a loss of {} is out of reach everywhere: there is no factor to draw; give a larger --target-loss, or other amounts",
         at.target_loss);
  for (const NamedLaw& law : laws)
    if (law.arch != reference) figure.legend.push_back(legend_entry(law.arch));
  return figure;
}

}  // namespace separatrix
