// Scaling laws: what follows from one, fits against known coefficients and another program's, the paper's numbers, the verb.
#include <cmath>

#include "experiments/scaling/published_scaling.h"
#include "experiments/scaling/savings.h"
#include "made_up_points.h"
#include "program.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Contains;

namespace {

const ChinchillaLaw law{1.7, 110, 0.25, 80, 0.21};

bool close(double a, double b, double tolerance = 1e-12) {
  return std::abs(a - b) <= tolerance * std::abs(b);
}

FitOptions fixed(double exponent) {
  FitOptions options;
  options.alpha = options.beta = exponent;
  return options;
}

void check_refused(std::vector<std::string> arguments, const std::string& words) {
  arguments.insert(arguments.begin(), "scaling");
  const Outcome done = run_program(arguments, 60);
  INFO(fmt::format("{}: {}", fmt::join(arguments, " "), done.err));
  CHECK(done.code == 2);
  CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
  CHECK_THAT(done.err, Contains(words));
}

}  // namespace

TEST_CASE("tokens, parameters and compute for a loss are the inverses of the law, and out of reach where it never comes so low") {
  for (const double N : {1e8, 1e10})
    for (const double D : {1e9, 1e12}) {
      CHECK(close(tokens_for(law, law.loss(N, D), N), D, 1e-9));
      CHECK(close(parameters_for(law, law.loss(N, D), D), N, 1e-9));
    }
  CHECK(std::isinf(tokens_for(law, law.E + 0.999 * law.A / std::pow(1e9, law.alpha), 1e9)));
  CHECK(std::isinf(parameters_for(law, law.E, 1e9)));
  CHECK(std::isinf(flops_for(law, law.E)));
  for (const double flops : {1e18, 1e23}) {
    const Allocation best = compute_optimal(law, flops);
    CHECK(close(6 * best.N * best.D, flops));
    CHECK(close(flops_for(law, best.loss), flops, 1e-9));
    for (const double share : {0.5, 0.9, 1.1, 2.0}) CHECK(law.loss(best.N * share, best.D / share) > best.loss);
  }
}

TEST_CASE("the best use of a budget is found where the powers on the way to it leave the range of a double") {
  const ChinchillaLaw steep{0, 609324777.77, 1.1257, 3.793, 0.012608};
  const Allocation best = compute_optimal(steep, 1e20);
  CHECK(std::abs(best.N / 1.37e9 - 1) < 0.01);  // by a search over N
  CHECK(std::abs(best.loss - 2.862) < 0.001);
  for (const double share : {0.9, 1.1}) CHECK(steep.loss(best.N * share, best.D / share) > best.loss);
  CHECK(close(flops_for(steep, best.loss), 1e20, 1e-6));
}

TEST_CASE("a fit finds the law that points without noise lie on") {
  for (const ChinchillaLaw& truth : {law, ChinchillaLaw{0.5, 4000, 0.5, 20, 0.15}, ChinchillaLaw{2.5, 30, 0.18, 2000, 0.4}}) {
    const auto points = made_up_points(truth, 0);
    const LawFit free = fit_law(points, {});
    INFO(fmt::format("E {} A {} alpha {} B {} beta {}", free.law.E, free.law.A, free.law.alpha, free.law.B, free.law.beta));
    CHECK(close(free.law.E, truth.E, 1e-6));
    CHECK(close(free.law.A, truth.A, 1e-6));
    CHECK(close(free.law.alpha, truth.alpha, 1e-6));
    CHECK(close(free.law.B, truth.B, 1e-6));
    CHECK(close(free.law.beta, truth.beta, 1e-6));
    CHECK(free.r2 > 1 - 1e-12);
    FitOptions options;
    options.alpha = truth.alpha, options.beta = truth.beta;
    CHECK(close(fit_law(points, options).law.B, truth.B, 1e-9));
  }
}

