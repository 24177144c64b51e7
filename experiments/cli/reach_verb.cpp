// separatrix reach [CONSTRUCTION...] [--out DIR]: how far each construction is right in each arithmetic.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/cli/number_check.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/output.h"
#include "experiments/harness/reach.h"
#include "experiments/report/limits_table.h"
#include "experiments/report/reach_table.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

struct ReachArguments {
  std::vector<std::string> names;
  std::string out = "report";
  ReachOptions options;
  bool json = false;
};

std::string reach_text(const Reach& r) {
  if (!r.refused.empty()) return "does not run: " + r.refused;
  if (r.right_up_to == 0 && r.wrong_at == 0) return "not tried: even the smallest difficulty takes more work (--work)";
  if (r.right_up_to == 0) return fmt::format("wrong at {} already", r.wrong_at);
  return r.wrong_at == 0 ? fmt::format("right up to {}, as far as tried", r.right_up_to)
                         : fmt::format("right up to {}, wrong at {}", r.right_up_to, r.wrong_at);
}

int reach(const ReachArguments& a) {
  if (a.options.samples < 1) fail("--samples must be at least 1, not {}", a.options.samples);
  std::vector<const Construction*> chosen;
  for (const std::string& name : a.names) chosen.push_back(&find_construction(name));
  if (chosen.empty())
    for (const Construction& c : constructions()) chosen.push_back(&c);
  make_output_folder("--out", a.out + "/constructions");
  for (const char* file : {"/reach.csv", "/limits.csv"}) check_output_file("--out", a.out + file);
  std::vector<Reach> rows;
  auto json = nlohmann::ordered_json::array();
  for (const Construction* c : chosen)
    for (const Reach& r : measure_reach(*c, std::filesystem::path(a.out) / "constructions", a.options)) {
      rows.push_back(r);
      json.push_back({{"construction", r.construction},
                      {"numbers", r.numbers},
                      {"device", r.device},
                      {"right_up_to", r.right_up_to},
                      {"wrong_at", r.wrong_at},
                      {"samples", r.samples},
                      {"refused", r.refused}});
      if (!a.json) fmt::print("{:<37}{:<8}{:<11}{}\n", r.construction, r.numbers, r.device, reach_text(r));
      std::fflush(stdout);
    }
  write_whole(a.out + "/reach.csv", to_csv(rows));
  write_whole(a.out + "/limits.csv", to_csv(measure_limits()));
  if (a.json) fmt::print("{}\n", json.dump(1));
  return 0;
}

}  // namespace

void add_reach_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("reach", "how far each construction is right in each arithmetic");
  verb->footer(
      "example: separatrix reach swaps_in_trained_form --work 20\nWrites DIR/reach.csv and DIR/limits.csv, which `report` shows.");
  auto a = std::make_shared<ReachArguments>();
  verb->add_option("constructions", a->names, "which; all when none is named");
  verb->add_option("--out", a->out, "folder of reach.csv and the checkpoints")->capture_default_str();
  verb->add_option("--samples", a->options.samples, "examples per difficulty")->capture_default_str();
  verb->add_option("--work", a->options.work, "how far to go: about this many seconds per construction and arithmetic")
      ->check(above_0())
      ->capture_default_str();
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a, &exit_code] { exit_code = reach(*a); });
}

}  // namespace separatrix
