// Spec -> config.json, and the reasons why a format refuses a spec.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "models/io/hub_config.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNames[] = {"olmo_hybrid", "fla", "olmo2"};
constexpr double kOlmoOutputEps = 1e-5;  // written into OlmoHybrid's code, not into its config

/// Throws when a property that the format needs does not hold.
class Demands {
 public:
  explicit Demands(HubFormat format) : format_(format) {}
  void at(std::size_t block) { where_ = fmt::format("block {}: ", block); }
  void operator()(bool holds, const char* wanted) const {
    if (!holds) fail("{} cannot express this model: {}wanted {}", hub_format_name(format_), where_, wanted);
  }

 private:
  HubFormat format_;
  std::string where_;
};

void check_delta_rule(const Demands& need, const Block& block, const GatedDeltaRule& g, HubFormat format) {
  need(block.norm == NormPlace::pre, "norms before a delta rule and its MLP");
  need(g.gates == Gates::sigmoid && g.write == Write::beta, "gates = sigmoid and write = beta (Definition 1 is another layer)");
  need(g.keys == Keys::unit && g.scale_query, "unit keys and a scaled query");
  need(g.erase, "a delta rule that erases (gated linear attention is another layer)");
  need(g.silu, "SiLU after the convolutions");
  need(g.output_norm, "an output norm");
  need(g.key_heads >= 1 && g.value_heads % g.key_heads == 0, "value heads that are a multiple of the key heads");
  if (format == HubFormat::fla) return;
  need(g.output_gate, "an output gate");
  need(g.conv > 0, "short convolutions");
  need(g.output_norm_eps == kOlmoOutputEps, "an output norm with eps 1e-5");
}

void check_attention(const Demands& need, const Block& block, const Attention& a, HubFormat format) {
  need(block.norm == NormPlace::post, "norms after attention and its MLP (attention_norm = post)");
  need(a.score == Score::softmax, "softmax attention");
  need(a.qk_norm == QkNorm::full, "q and k normed over the full projection (qk_norm = full)");
  if (format == HubFormat::olmo2) need(a.position == Position::rope, "rotary positions");
}

/// The delta rule and the attention of the model, equal in all blocks of their kind.
struct Kinds {
  std::optional<GatedDeltaRule> delta;
  std::optional<Attention> attention;
};

Kinds check_blocks(const Spec& spec, HubFormat format) {
  Demands need(format);
  Kinds kinds;
  need(!spec.blocks.empty(), "at least one block");
  for (std::size_t i = 0; i < spec.blocks.size(); ++i) {
    const Block& block = spec.blocks[i];
    need.at(i);
    std::visit(
        Overloaded{[&](const GatedDeltaRule& g) {
                     need(format != HubFormat::olmo2, "attention (a hybrid goes out as olmo_hybrid, a pure delta rule as fla)");
                     check_delta_rule(need, block, g, format);
                     need(!kinds.delta || *kinds.delta == g, "the same settings as in the other delta rules");
                     kinds.delta = g;
                   },
                   [&](const Attention& a) {
                     need(format != HubFormat::fla, "a delta rule (a hybrid goes out as olmo_hybrid, a pure transformer as olmo2)");
                     check_attention(need, block, a, format);
                     need(!kinds.attention || *kinds.attention == a, "the same settings as in the other attention layers");
                     kinds.attention = a;
                   },
                   [&](const auto&) { need(false, "gated delta rules and attention"); }},
        block.mixer);
    need(block.more_mlps.empty() && block.mlp.hidden > 0 && block.mlp.activation == Activation::swiglu, "one SwiGLU MLP");
    need(block.mlp.hidden == spec.blocks[0].mlp.hidden, "an MLP as wide as the others");
  }
  return kinds;
}

void check_whole(const Spec& spec, HubFormat format, const Kinds& kinds) {
  const Demands need(format);
  need(spec.learned_positions == 0, "no learned positions");
  need(spec.final_norm, "a norm before the head");
  need(spec.norm_eps > 0, "norm_eps above 0");
  if (format == HubFormat::olmo_hybrid)
    need(kinds.delta && kinds.attention, "a delta rule and an attention layer (one kind alone goes out as fla or olmo2)");
}

