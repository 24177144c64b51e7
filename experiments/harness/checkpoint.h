// Checkpoints.  model.safetensors: the weights under HF OlmoHybrid's names, with the spec, the task and its vocabulary in the
// metadata.  training.safetensors: all that a run needs to go on, weights included, so that one atomic rename decides which step
// a killed run stands at; model.safetensors is derived from it.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "experiments/harness/curriculum.h"
#include "experiments/harness/optimiser.h"
#include "models/weights.h"

namespace separatrix {

/// What a run was computed with; a resumed run on anything else goes on and says so.
struct Platform {
  std::string device, precision, isa;
  int threads = 0;
  std::string commit;
  bool operator==(const Platform&) const = default;
};

/// All that changes during training.  The data need no state: example i of step s has index s * batch + i.
struct TrainingState {
  explicit TrainingState(Weights<float> initial) : weights(std::move(initial)) {
    moments.first.assign(weights.values().size(), 0);
    moments.second.assign(weights.values().size(), 0);
  }
  Weights<float> weights;
  Moments moments;
  std::int64_t step = 0, tokens = 0;
  double seconds = 0;
  CurriculumState curriculum;
  Platform platform;
  std::vector<std::string> notes;  // "step 300: resumed on avx2 (was avx512)"
};

void save_training(const std::string& path, const Spec& spec, const TrainingState& state);
/// Throws Error for a truncated file and for a checkpoint of another spec.
TrainingState load_training(const std::string& path, const Spec& spec);

/// The tokens a model speaks, and where they come from.
struct ModelOrigin {
  std::string task;  // empty: not made for a task
  TaskOptions options;
  std::vector<std::string> vocabulary;
  std::int64_t step = 0;
  std::uint64_t seed = 0;
};

/// The metadata that say where a model comes from, and back.
std::map<std::string, std::string> to_metadata(const ModelOrigin& origin);
/// Throws Error, naming `path`, when the metadata cannot be read; keys that are missing leave their part empty.
ModelOrigin origin_from(const std::map<std::string, std::string>& metadata, const std::string& path);

struct LoadedModel {
  Spec spec;
  Weights<float> weights;
  ModelOrigin origin;
  std::map<std::string, std::string> metadata;  // all of the file's
  std::string path;
};

/// `more` is added to the metadata.
void save_model(const std::string& path, const Spec& spec, const Weights<float>& weights, const ModelOrigin& origin,
                const std::map<std::string, std::string>& more = {});
/// `path` is a file or a run directory.  Throws Error when tensors and spec do not agree.
LoadedModel load_model(const std::string& path);
/// Throws Error when a weight is infinite or no number: what such a model says is no answer.
void check_finite(const LoadedModel& model);

}  // namespace separatrix
