// What a config means: its tasks, its model, its difficulties; and the contradictions that no single key shows.
#include "experiments/harness/config.h"

namespace separatrix {
namespace {

void check_difficulty(const Task& task, const std::string& key, int n) {
  if (n < task.min_difficulty() || n > task.max_difficulty())
    fail("{} = {}: the difficulty of {} ({}) goes from {} to {}", key, n, task.name(), task.difficulty_means(),
         task.min_difficulty(), task.max_difficulty());
}

void check_curriculum(const RunConfig& config, const Task& task) {
  const CurriculumConfig& c = config.curriculum;
  if (c.kind == "none") {
    if (!c.levels.empty())
      fail(
          "curriculum.levels is given, but curriculum.kind is 'none', which trains at task.difficulty alone; give the kind "
          "(milestones or threshold) or leave the levels out");
    if (config.task.difficulty < 0) fail("give task.difficulty, or a curriculum (curriculum.kind and curriculum.levels)");
    return check_difficulty(task, "task.difficulty", config.task.difficulty);
  }
  if (config.task.difficulty >= 0)
    fail("task.difficulty = {} contradicts curriculum.kind = '{}'; give one of the two", config.task.difficulty, c.kind);
  if (c.levels.empty()) fail("curriculum.kind = '{}' needs curriculum.levels, such as [8, 16, 32, 64]", c.kind);
  for (const int level : c.levels) check_difficulty(task, "curriculum.levels", level);
  if (c.kind == "milestones") {
    if (c.until.size() != c.levels.size() && c.until.size() + 1 != c.levels.size())
      fail("curriculum.until has {} steps for {} levels; give one per level (the last may be left out)", c.until.size(),
           c.levels.size());
    for (std::size_t i = 1; i < c.until.size(); ++i)
      if (c.until[i] <= c.until[i - 1]) fail("curriculum.until must rise, but {} follows {}", c.until[i], c.until[i - 1]);
  } else if (c.check_every == 0) {
    fail("curriculum.kind = 'threshold' needs curriculum.check_every above 0");
  }
}

/// Learned positions must hold every example; how long one gets is known by drawing some.
void check_positions(const RunConfig& config, const Task& task, const std::vector<int>& difficulties) {
  if (config.model.options.position != "learned") return;
  const auto most = static_cast<std::size_t>(config.model.options.max_positions);
  for (const int n : difficulties)
    for (std::uint64_t i = 0; i < 200; ++i)
      // The last token is predicted, never read.
      if (const std::size_t length = task.sample(config.train.seed, Purpose::train, n, i).tokens.size() - 1; length > most)
        fail("model.max_positions = {} is too few for {} at difficulty {}: example {} has {} tokens to read; give more", most,
             task.name(), n, i, length);
}

}  // namespace

std::vector<int> evaluation_difficulties(const RunConfig& config) {
  if (!config.evaluate.difficulties.empty()) return config.evaluate.difficulties;
  if (config.curriculum.kind != "none") return config.curriculum.levels;
  return {config.task.difficulty};
}

std::unique_ptr<Task> training_task(const RunConfig& config) {
  if (config.task.name.empty()) fail("task.name is missing; the tasks are {}", fmt::join(task_names(), ", "));
  return make_task(config.task.name, config.task.options);
}

std::unique_ptr<Task> evaluation_task(const RunConfig& config) {
  TaskOptions options = config.task.options;
  for (const auto& [name, value] : config.evaluate.task) options[name] = value;
  return make_task(config.task.name, options);
}

Spec model_spec(const RunConfig& config, const Task& task) {
  return make_spec(config.model.options, static_cast<int>(task.vocabulary().size()));
}

std::string model_name(const RunConfig& config) {
  return config.model.preset.empty() ? config.model.options.pattern : config.model.preset;
}

std::string model_kind(const std::string& pattern) {
  if (pattern.find_first_not_of("AG") != std::string::npos) return pattern;
  const bool attention = pattern.find('A') != std::string::npos, recurrence = pattern.find('G') != std::string::npos;
  return attention && recurrence ? "hybrid" : attention ? "transformer" : "gdn";
}

void check_config(const RunConfig& config) {
  const auto task = training_task(config), evaluated = evaluation_task(config);
  if (task->vocabulary() != evaluated->vocabulary())
    fail("[evaluate.task] changes the vocabulary of {}; the model could not read its tokens", task->name());
  check_curriculum(config, *task);
  for (const int n : evaluation_difficulties(config)) check_difficulty(*evaluated, "evaluate.difficulties", n);
  if (config.train.stop_when_solved && config.curriculum.check_every == 0)
    fail("train.stop_when_solved needs curriculum.check_every above 0");
  if (config.train.cooldown > 0 && config.train.schedule != "constant")
    fail("train.cooldown = {} is for train.schedule = 'constant'; '{}' falls by itself", config.train.cooldown,
         config.train.schedule);
  model_spec(config, *task);
  check_positions(config, *task, config.curriculum.kind == "none" ? std::vector{config.task.difficulty} : config.curriculum.levels);
  check_positions(config, *evaluated, evaluation_difficulties(config));
}

}  // namespace separatrix
