// Constructions as checkpoints: float tensors like any trained model; the numbers that a float cannot hold stand as strings in
// the metadata, key "exact": {"<tensor>": {"<index>": "1/2r2"}}.
#pragma once
#include "constructions/construction.h"
#include "experiments/harness/checkpoint.h"

namespace separatrix {

void save_built_model(const std::string& path, const BuiltModel& model);

/// The exact weights of a checkpoint: every float is a rational number, and an exact string refines the float it rounds to.
/// Where string and tensor disagree the tensor counts, and a note says so.
struct ExactModel {
  BuiltModel model;
  std::vector<std::string> notes;
};
ExactModel exact_model(const LoadedModel& model);

}  // namespace separatrix
