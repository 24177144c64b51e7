// separatrix spec: a model in numbers, before a step is trained: parameters, state, operations, and the shape of every tensor.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/cli/verbs.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/config.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

struct SpecArguments {
  std::string model;
  std::vector<std::string> sets;
  int length = 256;
  bool json = false, tensors = false;
};

/// A config (*.toml) or a checkpoint.
Spec read_spec(const SpecArguments& a) {
  if (!a.model.ends_with(".toml")) {
    if (!a.sets.empty()) fail("--set changes a config, not a checkpoint; give the .toml file instead of {}", a.model);
    return load_model(a.model).spec;
  }
  const RunConfig config = load_config(a.model, a.sets);
  return model_spec(config, *training_task(config));
}

int show_spec(const SpecArguments& a) {
  if (a.length < 1) fail("--length must be at least 1, not {}", a.length);
  const Spec spec = read_spec(a);
  Json out;
  out["spec_hash"] = spec_hash(spec);
  out["parameters"] = parameter_count(spec);
  out["state_size"] = state_size(spec, a.length);
  out["forward_flops_per_token"] = forward_flops_per_token(spec, a.length);
  out["length"] = a.length;
  if (a.json) {
    out["spec"] = Json::parse(to_text(spec));
    for (const Parameter& p : layout(spec)) out["tensors"][p.name] = p.shape;
    fmt::print("{}\n", out.dump(1));
    return 0;
  }
  fmt::print("spec               {}\n", spec_hash(spec));
  fmt::print("parameters         {}\n", parameter_count(spec));
  fmt::print("state              {} numbers after {} tokens (states, convolution tails, key-value cache)\n",
             state_size(spec, a.length), a.length);
  fmt::print("forward            {:.0f} floating-point operations a token at length {}\n", forward_flops_per_token(spec, a.length),
             a.length);
  if (a.tensors)
    for (const Parameter& p : layout(spec)) fmt::print("  {:<52} ({})\n", p.name, fmt::join(p.shape, ", "));
  return 0;
}

}  // namespace

void add_spec_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("spec", "parameters, state size and operations of a model");
  verb->footer("example: separatrix spec experiments/paper/model.toml --set model.preset=hybrid --tensors");
  auto a = std::make_shared<SpecArguments>();
  verb->add_option("model", a->model, "a config (.toml), or a checkpoint")->required();
  verb->add_option("--set", a->sets, "override a key: model.pattern=GAGA")->take_all()->allow_extra_args(false);
  verb->add_option("--length", a->length, "tokens of context");
  verb->add_flag("--tensors", a->tensors, "also the name and shape of every tensor");
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a, &exit_code] { exit_code = show_spec(*a); });
}

}  // namespace separatrix
