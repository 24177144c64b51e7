// separatrix import DIR --out DIR: a checkpoint of transformers or flash-linear-attention as one of ours.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "experiments/cli/verbs.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/run_directory.h"
#include "models/io/hub_folder.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;

struct ImportArguments {
  std::string folder, out;
};

int import_checkpoint(const ImportArguments& a) {
  std::error_code error;
  if (fs::exists(a.out) && fs::equivalent(a.folder, a.out, error))
    fail("--out {}: that is the checkpoint to be imported, and would be overwritten; give another folder", a.out);
  check_checkpoint_folder(a.out);
  const HubModel model = read_hub_folder(a.folder);
  make_checkpoint_folder(a.out);
  const std::string path = a.out + "/model.safetensors";
  save_model(path, model.spec, model.weights, origin_from(model.metadata, a.folder));
  fmt::print("{}: {} weights from {}, {} blocks\n", path, model.weights.values().size(), hub_format_name(model.format),
             model.spec.blocks.size());
  if (!model.passed_over.empty())
    fmt::print("{}/config.json: not understood and passed over: {}\n", a.folder, fmt::join(model.passed_over, ", "));
  return 0;
}

}  // namespace

void add_import_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("import", "a checkpoint of transformers or flash-linear-attention as one of ours");
  verb->footer(
      "example: separatrix import Olmo-Hybrid-7B --out runs/olmo\n"
      "Read are config.json (olmo_hybrid, gated_deltanet, olmo2) and safetensors in F32 or BF16, in one file or in shards.");
  auto a = std::make_shared<ImportArguments>();
  verb->add_option("folder", a->folder, "a folder with config.json and safetensors")->required();
  verb->add_option("--out", a->out, "folder of the checkpoint")->required();
  verb->callback([a, &exit_code] { exit_code = import_checkpoint(*a); });
}

}  // namespace separatrix
