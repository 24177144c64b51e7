// separatrix scaling optimal [FIT.json]: how each law spends a number of FLOPs best, and the loss it reaches.
#include "experiments/cli/number_check.h"
#include "experiments/cli/scaling.h"
#include "experiments/cli/scaling_laws.h"
#include "experiments/scaling/optimal.h"
#include "experiments/scaling/published_scaling.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

struct OptimalArguments {
  LawsArguments from;
  std::vector<double> flops;
};

Json to_json(const Optimum& o) {
  return {
      {"arch", o.arch},      {"flops", o.flops},           {"parameters", o.best.N},      {"tokens", o.best.D},
      {"loss", o.best.loss}, {"difference", o.difference}, {"losses", to_json(o.losses)}, {"differences", to_json(o.differences)}};
}

void print_optimum(const Optimum& o, const std::string& reference) {
  fmt::print("C = {:<8.3g}{:<11} N = {:<11.4g}D = {:<11.4g}loss {:.3f}{}", o.flops, o.arch, o.best.N, o.best.D, o.best.loss,
             to_text(o.losses, "{:.2f}"));
  if (o.arch != reference) fmt::print("   {:+.3f}{}", o.difference, to_text(o.differences, "{:+.2f}"));
  fmt::print("\n");
}

int show_optima(OptimalArguments a) {
  if (a.flops.empty()) a.flops = printed_at("optimal_loss");
  Json out = {{"optima", Json::array()}};
  for (const Optimum& o : optima(a.from.laws(), a.from.reference, a.flops)) {
    out["optima"].push_back(to_json(o));
    if (!a.from.json) print_optimum(o, a.from.reference);
  }
  if (a.from.json) fmt::print("{}\n", out.dump(1));
  return 0;
}

}  // namespace

void add_scaling_optimal(CLI::App& scaling, int& exit_code) {
  auto* verb = scaling.add_subcommand("optimal", "the best model and number of tokens for a number of FLOPs, and their loss");
  verb->footer(
      "example: separatrix scaling optimal --published free --flops 1e20,1e22\n"
      "C = 6 N D. Behind a loss is its difference from the reference's; in brackets 95 % of the bootstrap's laws, where FIT.json\n"
      "has them. Without FIT.json the laws are the paper's.");
  auto a = std::make_shared<OptimalArguments>();
  a->from.add_to(*verb);
  verb->add_option("--flops", a->flops, "of training; the paper's budgets if none are given")->check(above_0())->delimiter(',');
  verb->callback([a, &exit_code] { exit_code = show_optima(*a); });
}

}  // namespace separatrix
