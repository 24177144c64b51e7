// Which difficulty is trained when (paper, App. C.3).
//   none:        one difficulty
//   milestones:  level i until step until[i]
//   threshold:   a level is left when the hold-out accuracy reaches the threshold, or when its step budget is spent
// Every kind measures the hold-out accuracy each check_every steps, so that "steps to solve a level" is known for all.
#pragma once
#include <cstdint>
#include <map>

#include "experiments/harness/config.h"

namespace separatrix {

/// All that changes; saved in a checkpoint.
struct CurriculumState {
  int level = 0;                                     // index into the levels
  std::int64_t entered = 0;                          // step at which it was entered
  bool solved = false;                               // the last level has passed
  std::map<int, std::int64_t> solved_at, forced_at;  // difficulty -> step
  bool operator==(const CurriculumState&) const = default;
};

class Curriculum {
 public:
  /// `config` must have passed check_config; without a curriculum the only level is `difficulty`.
  Curriculum(CurriculumConfig config, int difficulty);

  /// To be called before step `step`: moves on when time says so.
  void begin(std::int64_t step);
  /// Difficulty in force.
  int difficulty() const { return config_.levels[static_cast<std::size_t>(state_.level)]; }
  /// Difficulty of example `index` of the run: the one in force, or with probability `mix` one of the earlier levels.
  int difficulty_of(std::uint64_t seed, std::uint64_t index) const;
  /// Whether the hold-out accuracy is wanted after `step` steps.
  bool wants_check(std::int64_t step) const { return config_.check_every > 0 && step % config_.check_every == 0; }
  /// The hold-out accuracy after `step` steps: records a level that passed and moves on when the kind is threshold.
  void observe(std::int64_t step, int correct, int counted);

  const CurriculumConfig& config() const { return config_; }
  const CurriculumState& state() const { return state_; }
  void restore(const CurriculumState& state);

 private:
  void enter(int level, std::int64_t step);
  bool last() const { return state_.level + 1 == static_cast<int>(config_.levels.size()); }
  CurriculumConfig config_;
  CurriculumState state_;
};

}  // namespace separatrix
