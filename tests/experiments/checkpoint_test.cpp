#include "experiments/harness/checkpoint.h"

#include "experiments/harness/initialise.h"
#include "models/io/safetensors.h"
#include "scratch.h"
#include "tests/catch.h"

using namespace separatrix;
using Catch::Matchers::Contains;

namespace {

Spec spec_of(const std::string& pattern) {
  ModelOptions o;
  o.pattern = pattern;
  o.width = 8;
  o.heads = 1;
  o.head_dim = 4;
  o.hidden = 8;
  return make_spec(o, 7);
}

TrainingState state_of(const Spec& spec) {
  TrainingState s(initial_weights(spec, ModelConfig{}, 4));
  for (std::size_t i = 0; i < s.moments.first.size(); ++i) {
    s.moments.first[i] = 1.0f / static_cast<float>(i + 3);
    s.moments.second[i] = 1e-30f * static_cast<float>(i);
  }
  s.step = 12345678901;
  s.tokens = 77;
  s.seconds = 0.1;
  s.curriculum = {2, 500, true, {{8, 100}, {16, 400}}, {{32, 900}}};
  s.platform = {"cpu", "bf16", "avx512", 2, "abc"};
  s.notes = {"a note"};
  return s;
}

}  // namespace

TEST_CASE("the state of training comes back bit by bit") {
  const Scratch folder;
  const Spec spec = spec_of("GA");
  const TrainingState a = state_of(spec);
  save_training(folder / "t.safetensors", spec, a);
  const TrainingState b = load_training(folder / "t.safetensors", spec);
  CHECK(a.weights.values() == b.weights.values());
  CHECK(a.moments.first == b.moments.first);
  CHECK(a.moments.second == b.moments.second);
  CHECK(a.step == b.step);
  CHECK(a.tokens == b.tokens);
  CHECK(a.seconds == b.seconds);
  CHECK(a.curriculum == b.curriculum);
  CHECK(a.platform == b.platform);
  CHECK(a.notes == b.notes);
}

TEST_CASE("a model comes back with its spec, task, options and vocabulary, from its file or its folder") {
  const Scratch folder;
  const Spec spec = spec_of("AG");
  const Weights<float> weights = initial_weights(spec, ModelConfig{}, 4);
  save_model(folder / "model.safetensors", spec, weights, {"recall", {{"numbers", "64"}}, {"\n", "\"", "a"}, 20, 9});
  for (const std::string& path : {folder / "model.safetensors", folder / ""}) {
    const LoadedModel model = load_model(path);
    CHECK(model.spec == spec);
    CHECK(model.weights.values() == weights.values());
    CHECK(model.origin.task == "recall");
    CHECK(model.origin.options == TaskOptions{{"numbers", "64"}});
    CHECK(model.origin.vocabulary == std::vector<std::string>{"\n", "\"", "a"});
    CHECK(model.origin.step == 20);
    CHECK(model.origin.seed == 9);
  }
}

TEST_CASE("a checkpoint that is truncated, of another model, or not ours is refused") {
  const Scratch folder;
  const Spec spec = spec_of("GA");
  const std::string path = folder / "t.safetensors";
  save_training(path, spec, state_of(spec));
  CHECK_THAT(error_of([&] { load_training(path, spec_of("AA")); }), Contains("a checkpoint of another model"));
  const std::string bytes = read_whole(path);
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{9}, std::size_t{3}, std::size_t{0}}) {
    write_whole(path, bytes.substr(0, size));
    const std::string message = error_of([&] { load_training(path, spec); });
    CHECK_THAT(message, Contains("t.safetensors"));
    CHECK(message.find('\n') == std::string::npos);
  }
  TrainingState damaged = state_of(spec);
  damaged.moments.second.back() = NAN;
  save_training(path, spec, damaged);
  CHECK_THAT(error_of([&] { load_training(path, spec); }), Contains("'second_moment' holds nan, wanted finite numbers"));
  CHECK_THAT(error_of([&] { load_model(folder / "none"); }), Contains("none"));

  save_model(path, spec, initial_weights(spec, ModelConfig{}, 4), {});
  Safetensors file = read_safetensors(path);
  file.tensors.erase("lm_head.weight");
  write_safetensors(path, file);
  CHECK_THAT(error_of([&] { load_model(path); }), Contains("lm_head.weight"));
  file.metadata["spec"] = to_text(spec_of("AA"));
  write_safetensors(path, file);
  CHECK_THAT(error_of([&] { load_model(path); }), Contains("hash"));
  file.metadata.clear();
  write_safetensors(path, file);
  CHECK_THAT(error_of([&] { load_model(path); }), Contains("no 'spec'"));
}
