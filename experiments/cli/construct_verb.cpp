// separatrix construct NAME --out DIR: hand-built weights as a checkpoint like any other.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/cli/number_check.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/built_model.h"
#include "experiments/harness/run_directory.h"

namespace separatrix {
namespace {

struct ConstructArguments {
  std::string name, out;
  int n = 0;
  bool list = false, json = false;
};

using Json = nlohmann::ordered_json;

int list_constructions(bool json) {
  Json list = Json::array();
  for (const Construction& c : constructions())
    list.push_back({{"name", c.name},
                    {"statement", c.statement},
                    {"source", c.source},
                    {"numbers", c.field},
                    {"n_means", c.n_means},
                    {"default_n", c.default_n}});
  if (json) {
    fmt::print("{}\n", Json{{"constructions", list}}.dump(1));
    return 0;
  }
  for (const Construction& c : constructions())
    fmt::print("{}\n  {}\n  from: {}\n  numbers: {}; n: {} (default {})\n", c.name, c.statement, c.source, c.field, c.n_means,
               c.default_n);
  return 0;
}

int construct(const ConstructArguments& a) {
  if (a.list) return list_constructions(a.json);
  if (a.name.empty()) fail("construct wants a name; --list shows them");
  const Construction& c = find_construction(a.name);
  if (a.out.empty()) fail("construct {} wants --out DIR, the folder of the checkpoint", a.name);
  check_checkpoint_folder(a.out);
  const BuiltModel model = c.build(a.n > 0 ? a.n : c.default_n);
  make_checkpoint_folder(a.out);
  const std::string path = a.out + "/model.safetensors";
  save_built_model(path, model);
  if (a.json)
    fmt::print(
        "{}\n",
        Json{{"checkpoint", path}, {"weights", model.weights.values().size()}, {"numbers", c.field}, {"task", model.task}}.dump(1));
  else
    fmt::print("{}: {} weights over {}, for the task {}\n", path, model.weights.values().size(), c.field, model.task);
  return 0;
}

}  // namespace

void add_construct_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("construct", "hand-built weights as a checkpoint");
  verb->footer(
      "example: separatrix construct swaps_by_delta_rule --out runs/swaps && separatrix eval runs/swaps --difficulty 64 --numbers "
      "root2");
  auto a = std::make_shared<ConstructArguments>();
  verb->add_option("name", a->name, "the construction");
  verb->add_option("--n", a->n, "its size; what n counts is in --list")->check(above_0());
  verb->add_option("--out", a->out, "folder of the checkpoint");
  verb->add_flag("--list", a->list, "all constructions");
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a, &exit_code] { exit_code = construct(*a); });
}

}  // namespace separatrix
