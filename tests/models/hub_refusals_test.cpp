// What can be neither exported nor imported is refused in one line.
#include <nlohmann/json.hpp>

#include "models/io/safetensors.h"
#include "models/io/whole_file.h"
#include "tests/models/hub_support.h"

using namespace separatrix;
using namespace separatrix::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

TEST_CASE("a spec that a format cannot express is refused with the reason") {
  const auto refusal = [](const Spec& spec, HubFormat format) {
    const Scratch folder;
    const std::string message = error_of([&] { write_hub_folder(folder / "out", format, spec, Weights<float>(spec), {}); });
    CHECK(!fs::exists(folder / "out"));
    CHECK(message.find('\n') == std::string::npos);
    return message;
  };
  CHECK_THAT(refusal(small("GG"), HubFormat::olmo_hybrid), Contains("goes out as fla"));
  CHECK_THAT(refusal(small("AA"), HubFormat::olmo_hybrid), Contains("fla or olmo2"));
  CHECK_THAT(refusal(small("GA"), HubFormat::fla), Contains("block 1: wanted a delta rule"));
  CHECK_THAT(refusal(small("GA"), HubFormat::olmo2), Contains("block 0: wanted attention"));
  CHECK_THAT(refusal(small("AA", "none"), HubFormat::olmo2), Contains("rotary positions"));
  using Change = void (*)(Spec&);
  const std::vector<std::pair<Change, std::string>> changes = {
      {[](Spec& s) { s.learned_positions = 4; }, "no learned positions"},
      {[](Spec& s) { s.final_norm = false; }, "a norm before the head"},
      {[](Spec& s) { s.blocks[0].norm = NormPlace::post; }, "norms before a delta rule"},
      {[](Spec& s) { s.blocks[1].norm = NormPlace::pre; }, "norms after attention"},
      {[](Spec& s) { s.blocks[0].mlp.activation = Activation::relu; }, "one SwiGLU MLP"},
      {[](Spec& s) { s.blocks[1].mlp.hidden = 11; }, "as wide as the others"},
      {[](Spec& s) { std::get<Attention>(s.blocks[1].mixer).qk_norm = QkNorm::head; }, "qk_norm = full"},
      {[](Spec& s) { std::get<Attention>(s.blocks[1].mixer).score = Score::leftmost; }, "softmax"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[0].mixer).write = Write::plain; }, "Definition 1"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[0].mixer).keys = Keys::as_given; }, "unit keys"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[0].mixer).conv = 0; }, "short convolutions"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[0].mixer).silu = false; }, "SiLU"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[0].mixer).erase = false; }, "a delta rule that erases"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[0].mixer).output_gate = false; }, "output gate"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[0].mixer).output_norm_eps = 1e-6; }, "eps 1e-5"},
      {[](Spec& s) { std::get<GatedDeltaRule>(s.blocks[2].mixer).neg_eigval = false; }, "block 2: wanted the same settings"},
  };
  for (const auto& [change, reason] : changes) {
    Spec spec = small("GAG");
    change(spec);
    CHECK_THAT(refusal(spec, HubFormat::olmo_hybrid), Contains(reason));
  }
}

