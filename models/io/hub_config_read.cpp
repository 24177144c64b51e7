// config.json -> Spec.  Keys that say how to train or to generate are passed over; a key that would change what a layer computes
// is read, and refused where our layers cannot follow.  Keys that are neither are named to the user.
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "models/io/hub_config.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

using Json = nlohmann::json;

class Config {
 public:
  explicit Config(const std::string& path) : path_(path), json_(Json::parse(read_whole(path), nullptr, false)) {
    if (json_.is_discarded()) fail("{}: cut off, or not JSON; wanted the config.json of a model", path);
    if (!json_.is_object()) fail("{}: not a JSON object; wanted the config.json of a model", path);
  }

  bool contains(const char* key) const {
    asked_.insert(key);
    return json_.contains(key);
  }
  /// Null when the key is not there.
  Json raw(const char* key) const { return contains(key) ? json_[key] : Json(); }
  /// Whether the key is there and not null.
  bool has(const char* key) const { return contains(key) && !json_[key].is_null(); }
  const Json& json(const char* key) const {
    if (!has(key)) fail("{}: '{}' is missing", path_, key);
    return json_[key];
  }
  template <class T>
  T get(const char* key) const {
    try {
      return json(key).get<T>();
    } catch (const Json::exception&) {
      fail("{}: '{}' is {}, which is of the wrong kind", path_, key, json_[key].dump());
    }
  }
  template <class T>
  T get(const char* key, const T& otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }
  /// A whole number from 1 to 2^24.
  int size(const char* key) const {
    const Json& value = json(key);
    if (!value.is_number_integer() || value < 1 || value > (1 << 24))
      fail("{}: '{}' is {}, wanted 1 to 2^24", path_, key, value.dump());
    return value.get<int>();
  }
  int size(const char* key, int otherwise) const { return has(key) ? size(key) : otherwise; }
  double positive(const char* key) const {
    const double value = get<double>(key);
    if (!(value > 0) || !std::isfinite(value)) fail("{}: '{}' is {}, wanted a number above 0", path_, key, value);
    return value;
  }
  /// Throws: our layers cannot do what `key` asks for.
  [[noreturn]] void refuse(const char* key, const char* wanted) const {
    fail("{}: '{}' is {}; only {} can be imported", path_, key, json_.contains(key) ? json_[key].dump() : "missing", wanted);
  }
  const std::string& path() const { return path_; }
  /// Keys that nobody asked for and that are not known to change nothing.
  std::vector<std::string> unknown() const;

 private:
  std::string path_;
  Json json_;
  mutable std::set<std::string> asked_;
};

/// Keys that change no logits: initialisation, dropout, training, generation, kernels, and what wrote the file.
const std::set<std::string> kWithoutEffect = {"architectures",
                                              "attention_dropout",
                                              "attn_mode",
                                              "auto_map",
                                              "bos_token_id",
                                              "dtype",
                                              "eos_token_id",
                                              "fuse_cross_entropy",
                                              "fuse_norm",
                                              "fuse_linear_cross_entropy",
                                              "fuse_swiglu",
                                              "initializer_range",
                                              "linear_a_log_max",
                                              "linear_a_log_min",
                                              "linear_dt_init_floor",
                                              "linear_dt_max",
                                              "linear_dt_min",
                                              "max_position_embeddings",
                                              "output_attentions",
                                              "output_hidden_states",
                                              "pad_token_id",
                                              "return_dict",
                                              "torch_dtype",
                                              "transformers_version",
                                              "use_cache",
                                              "use_l2warp",
                                              "_name_or_path",
                                              "fla_version",
                                              "is_encoder_decoder",
                                              "chunk_size_feed_forward",
                                              "id2label",
                                              "label2id",
                                              "problem_type"};

std::vector<std::string> Config::unknown() const {
  std::vector<std::string> names;
  for (const auto& [key, value] : json_.items())
    if (!asked_.count(key) && !kWithoutEffect.count(key)) names.push_back(key);
  return names;
}

