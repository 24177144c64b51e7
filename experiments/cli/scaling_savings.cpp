// separatrix scaling savings [FIT.json]: tokens, parameters and compute that one law needs less than another.
// separatrix scaling published: the paper's derived numbers, computed again from its printed coefficients.
#include <cmath>

#include "experiments/cli/number_check.h"
#include "experiments/cli/scaling.h"
#include "experiments/cli/scaling_laws.h"
#include "experiments/harness/output.h"
#include "experiments/scaling/law_curves.h"
#include "experiments/scaling/published_scaling.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

struct SavingsArguments {
  LawsArguments from;
  SavingsAt at{0, {}, {1e11, 3e11, 1e12, 3e12}, {}};
  CLI::Option* loss_given = nullptr;
  std::string figure;
};

Json to_json(const Saving& s) {
  return {{"resource", s.resource},
          {"arch", s.arch},
          {"at", s.at},
          {"loss", s.loss},
          {"reference", finite_or_null(s.reference)},
          {"needed", finite_or_null(s.needed)},
          {"factor", finite_or_null(s.factor())},
          {"factors", to_json(s.factors)}};
}

void print_saving(const Saving& s, const std::string& reference) {
  const std::string at = s.resource == "tokens" ? "N" : s.resource == "parameters" ? "D" : "C";
  const auto amount = [](double x) { return std::isfinite(x) ? fmt::format("{:.4g}", x) : std::string("out of reach"); };
  fmt::print("{:<12}{:<11} {} = {:<10.4g}loss {:<9.4g}{} {:<14}{} {}", s.resource, s.arch, at, s.at, s.loss, reference,
             amount(s.reference), s.arch, amount(s.needed));
  if (std::isfinite(s.factor()))
    fmt::print("   factor {:.3f}", s.factor());
  else if (s.factors)
    fmt::print("   factor out of reach");
  fmt::print("{}\n", to_text(s.factors, "{:.2f}"));
}

int show_savings(SavingsArguments a) {
  const std::vector<NamedLaw> laws = a.from.laws();
  if (a.loss_given->count() == 0) {
    if (!a.from.file.empty()) fail("--target-loss is missing: the loss to be reached, for instance the least that was measured");
    a.at.target_loss = printed_target_loss();
  }
  if (a.at.parameters.empty()) a.at.parameters = printed_at("tokens");
  if (a.at.flops.empty()) a.at.flops = printed_at("optimal_loss");
  check_output_folder("--figure", a.figure);
  Json out = {{"savings", Json::array()}};
  for (const Saving& s : savings(laws, a.from.reference, a.at)) {
    out["savings"].push_back(to_json(s));
    if (!a.from.json) print_saving(s, a.from.reference);
  }
  if (!a.figure.empty()) {
    draw(savings_figure(laws, a.from.reference, a.at), a.figure);
    if (!a.from.json) fmt::print("{}/scaling_savings.svg\n", a.figure);
  }
  if (a.from.json) fmt::print("{}\n", out.dump(1));
  return 0;
}

const char* verdict(const Recomputed& r) {
  return r.same() ? "same" : r.possible() ? "within rounding" : "impossible";
}

int show_published(bool json) {
  Json out = {{"numbers", Json::array()}};
  std::int64_t same = 0, impossible = 0, count = 0;
  if (!json)
    fmt::print("{:<12}{:<12}{:<20}{:>8}{:>10}{:>12}   {:<20}\n", "source", "arch", "quantity", "at", "printed", "recomputed",
               "range by rounding");
  for (const Recomputed& r : recompute_published()) {
    const PrintedNumber& p = *r.printed;
    ++count, same += r.same(), impossible += !r.possible();
    out["numbers"].push_back({{"source", p.source},
                              {"arch", p.arch},
                              {"quantity", p.quantity},
                              {"at", p.at},
                              {"printed", p.value()},
                              {"recomputed", r.value},
                              {"low", r.range.low},
                              {"high", r.range.high},
                              {"verdict", verdict(r)}});
    if (!json)
      fmt::print("{:<12}{:<12}{:<20}{:>8.3g}{:>10}{:>12.4g}   {:<20}{}\n", p.source, p.arch, p.quantity, p.at, p.text,
                 r.value / p.times, fmt::format("{:.4g} to {:.4g}", r.range.low / p.times, r.range.high / p.times), verdict(r));
  }
  if (json)
    fmt::print("{}\n", out.dump(1));
  else
    fmt::print("{} numbers: {} the same, {} others within what rounded coefficients allow, {} impossible\n", count, same,
               count - same - impossible, impossible);
  return impossible > 0 ? 1 : 0;
}

}  // namespace

void add_scaling_savings(CLI::App& scaling, int& exit_code) {
  auto* verb = scaling.add_subcommand("savings", "what one law needs less than another: tokens, parameters, compute");
  verb->footer(
      "example: separatrix scaling savings --published fixed --parameters 7e9,70e9\n"
      "A factor is the reference's need divided by the other's; in brackets 95 % of the bootstrap's laws, where FIT.json has "
      "them.\n"
      "Without FIT.json the laws are the paper's, and so are the target loss and the amounts to compare at.");
  auto a = std::make_shared<SavingsArguments>();
  a->from.add_to(*verb);
  a->loss_given = verb->add_option("--target-loss", a->at.target_loss, "loss to be reached, in nats")->check(above_0());
  verb->add_option("--parameters", a->at.parameters, "compare tokens at these parameters")->check(above_0())->delimiter(',');
  verb->add_option("--tokens", a->at.tokens, "compare parameters at these tokens")
      ->check(above_0())
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--flops", a->at.flops, "compare compute at what the reference reaches with these FLOPs")
      ->check(above_0())
      ->delimiter(',');
  verb->add_option("--figure", a->figure, "folder for scaling_savings.svg, .png, .pdf and .gp: tokens and parameters saved");
  verb->callback([a, &exit_code] { exit_code = show_savings(*a); });
}

void add_scaling_published(CLI::App& scaling, int& exit_code) {
  auto* verb = scaling.add_subcommand("published", "the paper's derived numbers, computed again from its printed coefficients");
  verb->footer(
      "example: separatrix scaling published\n"
      "The range is what coefficients give that round to the printed ones. Exit code 1 when a number is outside.");
  auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "print JSON");
  verb->callback([json, &exit_code] { exit_code = show_published(*json); });
}

}  // namespace separatrix
