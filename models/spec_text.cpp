// The text form of a Spec: JSON with every setting, read back strictly.
#include <cstdint>
#include <nlohmann/json.hpp>

#include "models/io/json_reason.h"
#include "models/spec.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

template <class E>
struct Words;  // the words of an enum, in the order of its values
template <>
struct Words<Gates> {
  static constexpr const char* all[] = {"direct", "sigmoid"};
};
template <>
struct Words<Keys> {
  static constexpr const char* all[] = {"as_given", "unit"};
};
template <>
struct Words<Write> {
  static constexpr const char* all[] = {"plain", "beta"};
};
template <>
struct Words<Score> {
  static constexpr const char* all[] = {"softmax", "average_hard", "leftmost", "rightmost"};
};
template <>
struct Words<HardKeys> {
  static constexpr const char* all[] = {"as_given", "unit"};
};
template <>
struct Words<Position> {
  static constexpr const char* all[] = {"none", "rope"};
};
template <>
struct Words<QkNorm> {
  static constexpr const char* all[] = {"none", "head", "full"};
};
template <>
struct Words<NormPlace> {
  static constexpr const char* all[] = {"none", "pre", "post", "groups"};
};
template <>
struct Words<Activation> {
  static constexpr const char* all[] = {"swiglu", "relu"};
};

template <class E>
E parse_word(const std::string& key, const std::string& word) {
  std::vector<std::string> known(std::begin(Words<E>::all), std::end(Words<E>::all));
  for (std::size_t i = 0; i < known.size(); ++i)
    if (known[i] == word) return static_cast<E>(i);
  fail("spec: {} = '{}' is not known; did you mean '{}'?", key, word, nearest(word, known));
}

/// Visits the settings of a layer by name, either writing them to JSON or reading them from it.
struct Writer {
  Json& json;
  template <class V>
  void operator()(const char* key, V& value) {
    if constexpr (std::is_enum_v<V>)
      json[key] = Words<V>::all[static_cast<int>(value)];
    else
      json[key] = value;
  }
  /// A setting that came later: written where it is not the usual one, so that other specs keep their text and their hash.
  template <class V>
  void later(const char* key, V& value, V usual) {
    if (value != usual) json[key] = value;
  }
};

