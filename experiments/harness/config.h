// The settings of one training run: a strict TOML file, overrides `a.b=c`, and the complete file written back.
// Every key is declared once, in config_keys.h: reading, writing, checking and the documentation come from that list.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "models/spec.h"
#include "tasks/task.h"

namespace separatrix {

struct TaskConfig {
  std::string name;
  int difficulty = -1;  // without a curriculum; -1: not given
  TaskOptions options;  // every other key of [task]; checked by make_task
};

struct ModelConfig {
  std::string preset;    // fills the pattern
  ModelOptions options;  // Table 14 by default
  std::string init = "normal";
  double init_std = 0.02, embed_std = 0.5;
};

/// Defaults: Table 14 and App. C.3 of the paper; HF Trainer's where the paper is silent.
struct TrainConfig {
  std::int64_t steps = 10000;
  double lr = 3e-4;
  std::string schedule = "cosine";
  std::int64_t warmup = 250, cooldown = 0;
  double min_lr_ratio = 0;
  int batch = 32;
  std::uint64_t seed = 1;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0, clip = 1;
  std::string precision = "auto", device = "cpu";
  int threads = 0;
  std::int64_t checkpoint_every = 1000, log_every = 25;
  bool stop_when_solved = false;
};

struct CurriculumConfig {
  std::string kind = "none";
  std::vector<int> levels;
  std::vector<std::int64_t> until;   // milestones: level i ends at step until[i]
  std::vector<std::int64_t> budget;  // threshold: steps a level may take; the last number repeats; 0 = no limit
  double threshold = 0.95;
  std::int64_t check_every = 100;
  int samples = 256;
  std::string holdout = "train";
  double mix = 0;
};

struct EvaluateConfig {
  std::vector<int> difficulties;
  int samples = 256, select_samples = 256;
  std::uint64_t seed = 1;
  TaskOptions task;  // replace task options at evaluation
};

struct RunConfig {
  TaskConfig task;
  ModelConfig model;
  TrainConfig train;
  CurriculumConfig curriculum;
  EvaluateConfig evaluate;
};

/// A documented key: "train.lr", its default as TOML, what is allowed, what it means.
struct ConfigKey {
  std::string name, value, allowed, meaning;
};

/// Where keys stand ("train.lr" -> "sweep.toml:27"), for messages about a text that is not the file they were read from.
using Places = std::map<std::string, std::string>;

/// Reads a config; `sets` are overrides "a.b=c" applied in order (c is TOML, or a bare word).  A later model.preset replaces a
/// model.pattern and the reverse.  Throws Error (one line, with the place) for an unknown key, a wrong type or range, and for
/// settings that contradict each other.
RunConfig load_config(const std::string& path, const std::vector<std::string>& sets = {});
RunConfig parse_config(const std::string& toml, const std::string& origin, const std::vector<std::string>& sets = {},
                       const Places& places = {});
/// The complete config, defaults filled in; parse_config of it gives the same settings.
std::string to_toml(const RunConfig& config);
/// Every key with its value as TOML, in the order of the file ("train.lr" -> "0.0003"); task options included.
std::vector<ConfigKey> config_entries(const RunConfig& config);
/// All keys with their defaults.
std::vector<ConfigKey> config_keys();

/// Difficulties at which the run is evaluated: evaluate.difficulties, else the curriculum's levels, else the one trained.
std::vector<int> evaluation_difficulties(const RunConfig& config);
/// The task as trained, and as evaluated ([evaluate.task] replaces options).
std::unique_ptr<Task> training_task(const RunConfig& config);
std::unique_ptr<Task> evaluation_task(const RunConfig& config);
/// The model; its vocabulary is the task's.
Spec model_spec(const RunConfig& config, const Task& task);
/// "hybrid" for the preset hybrid, else the pattern.
std::string model_name(const RunConfig& config);
/// transformer | gdn | hybrid: only attention, only delta rules, or both; with any other mixer the pattern itself.
std::string model_kind(const std::string& pattern);
/// Everything that can be checked before the first step: task, options, difficulties, curriculum, model.  Throws Error.
void check_config(const RunConfig& config);

}  // namespace separatrix
