// Experiments to figures.  The horizontal axis of difficulty is logarithmic to base 2; difficulty 0 stands one step left of the
// smallest.
#include "experiments/report/plots.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/report/published.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

/// Where difficulties stand on the horizontal axis.
class DifficultyAxis {
 public:
  explicit DifficultyAxis(const Experiment& experiment, bool with_published)
      : ticks_(experiment.difficulties.begin(), experiment.difficulties.end()) {
    if (with_published)
      for (const Published& p : published())
        if (p.task == experiment.task) ticks_.insert(p.difficulty);
    if (ticks_.empty()) ticks_.insert(1);
  }

  double at(int n) const { return n > 0 ? std::log2(n) : first_positive() - 1; }

  std::string settings() const {
    std::string ticks;
    for (const int n : ticks_) ticks += fmt::format("{}'{}' {:.5f}", ticks.empty() ? "" : ", ", n, at(n));
    return fmt::format("  set xtics ({})\n  set xrange [{:.4f}:{:.4f}]\n", ticks, at(*ticks_.begin()) - 0.3,
                       at(*ticks_.rbegin()) + 0.3);
  }

 private:
  double first_positive() const {
    const auto first = ticks_.upper_bound(0);
    return first == ticks_.end() ? 0 : std::log2(*first);
  }
  std::set<int> ticks_;
};

const std::string accuracy_axis = "  set yrange [0:1.03]\n  set ytics 0, 0.2, 1\n";

/// Models side by side at one difficulty, so that equal accuracies do not hide each other.
double aside(std::size_t index, std::size_t count) {
  return 0.09 * (static_cast<double>(index) - (static_cast<double>(count) - 1) / 2);
}

std::string difficulty_label(const std::string& task) {
  const std::string symbol = difficulty_symbol(task);
  return (symbol == "m" ? "number of bits " : symbol == "k" ? "number of leaves " : "number of updates ") + symbol;
}

Curve floor_curve(const Experiment& experiment, const DifficultyAxis& axis) {
  Curve curve{{}, "using 1:2 with lines lc '#808080' lw 1.6 dt (8,5)"};
  for (const int n : experiment.difficulties)
    if (const Counts floor = floor_at(experiment, n); floor.counted > 0) curve.points.push_back({axis.at(n), floor.accuracy()});
  return curve;
}

Curve published_curve(const Experiment& experiment, const ModelRuns& model, const DifficultyAxis& axis, double offset) {
  const ModelStyle style = style_of(model.model);
  Curve curve{{}, fmt::format("using 1:2 with points pt {} ps 0.9 lw 1 lc rgb '#70{}'", style.open, style.color.substr(1))};
  for (const Published& p : published())
    if (p.task == experiment.task && p.model == model.model)
      curve.points.push_back({axis.at(p.difficulty) + offset, std::stod(p.accuracy)});
  return curve;
}

std::set<std::string> models_of(const std::vector<Experiment>& experiments) {
  std::set<std::string> models;
  for (const Experiment& experiment : experiments)
    for (const ModelRuns& model : experiment.models) models.insert(model.model);
  return models;
}

/// Legend entries for the models, transformer first.
std::vector<LegendEntry> model_legend(const std::vector<Experiment>& experiments, double line_width, bool markers) {
  std::vector<LegendEntry> legend;
  const std::set<std::string> models = models_of(experiments);
  std::vector<std::string> order = {"transformer", "gdn", "hybrid"};
  for (const std::string& model : models)
    if (std::find(order.begin(), order.end(), model) == order.end()) order.push_back(model);
  for (const std::string& model : order) {
    if (!models.contains(model)) continue;
    const ModelStyle style = style_of(model);
    legend.push_back({fmt::format("lw {} lc '{}'", line_width, style.color),
                      markers ? fmt::format("pt {} ps 0.9 lc '{}'", style.filled, style.color) : "", label_of(model)});
  }
  return legend;
}

/// The distance of ticks nearest to a wish: 1, 2 or 5 times a power of ten.
double round_step(double wish) {
  const double power = std::pow(10, std::floor(std::log10(wish))), part = wish / power;
  return std::max(1.0, power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10));
}

