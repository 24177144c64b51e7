// A checkpoint folder as transformers and flash-linear-attention read and write it: config.json and safetensors, in one file or
// in shards with an index.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "models/io/hub_config.h"
#include "models/weights.h"

namespace separatrix {

struct HubModel {
  HubFormat format;
  Spec spec;
  Weights<float> weights;
  std::map<std::string, std::string> metadata;  // of the first safetensors file
  std::vector<std::string> passed_over;         // HubConfig::passed_over
};

/// Reads a folder, F32 or BF16; a tied head is copied.  A tensor that is missing, of another shape, or not part of the model is an
/// Error naming it.  Files are mapped: the memory needed is that of the weights in float.
HubModel read_hub_folder(const std::string& folder);

/// Writes a folder in F32, under the names that files on the hub have; a head equal to the embedding is written as tied.  Files
/// hold at most `shard_bytes`, or one tensor.  Throws Error with the reason when the format cannot express the spec, and when the
/// folder holds other safetensors that a reader would take instead.
void write_hub_folder(const std::string& folder, HubFormat format, const Spec& spec, const Weights<float>& weights,
                      const std::map<std::string, std::string>& metadata, std::uint64_t shard_bytes = 5'000'000'000);

}  // namespace separatrix
