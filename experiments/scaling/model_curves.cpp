#include "experiments/scaling/model_curves.h"

#include <algorithm>
#include <cmath>

#include "experiments/report/csv.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

std::vector<ModelLoss> losses_of(const std::string& instance, QuantizationModel m, const std::vector<double>& epsilons,
                                 const std::vector<double>& parameters, const std::vector<double>& tokens) {
  std::vector<ModelLoss> losses;
  for (const double epsilon : epsilons) {
    m.epsilon = epsilon;
    require_valid(m);
    const double rest = irreducible_loss(m);
    for (const double N : parameters)
      losses.push_back({instance, "parameters", epsilon, N, rest + excess_with_parameters(m, N), parameter_law(m)(N)});
    for (const double D : tokens)
      losses.push_back({instance, "tokens", epsilon, D, rest + excess_with_tokens(m, D), token_law(m)(D)});
  }
  return losses;
}

/// Six decades, ten amounts each.
std::vector<double> decades_from(double first) {
  std::vector<double> all;
  for (int tenth = 0; tenth <= 60; ++tenth) all.push_back(first * std::pow(10, tenth / 10.0));
  return all;
}

std::string color_of(std::size_t index) {
  static const std::vector<std::string> colors = {"#0072b2", "#009e73", "#e69f00", "#d55e00", "#cc79a7", "#56b4e9", "#666666"};
  return colors[index % colors.size()];
}

/// Each value once, in the order of the losses.
template <class T>
std::vector<T> each(const std::vector<ModelLoss>& losses, T ModelLoss::*member) {
  std::vector<T> all;
  for (const ModelLoss& l : losses)
    if (std::find(all.begin(), all.end(), l.*member) == all.end()) all.push_back(l.*member);
  return all;
}

/// One scale for all panels; a logarithmic axis of less than a decade needs its own ticks.
std::string axes(const std::vector<ModelLoss>& losses) {
  double low = INFINITY, high = 0;
  for (const ModelLoss& l : losses) low = std::min({low, l.exact, l.law}), high = std::max({high, l.exact, l.law});
  return fmt::format(
      "  set logscale xy\n  set format x '10^{{%L}}'\n  set yrange [{:.4g}:{:.4g}]\n"
      "  set ytics (0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)\n",
      low * 0.93, high * 1.05);
}

Panel panel(const std::vector<ModelLoss>& losses, const std::string& instance, const std::string& budget,
            const std::vector<double>& epsilons) {
  Panel p{instance, budget, "loss (nats)", axes(losses), {}};
  for (std::size_t i = 0; i < epsilons.size(); ++i) {
    Points points;
    for (const ModelLoss& l : losses)
      if (l.instance == instance && l.budget == budget && l.epsilon == epsilons[i]) points.push_back({l.amount, l.exact, l.law});
    p.curves.push_back({points, fmt::format("using 1:3 with lines lw 1.6 lc '{}'", color_of(i))});
    p.curves.push_back({points, fmt::format("using 1:2 with points pt 7 ps 0.35 lc '{}'", color_of(i))});
  }
  return p;
}

}  // namespace

std::vector<ModelLoss> model_losses(const QuantizationModel& m, const std::vector<double>& epsilons,
                                    const std::vector<double>& parameters, const std::vector<double>& tokens) {
  for (const auto* budgets : {&parameters, &tokens})
    for (const double x : *budgets)
      if (!(std::isfinite(x) && x > 0)) fail("a budget of {}: wanted finite numbers above 0", x);
  return losses_of("as given", m, epsilons, parameters, tokens);
}

std::vector<ModelLoss> figure_11_losses(const QuantizationModel& m, const std::vector<double>& epsilons) {
  require_valid(m);
  QuantizationModel lower = m, costlier = m;
  lower.inexpressible = {m.inexpressible.reduction, m.expressible.parameters, m.expressible.tokens};
  costlier.inexpressible.reduction = m.expressible.reduction;
  std::vector<ModelLoss> losses;
  const std::vector<double> N = decades_from(m.expressible.parameters), D = decades_from(frequency_norm(m) * m.expressible.tokens);
  for (const auto& [instance, model] : {std::pair("Lower reduction", lower), {"Higher cost", costlier}, {"Both", m}}) {
    const std::vector<ModelLoss> some = losses_of(instance, model, epsilons, N, D);
    losses.insert(losses.end(), some.begin(), some.end());
  }
  return losses;
}

std::string to_csv(const std::vector<ModelLoss>& losses) {
  std::string text = "instance,epsilon,budget,amount,exact,law\n";
  for (const ModelLoss& l : losses)
    text += csv_line({l.instance, fmt::format("{}", l.epsilon), l.budget, fmt::format("{:.10g}", l.amount),
                      fmt::format("{:.10g}", l.exact), fmt::format("{:.10g}", l.law)}) +
            "\n";
  return text;
}

Figure figure_11(const std::vector<ModelLoss>& losses) {
  Figure figure{"quantization_model", {}, {}};
  const std::vector<double> epsilons = each(losses, &ModelLoss::epsilon);
  for (const char* budget : {"parameters", "tokens"})
    for (const std::string& instance : each(losses, &ModelLoss::instance))
      figure.panels.push_back(panel(losses, instance, budget, epsilons));
  for (std::size_t i = 0; i < epsilons.size(); ++i) {
    const std::string color = fmt::format("lc '{}'", color_of(i));
    figure.legend.push_back({"lw 1.6 " + color, "pt 7 ps 0.35 " + color, fmt::format("epsilon {}", epsilons[i])});
  }
  return figure;
}

}  // namespace separatrix
