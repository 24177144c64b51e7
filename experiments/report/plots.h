// The report's figures: what each one shows.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/report/figure.h"
#include "experiments/report/selection.h"

namespace separatrix {

/// Accuracy of the selected run against difficulty, one panel per experiment, one line per model, 95 % Wilson intervals shaded,
/// the best shortcut dashed, the paper's numbers as pale open markers.
Figure separation_figure(const std::vector<Experiment>& experiments);

/// The same for every run (thin) and the mean over runs (thick).
Figure every_run_figure(const std::vector<Experiment>& experiments);

/// Accuracy at the hardest difficulty against learning rate: mean over runs, one dot per run.
Figure learning_rate_figure(const std::vector<Experiment>& experiments);

/// One point of a training run's metrics.jsonl.
struct MetricPoint {
  double step, difficulty, accuracy;
};
struct LearningCurve {
  std::string experiment, model;
  bool selected;
  std::vector<MetricPoint> points;
};

/// Training accuracy and curriculum difficulty against step, one panel per experiment and quantity.
Figure learning_figure(const std::vector<Experiment>& experiments, const std::vector<LearningCurve>& curves);

}  // namespace separatrix