/// What every format calls the same.
Json common(const Spec& spec, bool tied) {
  return {{"vocab_size", spec.vocab},
          {"hidden_size", spec.width},
          {"intermediate_size", spec.blocks[0].mlp.hidden},
          {"num_hidden_layers", spec.blocks.size()},
          {"max_position_embeddings", 65536},
          {"initializer_range", 0.02},
          {"tie_word_embeddings", tied},
          {"pad_token_id", nullptr},
          {"bos_token_id", nullptr},
          {"eos_token_id", nullptr},
          {"use_cache", true},
          {"dtype", "float32"}};
}

Json attention_keys(const Spec& spec, const Attention& a) {
  Json rope = {{"rope_theta", nullptr}};  // no positions
  if (a.position == Position::rope) rope = {{"rope_theta", a.rope_theta}, {"rope_type", "default"}};
  Json json = {{"num_attention_heads", a.heads}, {"num_key_value_heads", a.heads}, {"attention_bias", false},
               {"attention_dropout", 0.0},       {"rms_norm_eps", spec.norm_eps},  {"hidden_act", "silu"},
               {"rope_parameters", rope}};
  if (a.heads * a.head_dim != spec.width) json["head_dim"] = a.head_dim;
  return json;
}

Json olmo_hybrid_keys(const Spec& spec, const GatedDeltaRule& g) {
  Json types = Json::array();
  for (const Block& block : spec.blocks)
    types.push_back(std::holds_alternative<Attention>(block.mixer) ? "full_attention" : "linear_attention");
  return {{"layer_types", types},
          {"linear_num_key_heads", g.key_heads},
          {"linear_num_value_heads", g.value_heads},
          {"linear_key_head_dim", g.key_dim},
          {"linear_value_head_dim", g.value_dim},
          {"linear_conv_kernel_dim", g.conv},
          {"linear_allow_neg_eigval", g.neg_eigval}};
}

/// expand_v with which int(key_dim * expand_v) is value_dim.
double expand_v(const GatedDeltaRule& g) {
  double ratio = static_cast<double>(g.value_dim) / g.key_dim;
  while (g.key_dim * ratio < g.value_dim) ratio = std::nextafter(ratio, 2 * ratio);
  return ratio;
}

Json fla_keys(const GatedDeltaRule& g) {
  Json json = {{"attn_mode", "chunk"},
               {"attn", nullptr},
               {"head_dim", g.key_dim},
               {"num_heads", g.key_heads},
               {"num_v_heads", g.value_heads},
               {"expand_v", expand_v(g)},
               {"use_gate", g.output_gate},
               {"use_short_conv", g.conv > 0},
               {"allow_neg_eigval", g.neg_eigval},
               {"norm_eps", g.output_norm_eps},
               {"hidden_act", "swish"}};
  if (g.conv > 0) json["conv_size"] = g.conv;
  return json;
}

}  // namespace

const char* hub_format_name(HubFormat format) {
  return kNames[static_cast<int>(format)];
}

HubFormat parse_hub_format(const std::string& word) {
  const std::vector<std::string> known(std::begin(kNames), std::end(kNames));
  const auto found = std::find(known.begin(), known.end(), word);
  if (found == known.end())
    fail("unknown format '{}'; did you mean '{}'? ({})", word, nearest(word, known), fmt::join(known, ", "));
  return static_cast<HubFormat>(found - known.begin());
}

std::string write_hub_config(const Spec& spec, HubFormat format, bool tied) {
  const Kinds kinds = check_blocks(spec, format);
  check_whole(spec, format, kinds);
  const bool fla = format == HubFormat::fla, hybrid = format == HubFormat::olmo_hybrid;
  Json json = {{"architectures",
                {fla      ? "GatedDeltaNetForCausalLM"
                 : hybrid ? "OlmoHybridForCausalLM"
                          : "Olmo2ForCausalLM"}},
               {"model_type", fla ? "gated_deltanet" : hub_format_name(format)}};
  json.update(common(spec, tied));
  if (kinds.attention) json.update(attention_keys(spec, *kinds.attention));
  if (hybrid) json.update(olmo_hybrid_keys(spec, *kinds.delta));
  if (fla) json.update(fla_keys(*kinds.delta));
  return json.dump(2) + "\n";
}

double hub_stream_scale(const Spec& spec, HubFormat format) {
  if (format != HubFormat::fla) return 1;
  return std::sqrt(std::get<GatedDeltaRule>(spec.blocks.at(0).mixer).output_norm_eps / spec.norm_eps);
}

}  // namespace separatrix