// Figures found by SciPy 1.17 (least_squares with Huber's loss from 72 starts, then L-BFGS-B) on the same points.
TEST_CASE("a fit to noisy points is the one that another program finds") {
  const auto points = made_up_points({1.65, 108.83, 0.252, 83.45, 0.213}, 0.003);
  const LawFit free = fit_law(points, {});
  CHECK(close(free.objective, 6.715653165716e-05, 1e-9));
  CHECK(close(free.law.E, 1.680052, 1e-6));
  CHECK(close(free.law.A, 124.7527, 1e-5));
  CHECK(close(free.law.alpha, 0.2617735, 1e-6));
  CHECK(close(free.law.B, 77.25043, 1e-5));
  CHECK(close(free.law.beta, 0.2089518, 1e-6));
  const LawFit shared = fit_law(points, fixed(0.22));
  CHECK(close(shared.objective, 7.4226204860587e-05, 1e-9));
  CHECK(close(shared.law.E, 1.561057, 1e-6));
  CHECK(close(shared.law.A, 66.48617, 1e-6));
  CHECK(close(shared.law.B, 94.43876, 1e-6));
}

TEST_CASE("one point far off hardly moves a fit by Huber's loss") {
  auto points = made_up_points(law, 0);
  points[17].loss *= 1.2;
  CHECK(close(fit_law(points, fixed(0.25)).law.E, fit_law(made_up_points(law, 0), fixed(0.25)).law.E, 2e-3));
  FitOptions squares = fixed(0.25);
  squares.huber = 10;
  CHECK_FALSE(close(fit_law(points, squares).law.E, fit_law(made_up_points(law, 0), squares).law.E, 2e-3));
}

TEST_CASE("bootstrap intervals hold the truth, shrink with fixed exponents, and depend on the seed alone") {
  const auto points = made_up_points(law, 0.003);
  FitOptions options;
  options.resamples = 100;
  const LawFit fit = fit_law(points, options);
  const auto drawn = [&](const LawFit& from) { return intervals_of(bootstrap(points, from, options)); };
  const LawIntervals free = drawn(fit), again = drawn(fit);
  CHECK(free.B.low == again.B.low);
  CHECK((free.B.low < law.B && law.B < free.B.high));
  CHECK((free.alpha.low < law.alpha && law.alpha < free.alpha.high));
  options.seed = 1;
  CHECK(drawn(fit).B.low != free.B.low);
  options.alpha = law.alpha, options.beta = law.beta;
  const LawIntervals narrow = drawn(fit_law(points, options));
  CHECK(narrow.B.high - narrow.B.low < (free.B.high - free.B.low) / 4);
  CHECK(narrow.alpha.low == law.alpha);
}

TEST_CASE("points that cannot determine a law are refused") {
  const auto points = made_up_points(law, 0);
  const auto refusal = [&](std::size_t first, std::size_t count, const FitOptions& options) {
    return error_of([&] { fit_law({points.begin() + first, points.begin() + first + count}, options); });
  };
  CHECK_THAT(refusal(0, 4, {}), Contains("4 point(s) for 5 coefficients"));
  CHECK_THAT(refusal(0, 2, fixed(0.2)), Contains("2 point(s) for 3"));
  CHECK_THAT(refusal(0, 5, {}), Contains("1 different N where 3"));
  CHECK_THAT(refusal(0, 10, {}), Contains("2 different N where 3"));
  CHECK(refusal(0, 10, fixed(0.2)).empty());
  CHECK_THAT(error_of([] { fit_law({{1e8, 1e9, 3}, {2e8, 1e9, 2.9}, {3e8, 1e9, 2.8}}, fixed(0.2)); }), Contains("1 different D"));
}

TEST_CASE("points are read with columns in any order, and other columns or numbers are refused by row") {
  const auto points = parse_points("loss,arch,D,N\n3.5,a,2e9,1e8\n3,b,4e9,1e8\n", "here");
  REQUIRE(points.size() == 2);
  CHECK(points.at("a")[0].N == 1e8);
  CHECK(points.at("a")[0].D == 2e9);
  CHECK(points.at("b")[0].loss == 3);
  const auto refusal = [](const std::string& text) { return error_of([&] { parse_points(text, "here"); }); };
  for (const char* header : {"arch,N,D\n", "arch,N,D,loss,seed\n", "arch,N,D,Loss\n", "arch,N,N,loss\n", ""})
    CHECK_THAT(refusal(header), Contains("wanted arch,N,D,loss"));
  CHECK_THAT(refusal("arch,N,D,loss\n"), Contains("no points"));
  for (const char* bad : {"nan", "inf", "-3", "0", "", "3x", "1e999"})
    CHECK_THAT(refusal(fmt::format("arch,N,D,loss\na,1,2,3\na,1,2,{}\n", bad)), Contains("row 2, loss"));
}

