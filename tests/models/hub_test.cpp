// Checkpoints of other programs.  tests/models/hub/ holds what transformers saved and computed (models/io/interop/compare.py);
// fla/ what flash-linear-attention's recurrence gives (compare_fla.py).
#include <nlohmann/json.hpp>

#include "kernels/decoder.h"
#include "models/instances.h"
#include "models/io/safetensors.h"
#include "models/io/whole_file.h"
#include "tests/models/hub_support.h"

using namespace separatrix;
using namespace separatrix::testing;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kTransformers = {"hybrid_nope", "hybrid_rope_tied", "transformer"};
constexpr double kBar = 1e-4;  // what fp32 must reach

struct Expected {
  Safetensors file;
  int sequences, length;
  std::vector<std::int32_t> tokens, generated;
  explicit Expected(const std::string& name) : file(read_safetensors(fixture(name) + "/expected.safetensors")) {
    sequences = static_cast<int>(file.at("tokens").shape[0]), length = static_cast<int>(file.at("tokens").shape[1]);
    tokens = file.at("tokens").values<std::int32_t>();
    if (file.tensors.count("generated")) generated = file.at("generated").values<std::int32_t>();
  }
  Batch whole() const { return {sequences, length, tokens, tokens, std::vector<std::uint8_t>(tokens.size(), 1)}; }
  /// Every token predicts the next.
  Batch next_token() const {
    Batch batch{sequences, length - 1, {}, {}, {}};
    for (int b = 0; b < sequences; ++b)
      for (int t = 0; t + 1 < length; ++t) {
        batch.tokens.push_back(tokens[b * length + t]);
        batch.targets.push_back(tokens[b * length + t + 1]);
        batch.mask.push_back(1);
      }
    return batch;
  }
};

/// The largest difference, relative to the largest of `truth` when `relative`.
template <class A, class B>
double difference(const A& x, const B& truth, bool relative) {
  REQUIRE(x.size() == truth.size());
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (!std::isfinite(x[i])) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, std::abs(double(x[i]) - truth[i])), largest = std::max(largest, std::abs(double(truth[i])));
  }
  return relative ? worst / largest : worst;
}

void check_gradients(const HubModel& model, const Expected& expected, Device device) {
  Weights<float> gradient(model.spec);
  const double loss =
      make_executor(model.spec, device, Precision::fp32)->loss_and_gradient(model.weights, expected.next_token(), gradient);
  CHECK(std::abs(loss - std::stod(expected.file.metadata.at("loss"))) <= kBar);
  const bool tied = !expected.file.tensors.count("gradient.lm_head.weight");
  if (tied)  // one matrix there, two here
    for (std::size_t i = 0; i < gradient["lm_head.weight"].size(); ++i)
      gradient["model.embed_tokens.weight"][i] += gradient["lm_head.weight"][i];
  for (const Parameter& p : gradient.layout()) {
    if (tied && p.name == "lm_head.weight") continue;
    INFO(p.name);
    CHECK(difference(gradient[p.name], expected.file.at("gradient." + p.name).values<float>(), true) <= kBar);
  }
}

}  // namespace

TEST_CASE("a checkpoint that transformers or flash-linear-attention saved has its logits and gradients on every device") {
  for (const std::string name : {"hybrid_nope", "hybrid_rope_tied", "transformer", "fla"})
    for (const Device device : {Device::cpu, Device::reference}) {
      INFO(name << " on " << (device == Device::cpu ? "cpu" : "reference"));
      const HubModel model = read_hub_folder(fixture(name));
      const Expected expected(name);
      const Matrix<float> logits = make_executor(model.spec, device, Precision::fp32)->logits(model.weights, expected.whole());
      CHECK(difference(logits.values(), expected.file.at("logits").values<float>(), false) <= kBar);
      check_gradients(model, expected, device);
    }
}

TEST_CASE("greedy decoding with state gives the tokens that transformers generates with its cache") {
  for (const std::string& name : kTransformers)
    for (const Device device : {Device::cpu, Device::reference}) {
      const HubModel model = read_hub_folder(fixture(name));
      const Expected expected(name);
      const int count = static_cast<int>(expected.generated.size()) / expected.sequences;
      for (int b = 0; b < expected.sequences; ++b) {
        const auto decoder = make_decoder(model.spec, model.weights, device);
        std::vector<float> logits;
        for (int t = 0; t < 5; ++t) logits = decoder->step(expected.tokens[b * expected.length + t]);
        for (int i = 0; i < count; ++i) {
          const int best = static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
          CHECK(best == expected.generated[b * count + i]);
          logits = decoder->step(best);
        }
      }
    }
}

