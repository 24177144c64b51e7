#include "experiments/harness/curriculum.h"

#include <algorithm>

namespace separatrix {
namespace {

constexpr std::uint32_t mixing = 0xFFFFFF;  // a stream beside those of all difficulties

}  // namespace

Curriculum::Curriculum(CurriculumConfig config, int difficulty) : config_(std::move(config)) {
  if (config_.kind == "none") config_.levels = {difficulty};
}

void Curriculum::enter(int level, std::int64_t step) {
  if (level == state_.level) return;
  state_.level = level;
  state_.entered = step;
}

void Curriculum::begin(std::int64_t step) {
  if (config_.kind != "milestones") return;
  const auto passed = std::upper_bound(config_.until.begin(), config_.until.end(), step) - config_.until.begin();
  enter(std::min(static_cast<int>(passed), static_cast<int>(config_.levels.size()) - 1), step);
}

int Curriculum::difficulty_of(std::uint64_t seed, std::uint64_t index) const {
  if (config_.mix == 0 || state_.level == 0) return difficulty();
  Rng rng = draw(seed, Purpose::curriculum, mixing, index);
  constexpr std::uint32_t parts = 1 << 20;
  if (!rng.chance(static_cast<std::uint32_t>(config_.mix * parts), parts)) return difficulty();
  return config_.levels[rng.below(static_cast<std::uint32_t>(state_.level))];
}

void Curriculum::observe(std::int64_t step, int correct, int counted) {
  const bool passed = correct >= config_.threshold * counted;
  if (passed) state_.solved_at.try_emplace(difficulty(), step);
  if (passed && last()) state_.solved = true;
  if (config_.kind != "threshold" || last()) return;
  if (passed) return enter(state_.level + 1, step);
  if (config_.budget.empty()) return;
  const std::int64_t budget = config_.budget[std::min(static_cast<std::size_t>(state_.level), config_.budget.size() - 1)];
  if (budget == 0 || step - state_.entered < budget) return;
  state_.forced_at.try_emplace(difficulty(), step);
  enter(state_.level + 1, step);
}

void Curriculum::restore(const CurriculumState& state) {
  if (state.level < 0 || state.level >= static_cast<int>(config_.levels.size()))
    fail("the checkpoint stands at curriculum level {}, but there are {} levels", state.level, config_.levels.size());
  state_ = state;
}

}  // namespace separatrix
