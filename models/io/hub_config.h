// A Spec as the config.json of other programs, and back.
//   olmo_hybrid   transformers, OlmoHybridForCausalLM: delta-rule blocks with norms before, attention with norms after; both kinds
//   fla           flash-linear-attention, GatedDeltaNetForCausalLM: delta-rule blocks only
//   olmo2         transformers, Olmo2ForCausalLM: attention blocks only
#pragma once
#include <optional>
#include <string>

#include "models/spec.h"

namespace separatrix {

enum class HubFormat { olmo_hybrid, fla, olmo2 };

const char* hub_format_name(HubFormat format);
/// The format of a name; Error naming the nearest.
HubFormat parse_hub_format(const std::string& word);

/// config.json of a model whose head is (tied) or is not the embedding.  Throws Error with the reason when the format cannot
/// express the spec.
std::string write_hub_config(const Spec& spec, HubFormat format, bool tied);

/// The factor on the residual stream with which `format` computes what the spec does.  fla has one eps for all norms, that of the
/// output norm: RMSNorm(c x; c^2 eps) = RMSNorm(x; eps), so c = sqrt(output_norm_eps / norm_eps).  Elsewhere 1.
double hub_stream_scale(const Spec& spec, HubFormat format);

struct HubConfig {
  HubFormat format;
  Spec spec;
  std::optional<bool> tied;              // whether the head is the embedding, where the file says so
  std::vector<std::string> passed_over;  // keys of the file that neither were read nor are known to change nothing
};
/// Reads config.json; what our layers cannot do is an Error naming the key.
HubConfig read_hub_config(const std::string& path);

}  // namespace separatrix