TEST_CASE("a folder that cannot be imported is refused in one line that names the key or the tensor") {
  using Json = nlohmann::json;
  const auto refusal = [](const std::string& key, const Json& value) {
    const Scratch folder;
    fs::copy(fixture("hybrid_nope"), folder / "in");
    Json config = read_json(folder / "in/config.json");
    if (value == "erase")
      config.erase(key);
    else
      config[key] = value;
    write_whole(folder / "in/config.json", config.dump());
    const std::string message = error_of([&] { read_hub_folder(folder / "in"); });
    CHECK(message.find('\n') == std::string::npos);
    return message;
  };
  CHECK_THAT(refusal("model_type", "llama"), Contains("olmo_hybrid, gated_deltanet and olmo2"));
  CHECK_THAT(refusal("hidden_size", "erase"), Contains("'hidden_size' is missing"));
  CHECK_THAT(refusal("hidden_size", 33), Contains("divisor of hidden_size"));
  CHECK_THAT(refusal("intermediate_size", 41), Contains("mlp.gate_proj.weight") && Contains("[40, 32]"));
  CHECK_THAT(refusal("vocab_size", -1), Contains("wanted 1 to 2^24"));
  CHECK_THAT(refusal("hidden_act", "gelu"), Contains("only silu"));
  CHECK_THAT(refusal("attention_bias", true), Contains("only false"));
  CHECK_THAT(refusal("num_key_value_heads", 1), Contains("as many as num_attention_heads"));
  CHECK_THAT(refusal("rope_parameters", "erase"), Contains("null for no positions"));
  CHECK_THAT(refusal("rope_parameters", {{"rope_theta", 1e4}, {"rope_type", "yarn"}}), Contains("rope_type default"));
  CHECK_THAT(refusal("rope_parameters", {{"rope_theta", 1e4}, {"partial_rotary_factor", 0.5}}),
             Contains("partial_rotary_factor 1"));
  CHECK_THAT(refusal("hidden_size", 1 << 24), Contains("[29, 32], config.json wants [29, 16777216]"));
  CHECK_THAT(refusal("rope_scaling", {{"factor", 2}}), Contains("'rope_scaling'"));
  CHECK_THAT(refusal("layer_types", {"linear_attention", "sliding_attention"}), Contains("linear_attention and full_attention"));
  CHECK_THAT(refusal("layer_types", {"linear_attention"}), Contains("one per layer"));
  CHECK_THAT(refusal("linear_num_value_heads", 3), Contains("multiple of 2 key heads"));
  CHECK_THAT(refusal("num_attention_heads", "two"), Contains("wanted 1 to 2^24"));
  CHECK_THAT(refusal("num_hidden_layers", 1), Contains("layer_types"));
  CHECK_THAT(refusal("layer_types", {"linear_attention", "linear_attention"}), Contains("no tensor 'model.layers.1."));
}

TEST_CASE("a folder with missing, foreign or doubled tensors or without safetensors is refused") {
  const Scratch folder;
  const std::string in = folder / "in", weights = in + "/model.safetensors";
  fs::copy(fixture("hybrid_nope"), in);
  const Safetensors good = read_safetensors(weights);
  const auto refusal = [&](const Safetensors& file) {
    write_safetensors(weights, file);
    return error_of([&] { read_hub_folder(in); });
  };
  Safetensors bad = good;
  bad.tensors.erase("model.norm.weight");
  CHECK_THAT(refusal(bad), Contains("no tensor 'model.norm.weight'"));
  bad = good;
  bad.tensors["model.layers.0.input_layernorm.weight"] = good.at("model.layers.0.attention_layer_norm.weight");
  CHECK_THAT(refusal(bad), Contains("attention_layer_norm") && Contains("not part of the model"));
  bad = good;
  bad.tensors["model.norm.weight"] = Tensor::of<std::int32_t>({32}, std::vector<std::int32_t>(32));
  CHECK_THAT(refusal(bad), Contains("dtype I32"));
  fs::remove(weights);
  CHECK_THAT(error_of([&] { read_hub_folder(in); }), Contains("only safetensors can be imported"));
  write_whole(in + "/model.safetensors.index.json", R"({"weight_map": {"model.norm.weight": "../secret"}})");
  CHECK_THAT(error_of([&] { read_hub_folder(in); }), Contains("not a file of this folder"));
  CHECK_THAT(error_of([&] { read_hub_folder(folder / "nowhere"); }), Contains("config.json"));

  const Spec spec = small("GA");
  write_hub_folder(folder / "out", HubFormat::olmo_hybrid, spec, random_weights(spec), {});
  write_hub_folder(folder / "out", HubFormat::olmo_hybrid, spec, random_weights(spec), {});  // again, over itself
  CHECK_THAT(error_of([&] { write_hub_folder(folder / "out", HubFormat::olmo_hybrid, spec, random_weights(spec), {}, 700); }),
             Contains("already holds model.safetensors"));
}