TEST_CASE("fitted laws are written and read back, and what is none is refused") {
  const std::vector<NamedFit> fits = {{"one", 35, {law, 1e-5, 0.99}, {law, {1, 2, -3, 4, HUGE_VAL}}}};
  const std::vector<NamedLaw> back = laws_from_json(to_json(fits, true).dump(), "here");
  REQUIRE(back.size() == 1);
  CHECK(back[0].arch == "one");
  CHECK(back[0].law.beta == law.beta);
  REQUIRE(back[0].draws.size() == 2);
  CHECK(back[0].draws[0].B == law.B);
  CHECK(back[0].draws[1].alpha == -3);  // a draw need not be a law
  CHECK(std::isnan(back[0].draws[1].beta));
  CHECK(laws_from_json(to_json(fits, false).dump(), "here")[0].draws.empty());
  const auto refusal = [](const std::string& text) { return error_of([&] { laws_from_json(text, "here"); }); };
  for (const char* text : {"", "[]", "{}", R"({"laws":[]})", R"({"laws":[{"arch":"a"}]})"})
    CHECK_THAT(refusal(text), Contains("scaling fit --json"));
  const std::string one = R"({"arch":"a","E":1,"A":1,"alpha":1,"B":1,"beta":1,"draws":)";
  for (const char* draws : {"[[1,2]]", "[[1,2,3,4,5,6]]", "[7]", "[[1,2,3,4,\"x\"]]", "{}", "null"})
    CHECK_THAT(refusal(R"({"laws":[)" + one + draws + "}]}"),
               Contains("a draw is [E, A, alpha, B, beta]") || Contains("draws wants a list") || Contains("scaling fit --json"));
  CHECK_THAT(refusal(R"({"laws":[)" + one + "[]}," + one + "[]}]}"), Contains("two laws of a"));
  CHECK_THAT(error_of([&] { savings({{"one", law}}, "one", {2, {1e9}, {}, {}}); }), Contains("nothing to compare"));
  CHECK_THAT(refusal(R"({"laws":[{"arch":"a","E":1,"A":-1,"alpha":1,"B":1,"beta":1}]})"), Contains("A = -1"));
}

TEST_CASE("the paper's derived numbers lie within what its rounded coefficients allow, and savings are not theirs to the digit") {
  const std::vector<Recomputed> all = recompute_published();
  CHECK(all.size() == 86);
  for (const Recomputed& r : all) {
    INFO(r.printed->source << " " << r.printed->arch << " " << r.printed->quantity << " at " << r.printed->at);
    CHECK(r.possible());
    CHECK((r.range.low <= r.value && r.value <= r.range.high));
    // Of savings, none is printed as the printed coefficients give it.
    if (r.printed->quantity == "token_savings") CHECK_FALSE(r.same());
  }
  // A wrong number is noticed.
  for (const Recomputed& r : all)
    if (r.printed->quantity == "optimal_loss") {
      PrintedNumber wrong = *r.printed;
      wrong.text = fmt::format("{:.2f}", r.printed->value() + 0.1);
      CHECK_FALSE(Recomputed{&wrong, r.value, r.range}.possible());
    }
}

TEST_CASE("the coefficients that the text gives for fixed exponents are not those of Table 18") {
  // At 10^19 FLOPs, inside the range of the points, the free and the fixed fit of Table 18 agree on the transformer's loss.
  const auto loss = [](const char* fit) { return compute_optimal(printed_law(fit, "transformer").law, 1e19).loss; };
  CHECK(std::abs(loss("free") - loss("fixed")) < 0.01);
  CHECK(loss("fixed_in_text") - loss("fixed") > 0.07);
}

TEST_CASE("a coefficient k times smaller saves k^(1 / exponent) times, not k times") {
  ChinchillaLaw half = law;
  half.B /= 2;
  const SavingsAt at{law.loss(1e9, 1e11), {1e9}, {}, {}};
  const auto saved = savings({{"base", law}, {"half", half}}, "base", at);
  REQUIRE(saved.size() == 1);
  CHECK(close(saved[0].factor(), std::pow(2, 1 / law.beta), 1e-9));
}