/// A curve without points still needs a line gnuplot can read.
void drop_empty(Panel& panel) {
  std::erase_if(panel.curves, [](const Curve& curve) { return curve.points.empty(); });
  if (panel.curves.empty()) panel.curves.push_back({{{0, -1}}, "using 1:2 with points pt 0"});
}

}  // namespace

Figure separation_figure(const std::vector<Experiment>& experiments) {
  Figure figure{"separation", {}, model_legend(experiments, 2, true)};
  for (const Experiment& experiment : experiments) {
    const DifficultyAxis axis(experiment, true);
    Panel panel{title_of(experiment.task), difficulty_label(experiment.task), "accuracy", axis.settings() + accuracy_axis, {}};
    panel.curves.push_back(floor_curve(experiment, axis));
    std::vector<Curve> bands, pale, lines;
    for (std::size_t i = 0; i < experiment.models.size(); ++i) {
      const ModelRuns& model = experiment.models[i];
      const double offset = aside(i, experiment.models.size());
      const ModelStyle style = style_of(model.model);
      pale.push_back(published_curve(experiment, model, axis, offset));
      if (!model.selected) continue;
      Points points;
      for (const auto& [n, counts] : model.runs[*model.selected].report) {
        const Interval interval = wilson(counts);
        points.push_back({axis.at(n) + offset, counts.accuracy(), interval.low, interval.high});
      }
      bands.push_back(
          {points, fmt::format("using 1:3:4 with filledcurves fc '{}' fs transparent solid 0.18 noborder", style.color)});
      lines.push_back({points, fmt::format("using 1:2 with linespoints lw 2 ps 0.9 lc '{}' pt {}", style.color, style.filled)});
    }
    for (auto* group : {&bands, &pale, &lines}) panel.curves.insert(panel.curves.end(), group->begin(), group->end());
    drop_empty(panel);
    figure.panels.push_back(std::move(panel));
  }
  figure.legend.push_back({"lc '#808080' lw 1.6 dt (8,5)", "", "best shortcut"});
  figure.legend.push_back({"", "pt 6 ps 0.9 lw 1 lc '#a0a0a0'", "the paper"});
  return figure;
}

Figure every_run_figure(const std::vector<Experiment>& experiments) {
  Figure figure{"every_run", {}, model_legend(experiments, 2.6, true)};
  for (const Experiment& experiment : experiments) {
    const DifficultyAxis axis(experiment, false);
    Panel panel{title_of(experiment.task), difficulty_label(experiment.task), "accuracy", axis.settings() + accuracy_axis, {}};
    panel.curves.push_back(floor_curve(experiment, axis));
    std::vector<Curve> means;
    for (std::size_t i = 0; i < experiment.models.size(); ++i) {
      const ModelRuns& model = experiment.models[i];
      const ModelStyle style = style_of(model.model);
      const double offset = aside(i, experiment.models.size());
      for (const MeasuredRun& run : model.runs) {
        Curve thin{{}, fmt::format("using 1:2 with lines lw 0.9 lc rgb '#70{}'", style.color.substr(1))};
        for (const auto& [n, counts] : run.report) thin.points.push_back({axis.at(n) + offset, counts.accuracy()});
        panel.curves.push_back(std::move(thin));
      }
      Curve mean{{}, fmt::format("using 1:2 with linespoints lw 2.6 ps 0.9 lc '{}' pt {}", style.color, style.filled)};
      for (const int n : experiment.difficulties)
        if (const Counts counts = pooled(all_runs(model), n); counts.counted > 0)
          mean.points.push_back({axis.at(n) + offset, counts.accuracy()});
      means.push_back(std::move(mean));
    }
    panel.curves.insert(panel.curves.end(), means.begin(), means.end());
    drop_empty(panel);
    figure.panels.push_back(std::move(panel));
  }
  figure.legend.push_back({"lw 0.9 lc '#808080'", "", "each run"});
  figure.legend.push_back({"lc '#808080' lw 1.6 dt (8,5)", "", "best shortcut"});
  return figure;
}