struct Reader {
  const Json& json;
  std::vector<std::string> known;
  template <class V>
  void operator()(const char* key, V& value) {
    known.push_back(key);
    if (!json.contains(key)) fail("spec: '{}' is missing", key);
    if constexpr (std::is_enum_v<V>)
      value = parse_word<V>(key, json[key].get<std::string>());
    else
      value = json[key].get<V>();
  }
  template <class V>
  void later(const char* key, V& value, V usual) {
    known.push_back(key);
    value = json.contains(key) ? json[key].get<V>() : usual;
  }
  /// Every key of the JSON object must have been asked for.
  void done() const {
    for (const auto& [key, value] : json.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail("spec: unknown key '{}'; did you mean '{}'?", key, nearest(key, known));
  }
};

template <class V>
void visit_fields(V&& f, GatedDeltaRule& g) {
  f("key_heads", g.key_heads), f("value_heads", g.value_heads), f("key_dim", g.key_dim), f("value_dim", g.value_dim);
  f("conv", g.conv), f("silu", g.silu), f("gates", g.gates), f("keys", g.keys), f("write", g.write), f("neg_eigval", g.neg_eigval);
  f("scale_query", g.scale_query), f("output_norm", g.output_norm), f("output_gate", g.output_gate);
  f.later("output_norm_eps", g.output_norm_eps, 1e-5);
  f.later("erase", g.erase, true);
}
template <class V>
void visit_fields(V&& f, Attention& a) {
  f("heads", a.heads), f("head_dim", a.head_dim), f("score", a.score), f("hard_keys", a.hard_keys), f("position", a.position);
  f("rope_theta", a.rope_theta), f("qk_norm", a.qk_norm);
}
template <class V>
void visit_fields(V&& f, Mlp& m) {
  f("hidden", m.hidden), f("activation", m.activation);
}

/// Groups as [[first, size], ...].  Written where there are any, so that other specs keep their text and their hash.
void write_groups(Json& json, const std::vector<NormGroup>& groups) {
  for (const NormGroup& g : groups) json["groups"].push_back({g.first, g.size});
}

std::vector<NormGroup> read_groups(const Json& json) {
  std::vector<NormGroup> groups;
  if (!json.contains("groups")) return groups;
  for (const Json& g : json["groups"]) {
    if (!g.is_array() || g.size() != 2) fail("spec: a group is [first, size], not {}", g.dump());
    groups.push_back({g[0].get<int>(), g[1].get<int>()});
  }
  return groups;
}

Json write_mlp(Mlp mlp) {
  Json json;
  visit_fields(Writer{json}, mlp);
  write_groups(json, mlp.groups);
  return json;
}

Json write_block(const Block& block) {
  Json json;
  Block copy = block;
  std::visit(
      [&](auto& mixer) {
        json["mixer"] = mixer.name;
        Json settings;
        visit_fields(Writer{settings}, mixer);
        json["settings"] = settings;
      },
      copy.mixer);
  json["mlp"] = write_mlp(block.mlp);
  json["norm"] = Words<NormPlace>::all[static_cast<int>(block.norm)];
  write_groups(json, block.groups);
  for (const Mlp& mlp : block.more_mlps) json["more_mlps"].push_back(write_mlp(mlp));
  return json;
}

template <class L>
L read_layer(const Json& json) {
  L layer;
  Reader reader{json, {}};
  visit_fields(reader, layer);
  reader.done();
  return layer;
}

/// The mixer of this name, one of the variant's from the i-th on.
template <std::size_t i = 0>
Mixer read_mixer(const std::string& name, const Json& settings, std::vector<std::string> others = {}) {
  if constexpr (i == std::variant_size_v<Mixer>) {
    fail("spec: unknown mixer '{}'; did you mean '{}'?", name, nearest(name, others));
  } else {
    using M = std::variant_alternative_t<i, Mixer>;
    if (name == M::name) return read_layer<M>(settings);
    others.push_back(M::name);
    return read_mixer<i + 1>(name, settings, std::move(others));
  }
}

Mlp read_mlp(const Json& json) {
  Mlp mlp;
  Reader reader{json, {"groups"}};
  visit_fields(reader, mlp);
  reader.done();
  mlp.groups = read_groups(json);
  return mlp;
}

Block read_block(const Json& json) {
  Block block;
  Reader{json, {"mixer", "settings", "mlp", "norm", "groups", "more_mlps"}}.done();
  block.mixer = read_mixer(json.at("mixer").get<std::string>(), json.at("settings"));
  block.mlp = read_mlp(json.at("mlp"));
  block.norm = parse_word<NormPlace>("norm", json.at("norm").get<std::string>());
  block.groups = read_groups(json);
  if (json.contains("more_mlps"))
    for (const Json& mlp : json["more_mlps"]) block.more_mlps.push_back(read_mlp(mlp));
  return block;
}

}  // namespace

std::string to_text(const Spec& spec) {
  Json json;
  json["vocab"] = spec.vocab;
  json["width"] = spec.width;
  json["learned_positions"] = spec.learned_positions;
  json["final_norm"] = spec.final_norm;
  json["norm_eps"] = spec.norm_eps;
  json["blocks"] = Json::array();
  for (const Block& block : spec.blocks) json["blocks"].push_back(write_block(block));
  return json.dump();
}

Spec parse_spec(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Spec spec;
    Reader reader{json, {"blocks"}};
    reader("vocab", spec.vocab), reader("width", spec.width), reader("learned_positions", spec.learned_positions);
    reader("final_norm", spec.final_norm), reader("norm_eps", spec.norm_eps);
    reader.done();
    for (const Json& block : json.at("blocks")) spec.blocks.push_back(read_block(block));
    return spec;
  } catch (const Json::exception& error) {
    fail("spec: not a valid spec text: {}", json_reason(error));
  }
}

std::string spec_hash(const Spec& spec) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const char c : to_text(spec)) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return fmt::format("{:016x}", hash);
}

}  // namespace separatrix
