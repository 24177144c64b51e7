// separatrix scaling fit POINTS.csv: the coefficients of L(N, D) = E + A / N^alpha + B / D^beta with bootstrap intervals.
#include <CLI/CLI.hpp>

#include "experiments/cli/number_check.h"
#include "experiments/cli/scaling.h"
#include "experiments/harness/output.h"
#include "experiments/scaling/law_curves.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

struct FitArguments {
  std::string points, figure;
  FitOptions options;
  bool json = false, draws = false;
};

void print_fit(const NamedFit& f) {
  fmt::print("{}: {} points, R2 {:.4f}\n", f.arch, f.points, f.fit.r2);
  const auto line = [](const char* name, double value, const Interval* interval) {
    fmt::print("  {:<8}{:>12.5g}", name, value);
    if (interval) fmt::print("   {:.5g} to {:.5g}", interval->low, interval->high);
    fmt::print("\n");
  };
  const ChinchillaLaw& law = f.fit.law;
  const std::optional<LawIntervals> i = f.draws.empty() ? std::nullopt : std::optional(intervals_of(f.draws));
  line("E", law.E, i ? &i->E : nullptr);
  line("A", law.A, i ? &i->A : nullptr);
  line("alpha", law.alpha, i ? &i->alpha : nullptr);
  line("B", law.B, i ? &i->B : nullptr);
  line("beta", law.beta, i ? &i->beta : nullptr);
  line("a_opt", law.beta / (law.alpha + law.beta), nullptr);  // compute-optimal parameters grow as FLOPs^a_opt
}

int fit(const FitArguments& a) {
  if (a.draws && !a.json) fail("--draws: only with --json, which `scaling savings` and `scaling optimal` read");
  if (a.draws && a.options.resamples == 0) fail("--draws and --resamples 0: there are none; give one of them");
  check_output_folder("--figure", a.figure);
  const auto by_arch = parse_points(read_whole(a.points), a.points);
  for (const auto& [arch, points] : by_arch) try {
      require_enough(points, a.options);
    } catch (const Error& error) {
      fail("{}, {}: {}", a.points, arch, error.what());
    }
  std::vector<NamedFit> fits;
  for (const auto& [arch, points] : by_arch) {
    fits.push_back({arch, points.size(), fit_law(points, a.options), {}});
    fits.back().draws = bootstrap(points, fits.back().fit, a.options, stream_of(arch));
    if (!a.json) print_fit(fits.back());
  }
  if (!a.figure.empty()) {
    std::vector<Ladder> ladders;
    for (const NamedFit& f : fits) ladders.push_back({f.arch, f.fit.law, by_arch.at(f.arch)});
    draw(fit_figure(ladders), a.figure);
    if (!a.json) fmt::print("{}/scaling_fit.svg\n", a.figure);
  }
  if (a.json) fmt::print("{}\n", to_json(fits, a.draws).dump(1));
  return 0;
}

}  // namespace

void add_scaling_fit(CLI::App& scaling, int& exit_code) {
  auto* verb = scaling.add_subcommand("fit", "fit L(N, D) = E + A/N^alpha + B/D^beta to measured losses, per architecture");
  verb->footer(
      "example: separatrix scaling fit points.csv --alpha 0.22 --beta 0.22 --json\n"
      "points.csv has the columns arch,N,D,loss. Printed are 95 % bootstrap intervals; --json is what `scaling savings`\n"
      "and `scaling optimal` read; they give intervals where it was printed with --draws.");
  auto a = std::make_shared<FitArguments>();
  verb->add_option("points", a->points, "measured losses (CSV)")->required();
  const auto to_ten = number_that("a number above 0, at most 10", "above 0, at most 10", [](double x) { return x > 0 && x <= 10; });
  const auto to_a_million = number_that("0 to 1,000,000", "0 to 1,000,000", [](double x) { return x >= 0 && x <= 1e6; });
  verb->add_option("--alpha", a->options.alpha, "fix the exponent of N")->check(to_ten);
  verb->add_option("--beta", a->options.beta, "fix the exponent of D")->check(to_ten);
  verb->add_option("--huber", a->options.huber, "log residuals beyond this count linearly")->check(to_ten)->capture_default_str();
  verb->add_option("--resamples", a->options.resamples, "of the bootstrap; 0: no intervals")
      ->check(to_a_million)
      ->capture_default_str();
  verb->add_option("--seed", a->options.seed, "of the bootstrap")->capture_default_str();
  verb->add_flag("--json", a->json, "print JSON");
  verb->add_option("--figure", a->figure, "folder for scaling_fit.svg, .png, .pdf and .gp: losses, laws and residuals");
  verb->add_flag("--draws", a->draws, "in the JSON also every law of the bootstrap");
  verb->callback([a, &exit_code] { exit_code = fit(*a); });
}

}  // namespace separatrix