TEST_CASE("export and import give back the model bit by bit, in one file and in shards") {
  for (const auto& [spec, format] : {std::pair{small("GAG", "none"), HubFormat::olmo_hybrid},
                                     {small("AG"), HubFormat::olmo_hybrid},
                                     {small("AA"), HubFormat::olmo2}})
    for (const std::uint64_t shard : {std::uint64_t{1} << 30, std::uint64_t{700}})
      for (const bool tied : {false, true}) {
        const Scratch folder;
        Weights<float> weights = random_weights(spec);
        if (tied) std::ranges::copy(weights["model.embed_tokens.weight"], weights["lm_head.weight"].begin());
        write_hub_folder(folder / "out", format, spec, weights, {{"task", "recall"}}, shard);
        CHECK(fs::exists(folder / "out/model.safetensors.index.json") == (shard == 700));
        CHECK(read_json(folder / "out/config.json")["tie_word_embeddings"] == tied);
        const HubModel back = read_hub_folder(folder / "out");
        CHECK(back.format == format);
        CHECK(back.spec == spec);
        CHECK(back.weights.values() == weights.values());
        CHECK(back.metadata.at("task") == "recall");
      }
}

TEST_CASE("exported files have the names that files on the hub have") {
  const Scratch folder;
  const Spec hybrid = small("GA"), pure = small("G");
  write_hub_folder(folder / "olmo", HubFormat::olmo_hybrid, hybrid, random_weights(hybrid), {});
  const MappedSafetensors olmo(folder / "olmo/model.safetensors");
  for (const char* name : {"model.layers.0.input_layernorm.weight", "model.layers.0.post_attention_layernorm.weight",
                           "model.layers.0.linear_attn.q_conv1d.weight", "model.layers.0.linear_attn.o_norm.weight",
                           "model.layers.0.linear_attn.A_log", "model.layers.1.post_attention_layernorm.weight",
                           "model.layers.1.post_feedforward_layernorm.weight", "model.layers.1.self_attn.q_norm.weight",
                           "model.norm.weight", "lm_head.weight"})
    CHECK(olmo.tensors().count(name) == 1);
  CHECK(olmo.tensors().size() == 18 + 11 + 3);  // as in the 7B: 24 * 18 + 8 * 11 + 3 = 523
  write_hub_folder(folder / "fla", HubFormat::fla, pure, random_weights(pure), {});
  const MappedSafetensors fla(folder / "fla/model.safetensors");
  for (const char* name : {"model.embeddings.weight", "model.layers.0.attn_norm.weight", "model.layers.0.mlp_norm.weight",
                           "model.layers.0.attn.q_conv1d.weight", "model.layers.0.attn.b_proj.weight"})
    CHECK(fla.tensors().count(name) == 1);
}

TEST_CASE("a pure delta rule goes out with one eps for all norms and computes the same") {
  const Spec spec = small("GG");
  const Weights<float> weights = random_weights(spec);
  const Scratch folder;
  write_hub_folder(folder / "fla", HubFormat::fla, spec, weights, {});
  const HubModel back = read_hub_folder(folder / "fla");
  CHECK(back.spec.norm_eps == 1e-5);
  CHECK(std::get<GatedDeltaRule>(back.spec.blocks[0].mixer).output_norm_eps == 1e-5);
  Weights<double> exact(spec);
  std::copy(weights.values().begin(), weights.values().end(), exact.values().begin());
  const std::vector<int> tokens = {1, 5, 5, 0, 8, 2};
  const Matrix<double> truth = logits(Model<double>(spec, exact), tokens);
  const Matrix<float> plain = logits(Model<float>(spec, weights), tokens),
                      after = logits(Model<float>(back.spec, back.weights), tokens);
  CHECK(yardstick(after.values(), plain.values(), truth.values()) <= yardstick_limit);

  Spec same = back.spec;  // with one eps already, nothing is scaled
  write_hub_folder(folder / "again", HubFormat::fla, same, back.weights, {});
  CHECK(read_hub_folder(folder / "again").weights.values() == back.weights.values());
}

TEST_CASE("an export that fails half way leaves the older one, and no file of its own") {
  const Scratch folder;
  const Spec spec = small("GA");
  const Weights<float> weights = random_weights(spec);
  write_hub_folder(folder / "out", HubFormat::olmo_hybrid, spec, weights, {}, 700);
  fs::remove(folder / "out/config.json");
  fs::create_directories(folder / "out/config.json/in_the_way");  // the last file cannot take its place
  CHECK_THROWS_AS(write_hub_folder(folder / "out", HubFormat::olmo_hybrid, spec, weights, {}, 700), Error);
  for (const auto& entry : fs::directory_iterator(folder / "out")) CHECK(!entry.path().filename().string().starts_with(".part"));
  CHECK_THROWS_AS(write_hub_folder(folder / "new", HubFormat::olmo_hybrid, spec, weights, {{"\xff", "not UTF-8"}}), Error);
  CHECK(!fs::exists(folder / "new"));
}

TEST_CASE("bfloat16 tensors are widened exactly") {
  const std::vector<std::uint16_t> bits = {0x3f80, 0xc000, 0x0001, 0x7f7f, 0x8000};  // 1, -2, smallest, largest, -0
  const TensorView tensor{DType::BF16, {5}, {reinterpret_cast<const char*>(bits.data()), 10}};
  std::vector<float> values(5);
  tensor.copy_to(values);
  CHECK(values == std::vector<float>{1, -2, std::ldexp(1.0f, -133), std::ldexp(255.0f, 120), -0.0f});
  CHECK(std::signbit(values[4]));
  CHECK_THROWS_AS(tensor.copy_to(std::span(values).first(4)), Error);
}
