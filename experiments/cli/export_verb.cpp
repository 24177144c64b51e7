// separatrix export CHECKPOINT --format F --out DIR: a checkpoint as transformers or flash-linear-attention open it.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "experiments/cli/number_check.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/output.h"
#include "models/io/hub_folder.h"

namespace separatrix {
namespace {

struct ExportArguments {
  std::string checkpoint, format, out;
  std::uint64_t shard_megabytes = 5000;
};

int export_checkpoint(const ExportArguments& a) {
  const HubFormat format = parse_hub_format(a.format);
  check_output_folder("--out", a.out);
  const LoadedModel model = load_model(a.checkpoint);
  check_finite(model);
  std::error_code error;
  if (std::filesystem::equivalent(a.out + "/model.safetensors", model.path, error))
    fail("--out {}: that is the checkpoint to be exported, and would be overwritten; give another folder", a.out);
  write_hub_folder(a.out, format, model.spec, model.weights, to_metadata(model.origin), a.shard_megabytes * 1'000'000);
  fmt::print("{}: {} weights as {}\n", a.out, model.weights.values().size(), a.format);
  if (const double scale = hub_stream_scale(model.spec, format); scale != 1)
    fmt::print("the residual stream is carried times {:.6g}: {} has one eps for all norms\n", scale, a.format);
  return 0;
}

}  // namespace

void add_export_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("export", "a checkpoint as transformers or flash-linear-attention open it");
  verb->footer(
      "example: separatrix export runs/one --format olmo_hybrid --out runs/one_hf\n"
      "olmo_hybrid: delta rule and attention; fla: delta rule only; olmo2: attention only.");
  auto a = std::make_shared<ExportArguments>();
  verb->add_option("checkpoint", a->checkpoint, "a run's folder or a model.safetensors")->required();
  verb->add_option("--format", a->format, "olmo_hybrid | fla | olmo2")->required();
  verb->add_option("--out", a->out, "folder for config.json and safetensors")->required();
  verb->add_option("--shard-megabytes", a->shard_megabytes, "largest file; more are written with an index")
      ->check(number_that("1 to 1,000,000,000", "above 0", [](double x) { return x >= 1 && x <= 1e9; }))
      ->capture_default_str();
  verb->callback([a, &exit_code] { exit_code = export_checkpoint(*a); });
}

}  // namespace separatrix
