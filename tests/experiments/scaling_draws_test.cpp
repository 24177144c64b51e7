// What follows from a fit, with the intervals of its bootstrap.
#include <cmath>

#include "experiments/scaling/optimal.h"
#include "experiments/scaling/published_scaling.h"
#include "experiments/scaling/savings.h"
#include "made_up_points.h"
#include "program.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Contains;

namespace {

const ChinchillaLaw law{1.7, 110, 0.25, 80, 0.21};

bool close(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::abs(b);
}

/// 41 draws: the law with one coefficient changed.
template <class Change>
NamedLaw drawn(const std::string& arch, Change change) {
  NamedLaw named{arch, law};
  for (int i = 1; i <= 41; ++i) change(named.draws.emplace_back(law), i);
  return named;
}

}  // namespace

TEST_CASE("of 41 draws the central 95 % leave out one at either end") {
  std::vector<double> values;
  for (int i = 41; i > 0; --i) values.push_back(i * i);
  CHECK(central(values).low == 4);
  CHECK(central(values).high == 1600);
  values[0] = INFINITY, values[1] = INFINITY;
  CHECK(std::isinf(central(values).high));
  CHECK(central({3}).low == 3);
}

TEST_CASE("the interval of a saving is that of the drawn laws' savings") {
  const NamedLaw base = drawn("base", [](ChinchillaLaw&, int) {});
  // The i-th draw needs i / 20 times the tokens.
  const NamedLaw other = drawn("other", [](ChinchillaLaw& draw, int i) { draw.B *= std::pow(i / 20.0, draw.beta); });
  const SavingsAt at{law.loss(1e9, 1e11), {1e9}, {}, {}};
  const auto saved = savings({base, other}, "base", at);
  REQUIRE(saved.size() == 1);
  REQUIRE(saved[0].factors);
  CHECK(saved[0].factors->draws == 41);
  CHECK(close(saved[0].factors->interval.low, 20 / 40.0));
  CHECK(close(saved[0].factors->interval.high, 20 / 2.0));
  CHECK_FALSE(savings({{"base", law}, other}, "base", at)[0].factors);  // no draws of the reference
}

TEST_CASE("draws that are no law or leave a loss out of both laws' reach are not counted, those out of one law's reach are") {
  const auto low_loss = [](ChinchillaLaw& draw, int i) {
    if (i <= 10) draw.E = 5;
  };
  const NamedLaw base = drawn("base", low_loss);
  const NamedLaw other = drawn("other", [&](ChinchillaLaw& draw, int i) {
    if (i <= 5) low_loss(draw, i);
    if (i == 41) draw.alpha = -0.1;
    if (i == 40) draw.B = NAN;
  });
  const auto saved = savings({base, other}, "base", {law.loss(1e9, 1e11), {1e9}, {}, {}});
  CHECK(saved[0].factors->draws == 41 - 5 - 2);
  CHECK(saved[0].factors->of == 41);
  CHECK(close(saved[0].factors->interval.low, 1));
  CHECK(std::isinf(saved[0].factors->interval.high));
}

TEST_CASE("a saving of compute is over what the drawn reference reaches") {
  // Both laws move together: whatever is drawn, nothing is saved.
  const auto move = [](ChinchillaLaw& draw, int i) { draw.E += 0.01 * i; };
  const auto saved = savings({drawn("base", move), drawn("other", move)}, "base", {2, {}, {}, {1e20}});
  CHECK(close(saved[0].factors->interval.low, 1));
  CHECK(close(saved[0].factors->interval.high, 1));
}

TEST_CASE("the best loss for a budget and its difference from the reference's, with the intervals of the draws") {
  const NamedLaw base = drawn("base", [](ChinchillaLaw& draw, int) { draw.E += 0.1; });
  const NamedLaw other = drawn("other", [](ChinchillaLaw& draw, int i) { draw.E += 0.01 * i; });
  const auto all = optima({base, other}, "base", {1e20, 1e22});
  REQUIRE(all.size() == 4);
  const double best = compute_optimal(law, 1e22).loss;
  const Optimum &of_base = all[2], &of_other = all[3];
  CHECK(of_other.flops == 1e22);
  CHECK(close(of_other.best.loss, best));
  CHECK(of_other.difference == 0);
  CHECK(close(of_other.losses->interval.low, best + 0.02));
  CHECK(close(of_other.losses->interval.high, best + 0.40));
  CHECK(close(of_other.differences->interval.low, -0.08));
  CHECK(close(of_other.differences->interval.high, 0.30));
  CHECK(close(of_base.losses->interval.high, best + 0.1));
  CHECK_FALSE(of_base.differences);
}

