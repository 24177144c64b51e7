// separatrix verify [STATEMENT...]: checks constructions and statements.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/cli/verbs.h"
#include "experiments/harness/built_model.h"
#include "experiments/harness/machine.h"
#include "experiments/harness/output.h"
#include "models/io/whole_file.h"
#include "proofs/check_all.h"
#include "proofs/errata.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

struct VerifyArguments {
  std::vector<std::string> names;
  std::string checkpoint, readme, errata;
  bool list = false, json = false, deep = false;
  int threads = 0;
};

bool names_all(const VerifyArguments& a) {
  return a.names.empty() || a.names == std::vector<std::string>{"all"};
}

/// The named statements; all of them when none is named; with a checkpoint, only those about a model of its task.
std::vector<const Claim*> chosen(const VerifyArguments& a, const BuiltModel* model) {
  std::vector<const Claim*> out;
  const bool all = names_all(a);
  for (const std::string& name : a.names)
    if (!all) out.push_back(&find_claim(name));
  for (const Claim* claim : out)
    if (model && !claim->construction.empty() && built_task(*claim) != model->task)
      fail("{} is about models for {}, but {} is for {}", claim->name, built_task(*claim), a.checkpoint, model->task);
  if (!all) return out;
  for (const Claim& claim : claims()) {
    const bool about_it = !model || (!claim.construction.empty() && built_task(claim) == model->task);
    if (about_it) out.push_back(&claim);
  }
  if (out.empty()) fail("{}: no statement is about the task '{}'", a.checkpoint, model->task);
  return out;
}

/// Whether the deep check runs: a checkpoint has one only where that of its statement is about a model.
bool runs_deep(const Claim& claim, Depth depth, const BuiltModel* model) {
  if (depth != Depth::deep) return false;
  return model ? std::holds_alternative<CheckModel>(claim.deep) : claim.deep.index() != 0;
}

/// What was covered.
const std::string& extent(const Claim& claim, bool deep) {
  return deep ? claim.deep_extent : claim.extent;
}

/// A statement that is named is not checked over fewer cases than were asked for.
void refuse_no_deep_extent(const VerifyArguments& a) {
  if (!a.deep || a.checkpoint.empty() || names_all(a)) return;
  for (const std::string& name : a.names)
    if (std::holds_alternative<CheckIdentity>(find_claim(name).deep))
      fail("{}: its larger extent is not about a model, so --checkpoint has none; leave out --deep, or --checkpoint", name);
}

/// Before minutes are spent: whether what is to be written describes all statements, and can be written.
void check_documents(const VerifyArguments& a) {
  if (!(a.readme + a.errata).empty() && (!a.checkpoint.empty() || a.deep || !names_all(a)))
    fail(
        "--write-readme and --write-errata describe all statements at their usual extent: give no name, no checkpoint and no "
        "--deep");
  check_output_file("--write-readme", a.readme);
  check_output_file("--write-errata", a.errata);
}

Json to_json(const Claim& claim, bool deep, const Outcome& o, double seconds) {
  Json heads = Json::array();
  for (const HeadGap& h : o.heads)
    heads.push_back(
        {{"layer", h.layer}, {"head", h.head}, {"queries", h.queries}, {"tie_deviation", h.deviation}, {"score_gap", h.gap}});
  Json out = {{"name", claim.name},
              {"holds", o.holds()},
              {"strength", strength_name(claim.strength)},
              {"cases", o.cases},
              {"failures", o.failures},
              {"seconds", seconds},
              {"statement", claim.statement},
              {"source", claim.source},
              {"extent", extent(claim, deep)},
              {"detail", o.detail}};
  if (!heads.empty()) out["heads"] = heads;
  return out;
}

int list_claims(const VerifyArguments& a) {
  Json list = Json::array();
  for (const Claim* claim : chosen(a, nullptr)) {
    const bool deep = claim->deep.index() != 0;
    list.push_back({{"name", claim->name},
                    {"strength", strength_name(claim->strength)},
                    {"statement", claim->statement},
                    {"source", claim->source},
                    {"extent", claim->extent}});
    if (deep) list.back()["deep_extent"] = claim->deep_extent;
    if (!a.json)
      fmt::print("{}\n  {}\n  from: {}\n  {}: {}{}\n", claim->name, claim->statement, claim->source, strength_name(claim->strength),
                 claim->extent, deep ? "; --deep: " + claim->deep_extent : "");
  }
  if (a.json) fmt::print("{}\n", Json{{"statements", list}}.dump(1));
  return 0;
}

int verify(const VerifyArguments& a) {
  if (a.list) return list_claims(a);
  check_documents(a);
  refuse_no_deep_extent(a);
  std::optional<BuiltModel> model;
  if (!a.checkpoint.empty()) {
    ExactModel exact = exact_model(load_model(a.checkpoint));
    for (const std::string& note : exact.notes) fmt::print(stderr, "{}: {}\n", a.checkpoint, note);
    model = std::move(exact.model);
  }
  const BuiltModel* given = model ? &*model : nullptr;
  const Depth depth = a.deep ? Depth::deep : Depth::usual;
  Json statements = Json::array();
  std::vector<CheckedClaim> checked;
  bool all_hold = true;
  const auto report = [&](const Claim& claim, const Outcome& o, double seconds) {
    all_hold = all_hold && o.holds();
    const bool deep = runs_deep(claim, depth, given);
    statements.push_back(to_json(claim, deep, o, seconds));
    checked.push_back({&claim, o});
    // JSON comes whole at the end; what takes minutes says meanwhile how far it is.
    if (std::FILE* to = !a.json ? stdout : a.deep ? stderr : nullptr)
      fmt::print(to, "{:<7}{:<57}{:<11}{:>8} cases {:>6.2f} s  {}{}\n", o.holds() ? "holds" : "FAILS", claim.name,
                 strength_name(claim.strength), o.cases, seconds, o.detail, a.deep && !deep ? " (the usual extent)" : "");
    std::fflush(stdout);
  };
  check_all(chosen(a, given), given, depth, use_threads(a.threads), report);
  if (a.json) fmt::print("{}\n", Json{{"statements", statements}}.dump(1));
  if (!a.readme.empty()) write_whole(a.readme, proofs_readme(checked));
  if (!a.errata.empty()) write_whole(a.errata, errata(checked));
  return all_hold ? 0 : 1;
}

}  // namespace

void add_verify_verb(CLI::App& app, int& exit_code) {
  auto* verb =
      app.add_subcommand("verify", "check the statements of the theory, in exact numbers unless a statement says otherwise");
  verb->footer("example: separatrix verify swaps_all_lengths lazy_walk");
  auto a = std::make_shared<VerifyArguments>();
  verb->add_option("statements", a->names, "which; `all` or none: every one");
  verb->add_option("--checkpoint", a->checkpoint, "check the weights of this checkpoint instead of the construction's own");
  verb->add_option("--write-readme", a->readme, "write the table of all statements to this file");
  verb->add_option("--write-errata", a->errata, "write what was found about the paper to this file");
  verb->add_flag("--list", a->list, "the statements, without a check");
  verb->add_flag("--deep", a->deep, "the larger extents, where a statement has one (an hour on two cores)");
  verb->add_option("--threads", a->threads, "statements checked at a time; 0 = as many as there are cores");
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a, &exit_code] { exit_code = verify(*a); });
}

}  // namespace separatrix