Figure learning_rate_figure(const std::vector<Experiment>& experiments) {
  Figure figure{"learning_rate", {}, model_legend(experiments, 2, true)};
  for (const Experiment& experiment : experiments) {
    std::set<double> rates;
    std::vector<Curve> lines;
    Panel panel{title_of(experiment.task),
                "learning rate",
                fmt::format("accuracy at {} = {}", difficulty_symbol(experiment.task), experiment.hardest),
                accuracy_axis,
                {}};
    for (std::size_t i = 0; i < experiment.models.size(); ++i) {
      const ModelStyle style = style_of(experiment.models[i].model);
      const double factor = std::exp2(aside(i, experiment.models.size()));
      std::map<double, Counts> at_rate;
      Curve dots{{}, fmt::format("using 1:2 with points pt {} ps 0.7 lc rgb '#70{}'", style.open, style.color.substr(1))};
      for (const MeasuredRun& run : experiment.models[i].runs) {
        rates.insert(run.settings.lr);
        const auto at = run.report.find(experiment.hardest);
        if (at == run.report.end()) continue;
        at_rate[run.settings.lr] += at->second;
        dots.points.push_back({run.settings.lr * factor, at->second.accuracy()});
      }
      Curve line{{}, fmt::format("using 1:2 with linespoints lw 2 ps 0.9 lc '{}' pt {}", style.color, style.filled)};
      for (const auto& [rate, counts] : at_rate) line.points.push_back({rate * factor, counts.accuracy()});
      panel.curves.push_back(std::move(dots));
      lines.push_back(std::move(line));
    }
    panel.curves.insert(panel.curves.end(), lines.begin(), lines.end());
    std::string ticks;
    for (const double rate : rates) ticks += fmt::format("{}'{}' {}", ticks.empty() ? "" : ", ", rate, rate);
    if (!rates.empty())
      panel.settings += fmt::format("  set logscale x 2\n  set xtics ({})\n  set xrange [{}:{}]\n", ticks, *rates.begin() / 1.5,
                                    *rates.rbegin() * 1.5);
    drop_empty(panel);
    figure.panels.push_back(std::move(panel));
  }
  figure.legend.push_back({"", "pt 6 ps 0.7 lc '#a0a0a0'", "each run"});
  return figure;
}

Figure learning_figure(const std::vector<Experiment>& experiments, const std::vector<LearningCurve>& curves) {
  Figure figure{"learning", {}, model_legend(experiments, 2, false)};
  for (const bool accuracy : {true, false})
    for (const Experiment& experiment : experiments) {
      Panel panel{title_of(experiment.task), "training step", accuracy ? "training accuracy" : "difficulty trained at", "", {}};
      panel.settings = accuracy ? accuracy_axis : "  set yrange [0:*]\n  set ytics autofreq\n";
      double last = 1;
      for (const LearningCurve& c : curves)
        if (c.experiment == experiment.name) last = std::max(last, c.points.back().step);
      panel.settings += fmt::format("  set xrange [0:{}]\n  set xtics {}\n", last, round_step(last / 4));
      for (const bool selected : {false, true})
        for (const LearningCurve& c : curves) {
          if (c.experiment != experiment.name || c.selected != selected) continue;
          const std::string color = style_of(c.model).color;
          Curve curve{{},
                      fmt::format("using 1:2 with {} ", accuracy ? "lines" : "fsteps") +
                          (selected ? fmt::format("lw 2 lc '{}'", color) : fmt::format("lw 0.8 lc rgb '#70{}'", color.substr(1)))};
          for (const MetricPoint& p : c.points) curve.points.push_back({p.step, accuracy ? p.accuracy : p.difficulty});
          panel.curves.push_back(std::move(curve));
        }
      drop_empty(panel);
      figure.panels.push_back(std::move(panel));
    }
  figure.legend.push_back({"lw 2 lc '#808080'", "", "selected run"});
  figure.legend.push_back({"lw 0.8 lc '#a0a0a0'", "", "other runs"});
  return figure;
}

}  // namespace separatrix