TEST_CASE("intervals of savings hold the truth, and two ladders are drawn independently of each other") {
  ChinchillaLaw better = law;
  better.B *= 0.9;
  FitOptions options;
  options.alpha = law.alpha, options.beta = law.beta, options.resamples = 200;
  std::vector<NamedLaw> laws;
  for (const ChinchillaLaw& truth : {law, better}) {
    const auto points = made_up_points(truth, 0.003);
    const LawFit fit = fit_law(points, options);
    laws.push_back(
        {laws.empty() ? "base" : "better", fit.law, bootstrap(points, fit, options, static_cast<std::uint32_t>(laws.size()))});
  }
  const double target = law.loss(1e9, 1e11), truth = tokens_for(law, target, 1e9) / tokens_for(better, target, 1e9);
  const Interval factor = savings(laws, "base", {target, {1e9}, {}, {}})[0].factors->interval;
  CHECK((factor.low < truth && truth < factor.high));
  // Both ladders have the same noise here: drawn alike, their ratio would hardly vary.
  CHECK(factor.high / factor.low > 1.05);
}

TEST_CASE("scaling fit --draws is what intervals of scaling savings and scaling optimal come from") {
  const Scratch folder;
  std::string csv = csv_of(made_up_points(law, 0.003));
  ChinchillaLaw better = law;
  better.B *= 0.9;
  for (const ScalingPoint& p : made_up_points(better, 0.003)) csv += fmt::format("{:.17g},two,{},{}\n", p.loss, p.D, p.N);
  write_whole(folder / "points.csv", csv);
  const std::vector<std::string> fit = {"scaling", "fit",   folder / "points.csv", "--resamples", "20", "--alpha", "0.25", "--beta",
                                        "0.21",    "--json"};
  std::vector<std::string> with_draws = fit;
  with_draws.push_back("--draws");
  write_whole(folder / "plain.json", run_program(fit).out);
  write_whole(folder / "fit.json", run_program(with_draws).out);
  const auto json = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "scaling"), arguments.insert(arguments.end(), {"--reference", "one", "--json"});
    const Outcome done = run_program(arguments);
    INFO(done.err);
    REQUIRE(done.code == 0);
    return nlohmann::json::parse(done.out);
  };
  const auto plain = json({"savings", folder / "plain.json", "--target-loss", "2.5"})["savings"][0];
  const auto saved = json({"savings", folder / "fit.json", "--target-loss", "2.5"})["savings"][0];
  CHECK(plain["factors"].is_null());
  CHECK(saved["factors"]["draws"] == 20);
  CHECK(saved["factors"]["interval"][0] < saved["factor"]);
  json({"savings", folder / "fit.json", "--target-loss", "2.5", "--figure", folder / "f"});
  CHECK(std::filesystem::file_size(folder / "f/scaling_savings.svg") > 1000);
  CHECK_THAT(read_whole(folder / "f/scaling_savings.gp"), Contains("filledcurves"));
  const Outcome out_of_reach = run_program({"scaling", "savings", "--target-loss", "0.5", "--figure", folder / "g"});
  CHECK(out_of_reach.code == 2);
  CHECK_THAT(out_of_reach.err, Contains("out of reach everywhere"));
  // In reach for one panel alone.
  CHECK(run_program({"scaling", "savings", "--target-loss", "2.5", "--parameters", "1e6", "--figure", folder / "g"}).code == 0);
  CHECK(run_program({"scaling", "fit", folder / "points.csv", "--resamples", "0", "--figure", folder / "f"}).code == 0);
  CHECK(std::filesystem::file_size(folder / "f/scaling_fit.svg") > 1000);
  const auto optimal = json({"optimal", folder / "fit.json", "--flops", "1e20"})["optima"];
  REQUIRE(optimal.size() == 2);
  CHECK(optimal[0]["differences"].is_null());
  CHECK(optimal[1]["differences"]["interval"][1] < 0);
  CHECK_THAT(run_program({"scaling", "optimal", folder / "fit.json", "--reference", "one"}).out, Contains("two"));
  const auto refused = [](const Outcome& done) { return done.code == 2 ? done.err : "not refused"; };
  CHECK_THAT(refused(run_program({"scaling", "fit", folder / "points.csv", "--draws"})), Contains("only with --json"));
  with_draws[4] = "0";
  CHECK_THAT(refused(run_program(with_draws)), Contains("there are none"));
  CHECK_THAT(refused(run_program({"scaling", "optimal", folder / "fit.json"})), Contains("there are laws of one, two"));
  CHECK_THAT(refused(run_program({"scaling", "optimal", "--flops", "0"})), Contains("--flops: 0: wanted"));
}

TEST_CASE("the best losses of the paper's free laws are its Table 19's, up to the rounding of their coefficients") {
  std::vector<NamedLaw> laws;
  for (const std::string& arch : printed_architectures("free")) laws.push_back({arch, printed_law("free", arch).law});
  int compared = 0;
  for (const Optimum& o : optima(laws, "transformer", printed_at("optimal_loss")))
    for (const PrintedNumber& p : published_scaling())
      if (p.source == "Table 19" && p.quantity == "optimal_loss" && p.arch == o.arch && p.at == o.flops) {
        CHECK(std::abs(o.best.loss - p.value()) < 0.015);
        ++compared;
      }
  CHECK(compared == 18);
}