TEST_CASE("scaling fit prints what scaling savings reads") {
  const Scratch folder;
  write_whole(folder / "points.csv", csv_of(made_up_points(law, 0)));
  const Outcome fit = run_program({"scaling", "fit", folder / "points.csv", "--resamples", "5", "--json"});
  REQUIRE(fit.code == 0);
  auto laws = nlohmann::json::parse(fit.out);
  CHECK(laws["laws"][0]["intervals"]["E"].size() == 2);
  laws["laws"].push_back(laws["laws"][0]);
  laws["laws"][1]["arch"] = "two", laws["laws"][1]["E"] = law.E - 0.05;
  write_whole(folder / "fit.json", laws.dump());
  const Outcome saved =
      run_program({"scaling", "savings", folder / "fit.json", "--reference", "one", "--target-loss", "2.5", "--json"});
  REQUIRE(saved.code == 0);
  for (const auto& s : nlohmann::json::parse(saved.out)["savings"])
    if (!s["factor"].is_null()) CHECK(s["factor"] > 1);
  CHECK_THAT(run_program({"scaling", "fit", folder / "points.csv", "--alpha", "0.25", "--beta", "0.21"}).out, Contains("a_opt"));
  CHECK(run_program({"scaling", "published"}).code == 0);
  CHECK_THAT(run_program({"scaling", "savings", "--published", "fixed"}).out, Contains("hybrid"));
  check_refused({"savings", folder / "fit.json", "--reference", "one"}, "--target-loss is missing");
  check_refused({"savings", folder / "fit.json", "--published", "free"}, "give one of them");
  check_refused({"savings", folder / "points.csv", "--target-loss", "2"}, "wanted what `separatrix scaling fit --json` prints");
  check_refused({"fit", folder / "points.csv", "--alpha", "nan"}, "--alpha: nan: wanted");
  check_refused({"fit", folder / "points.csv", "--seed", "-1"}, "--seed: -1: wanted");
  check_refused({"savings", "--target-loss", "-1"}, "--target-loss: -1: wanted");
  check_refused({"savings", "--parameters", "7e9,0"}, "--parameters: 0: wanted");
  check_refused({"savings", "--reference", "tranformer"}, "did you mean 'transformer'?");
  check_refused({"savings", "--published", "fre"}, "wanted free, fixed or fixed_in_text");
  check_refused({"fit", folder / "points.csv", "--huber", "0"}, "--huber: 0: wanted");
  check_refused({"fit", folder / "points.csv", "--resamples", "-1"}, "--resamples: -1: wanted");
}

TEST_CASE("scaling model prints exact losses beside the law, draws Figure 11, and refuses what the assumptions exclude") {
  const Scratch folder;
  const Outcome done =
      run_program({"scaling", "model", "--epsilon", "0,0.5", "--N", "1e5", "--D", "1e6", "--figure", folder / "f", "--json"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  const auto json = nlohmann::json::parse(done.out);
  CHECK(json["laws"].size() == 2);
  for (const auto& l : json["losses"]) CHECK(close(l["exact"], l["law"], 1e-3));
  CHECK(std::filesystem::file_size(folder / "f/quantization_model.svg") > 1000);
  const std::string csv = read_whole(folder / "f/quantization_model.csv");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 1 + 3 * 2 * 2 * 61);  // instances, epsilons, budgets, amounts
  check_refused({"model", "--epsilon", "1.5"}, "epsilon = 1.5");
  check_refused({"model", "--epsilon", "nan"}, "epsilon = nan");
  check_refused({"model", "--alpha", "0"}, "alpha = 0");
  check_refused({"model", "--N", "-3"}, "--N: -3: wanted");
  check_refused({"model", "--D", "inf"}, "--D: inf: wanted");
  check_refused({"model", "--reduction", "1,2"}, "Assumption 2");
  check_refused({"model", "--reduction", "3,2,1"}, "wanted one, or two");
  check_refused({"model", "--parameters", "2,1"}, "Assumption 3");
}
