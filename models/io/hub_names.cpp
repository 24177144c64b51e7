#include "models/io/hub_names.h"

namespace separatrix {
namespace {

struct Renaming {
  const char *ours, *theirs;
};
constexpr Renaming kFla[] = {{"model.embed_tokens.", "model.embeddings."},
                             {".input_layernorm.", ".attn_norm."},
                             {".post_attention_layernorm.", ".mlp_norm."},
                             {".linear_attn.", ".attn."}};
constexpr Renaming kSavedOlmoHybrid[] = {{".input_layernorm.", ".attention_layer_norm."},
                                         {".post_attention_layernorm.", ".feedforward_layer_norm."}};

template <std::size_t n>
std::string renamed(std::string name, const Renaming (&list)[n]) {
  for (const Renaming& r : list)
    if (const std::size_t at = name.find(r.ours); at != std::string::npos) name.replace(at, std::string(r.ours).size(), r.theirs);
  return name;
}

}  // namespace

std::vector<std::string> hub_names(const std::string& name, HubFormat format) {
  if (format == HubFormat::fla) return {renamed(name, kFla)};
  if (format == HubFormat::olmo2) return {name};
  return {name, renamed(name, kSavedOlmoHybrid)};
}

}  // namespace separatrix