void check_activation(const Config& c) {
  const std::string word = c.get<std::string>("hidden_act");
  if (word != "silu" && word != "swish") c.refuse("hidden_act", "silu");
}

/// The rotary base, or nothing: no positions.  `rope_parameters` (transformers 5) or `rope_theta` must say which: what a missing
/// key means has changed between versions of transformers.
std::optional<double> rope_theta(const Config& c) {
  constexpr const char* kWanted = "a rope_theta that is a number above 0, or null for no positions,";
  Json theta = c.raw("rope_theta");
  const char* key = "rope_theta";
  if (const Json rope = c.raw("rope_parameters"); rope.is_object()) {
    key = "rope_parameters";
    if (rope.contains("rope_type") && rope["rope_type"] != "default") c.refuse(key, "rope_type default");
    if (!rope.contains("rope_theta")) c.refuse(key, kWanted);
    if (rope.contains("partial_rotary_factor") && rope["partial_rotary_factor"] != 1) c.refuse(key, "partial_rotary_factor 1");
    theta = rope["rope_theta"];
  } else if (!c.contains("rope_theta")) {
    c.refuse("rope_parameters", kWanted);
  }
  if (c.has("rope_scaling")) c.refuse("rope_scaling", "null");
  if (theta.is_null()) return std::nullopt;
  if (!theta.is_number() || !(theta > 0)) c.refuse(key, kWanted);
  return theta.get<double>();
}

Attention attention(const Config& c, int width) {
  Attention a;
  a.heads = c.size("num_attention_heads");
  if (c.size("num_key_value_heads", a.heads) != a.heads) c.refuse("num_key_value_heads", "as many as num_attention_heads");
  if (!c.has("head_dim") && width % a.heads != 0) c.refuse("num_attention_heads", "a divisor of hidden_size");
  a.head_dim = c.size("head_dim", width / a.heads);
  if (c.get("attention_bias", false)) c.refuse("attention_bias", "false");
  if (c.has("sliding_window")) c.refuse("sliding_window", "null");
  const std::optional<double> theta = rope_theta(c);
  a.position = theta ? Position::rope : Position::none;
  if (theta) a.rope_theta = *theta;
  if (theta && a.head_dim % 2 != 0) c.refuse("head_dim", "an even head_dim with rotary positions");
  return a;
}

void check_heads(const Config& c, const GatedDeltaRule& g) {
  if (g.value_heads % g.key_heads != 0)
    fail("{}: {} value heads are no multiple of {} key heads", c.path(), g.value_heads, g.key_heads);
}

/// As OlmoHybridConfig fills in what is not given.
GatedDeltaRule olmo_delta_rule(const Config& c, int width) {
  GatedDeltaRule g;
  const int heads = c.size("num_attention_heads");
  g.key_heads = c.size("linear_num_key_heads", heads);
  g.value_heads = c.size("linear_num_value_heads", heads);
  check_heads(c, g);
  g.key_dim = c.size("linear_key_head_dim", static_cast<int>(0.75 * width / g.key_heads));
  g.value_dim = c.size("linear_value_head_dim", 2 * g.key_dim);
  g.conv = c.size("linear_conv_kernel_dim", 4);
  g.neg_eigval = c.get("linear_allow_neg_eigval", true);
  return g;
}

GatedDeltaRule fla_delta_rule(const Config& c) {
  GatedDeltaRule g;
  g.key_heads = c.size("num_heads");
  g.value_heads = c.size("num_v_heads", g.key_heads);
  check_heads(c, g);
  g.key_dim = c.size("head_dim");
  const double value_dim = g.key_dim * c.get("expand_v", 2.0);
  g.value_dim = static_cast<int>(value_dim);
  if (!(value_dim >= 1 && std::abs(value_dim - g.value_dim) <= 1e-5 * value_dim)) c.refuse("expand_v", "a whole value dimension");
  const int taps = c.size("conv_size", 4);
  g.conv = c.get("use_short_conv", true) ? taps : 0;
  g.neg_eigval = c.get("allow_neg_eigval", false);
  g.output_gate = c.get("use_gate", true);
  g.output_norm_eps = c.positive("norm_eps");
  return g;
}

