// separatrix scaling model: exact losses of the quantization model beside the power laws of Theorem 4.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/cli/number_check.h"
#include "experiments/cli/scaling.h"
#include "experiments/harness/output.h"
#include "experiments/scaling/model_curves.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

struct ModelArguments {
  double alpha = 0.28, unlearned = 4;
  std::vector<double> epsilons = {0, 0.1, 0.25, 0.5}, reduction = {3, 1.5}, parameters = {1, 16}, tokens = {1, 16};
  std::vector<double> N, D;
  std::string figure;
  bool json = false;
};

/// Of expressible and of inexpressible tasks; one number is both.
std::pair<double, double> both(const std::vector<double>& numbers, const char* option) {
  if (numbers.size() > 2)
    fail("{}: {} numbers; wanted one, or two: of expressible tasks, of inexpressible ones", option, numbers.size());
  return {numbers.front(), numbers.back()};
}

QuantizationModel model_of(const ModelArguments& a) {
  const auto [reduction, lower] = both(a.reduction, "--reduction");
  const auto [parameters, more_parameters] = both(a.parameters, "--parameters");
  const auto [tokens, more_tokens] = both(a.tokens, "--tokens");
  return {a.alpha, 0, a.unlearned, {reduction, parameters, tokens}, {lower, more_parameters, more_tokens}};
}

Json to_json(const ModelLoss& l) {
  return {{"epsilon", l.epsilon}, {"budget", l.budget}, {"amount", l.amount}, {"exact", l.exact}, {"law", l.law}};
}

/// The laws' coefficients, one row an epsilon; model_losses has checked them.
void print_laws(const ModelArguments& a, QuantizationModel m) {
  fmt::print("{:<10}{:>10}{:>26}{:>30}\n", "epsilon", "L_inf", "law of parameters", "law of tokens");
  for (const double epsilon : a.epsilons) {
    m.epsilon = epsilon;
    const PowerLaw N = parameter_law(m), D = token_law(m);
    fmt::print("{:<10}{:>10.4f}{:>26}{:>30}\n", epsilon, N.irreducible, fmt::format("{:.4f} N^-{:.4g}", N.coefficient, N.exponent),
               fmt::format("{:.4f} D^-{:.4g}", D.coefficient, D.exponent));
  }
}

Json laws_to_json(const ModelArguments& a, QuantizationModel m) {
  Json laws = Json::array();
  for (const double epsilon : a.epsilons) {
    m.epsilon = epsilon;
    const PowerLaw N = parameter_law(m), D = token_law(m);
    laws.push_back({{"epsilon", epsilon},
                    {"irreducible", N.irreducible},
                    {"A_epsilon", parameter_coefficient(m)},
                    {"B_epsilon", token_coefficient(m)},
                    {"parameters", {{"coefficient", N.coefficient}, {"exponent", N.exponent}}},
                    {"tokens", {{"coefficient", D.coefficient}, {"exponent", D.exponent}}}});
  }
  return laws;
}

int show_model(const ModelArguments& a) {
  check_output_folder("--figure", a.figure);
  const QuantizationModel m = model_of(a);
  const std::vector<ModelLoss> losses = model_losses(m, a.epsilons, a.N, a.D);
  if (!a.figure.empty()) {
    const std::vector<ModelLoss> curves = figure_11_losses(m, a.epsilons);
    draw(figure_11(curves), a.figure);
    write_whole(a.figure + "/quantization_model.csv", to_csv(curves));
  }
  if (a.json) {
    Json out = {{"laws", laws_to_json(a, m)}, {"losses", Json::array()}};
    for (const ModelLoss& l : losses) out["losses"].push_back(to_json(l));
    fmt::print("{}\n", out.dump(1));
    return 0;
  }
  print_laws(a, m);
  if (!losses.empty()) fmt::print("\n{:<10}{:<12}{:>12}{:>14}{:>14}\n", "epsilon", "budget", "amount", "exact loss", "law");
  for (const ModelLoss& l : losses)
    fmt::print("{:<10}{:<12}{:>12.6g}{:>14.6f}{:>14.6f}\n", l.epsilon, l.budget, l.amount, l.exact, l.law);
  if (!a.figure.empty()) fmt::print("\n{}/quantization_model.svg\n", a.figure);
  return 0;
}

}  // namespace

void add_scaling_model(CLI::App& scaling, int& exit_code) {
  auto* verb = scaling.add_subcommand("model", "the quantization model with expressivity: exact losses and Theorem 4's laws");
  verb->footer(
      "example: separatrix scaling model --alpha 0.28 --epsilon 0,0.25 --reduction 3,1.5 --N 100,1e6 --D 1e6 --figure scaling\n"
      "--figure writes the paper's Figure 11 for these numbers (it prints none of its own): inexpressible tasks that bring less, "
      "cost\n"
      "more, and both.");
  auto a = std::make_shared<ModelArguments>();
  verb->add_option("--alpha", a->alpha, "task k is as frequent as k^-(alpha+1)")->capture_default_str();
  verb->add_option("--epsilon", a->epsilons, "shares of inexpressible tasks")->delimiter(',')->capture_default_str();
  verb->add_option("--unlearned", a->unlearned, "L0: loss in nats on a token whose task is not learned")->capture_default_str();
  verb->add_option("--reduction", a->reduction, "Delta, Delta': what learning a task takes off, in nats")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--parameters", a->parameters, "C, C': parameters of a task")->delimiter(',')->capture_default_str();
  verb->add_option("--tokens", a->tokens, "T, T': tokens about a task that teach it")->delimiter(',')->capture_default_str();
  verb->add_option("--N", a->N, "losses with these parameters, and tokens enough")->check(above_0())->delimiter(',');
  verb->add_option("--D", a->D, "losses with these tokens, and parameters enough")->check(above_0())->delimiter(',');
  verb->add_option("--figure", a->figure, "folder for quantization_model.svg, .png, .pdf, .gp and .csv");
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a, &exit_code] { exit_code = show_model(*a); });
}

}  // namespace separatrix