/// As FLA's GatedMLP chooses it when the config does not: two thirds of hidden_ratio times the width, rounded up to 256.
int fla_hidden(const Config& c, int width) {
  const int wide = static_cast<int>(width * c.get("hidden_ratio", 4.0) * 2 / 3);
  return c.size("intermediate_size", (wide + 255) / 256 * 256);
}

/// The number of equal blocks; more than anybody has would only fill memory.
std::size_t layers(const Config& c) {
  const int count = c.size("num_hidden_layers");
  if (count > 1 << 16) c.refuse("num_hidden_layers", "up to 65536 layers");
  return static_cast<std::size_t>(count);
}

void read_olmo_hybrid(const Config& c, Spec& spec) {
  const Mlp mlp{c.size("intermediate_size"), Activation::swiglu};
  spec.norm_eps = c.positive("rms_norm_eps");
  const auto types = c.get<std::vector<std::string>>("layer_types");
  if (static_cast<int>(types.size()) != c.size("num_hidden_layers")) c.refuse("layer_types", "one per layer");
  for (const std::string& type : types) {
    if (type == "linear_attention")
      spec.blocks.push_back({olmo_delta_rule(c, spec.width), mlp, NormPlace::pre});
    else if (type == "full_attention")
      spec.blocks.push_back({attention(c, spec.width), mlp, NormPlace::post});
    else
      c.refuse("layer_types", "linear_attention and full_attention");
  }
}

void read_olmo2(const Config& c, Spec& spec) {
  spec.norm_eps = c.positive("rms_norm_eps");
  const Attention a = attention(c, spec.width);
  if (a.position == Position::none) c.refuse("rope_parameters", "a rotary base, which Olmo2 always has,");
  const Block block{a, {c.size("intermediate_size"), Activation::swiglu}, NormPlace::post};
  spec.blocks.assign(layers(c), block);
  for (const std::string& type : c.get("layer_types", std::vector<std::string>()))
    if (type != "full_attention") c.refuse("layer_types", "full_attention");
}

void read_fla(const Config& c, Spec& spec) {
  if (c.has("attn")) c.refuse("attn", "null (delta-rule blocks only)");
  if (c.has("attnres_block_size")) c.refuse("attnres_block_size", "null");
  if (c.get<std::string>("output_gate_activation", "swish") != "swish") c.refuse("output_gate_activation", "swish");
  spec.norm_eps = c.positive("norm_eps");
  const Block block{fla_delta_rule(c), {fla_hidden(c, spec.width), Activation::swiglu}, NormPlace::pre};
  spec.blocks.assign(layers(c), block);
}

}  // namespace

HubConfig read_hub_config(const std::string& path) {
  const Config c(path);
  const std::string type = c.get<std::string>("model_type");
  if (type != "olmo_hybrid" && type != "gated_deltanet" && type != "olmo2")
    fail("{}: unknown model_type '{}'; olmo_hybrid, gated_deltanet and olmo2 can be imported", path, type);
  HubConfig out{HubFormat::olmo_hybrid, {}, std::nullopt, {}};
  out.spec.vocab = c.size("vocab_size");
  out.spec.width = c.size("hidden_size");
  check_activation(c);
  if (c.has("tie_word_embeddings")) out.tied = c.get<bool>("tie_word_embeddings");
  if (type == "olmo_hybrid")
    read_olmo_hybrid(c, out.spec);
  else if (type == "gated_deltanet")
    out.format = HubFormat::fla, read_fla(c, out.spec);
  else
    out.format = HubFormat::olmo2, read_olmo2(c, out.spec);
  out.passed_over = c.unknown();
  return out;
}

}  // namespace separatrix
