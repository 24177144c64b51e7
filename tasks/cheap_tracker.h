// What the cheap predictors of a tracked value remember.  None of them composes the updates; their scores are floors.
#pragma once
#include "tasks/program.h"

namespace separatrix {

class CheapTracker {
 public:
  /// initial[v] is what variable v stands for before the first update (its value, or the bit it points at).
  explicit CheapTracker(const std::array<int, kMaxVariables>& initial) : initial_(initial), shown_(initial) {
    for (int v = 0; v < kMaxVariables; ++v) last_source_[v] = v;
  }

  void update(const Update& update) {
    for (int i = 0; i < update.count; ++i) last_source_[update.target[i]] = update.source[i];
    if (first_copied_ < 0) first_copied_ = initial_[update.source[update.count - 1]];
    update.apply(holds_revealed_);
  }
  void reveal(int variable, int value) {
    shown_[variable] = revealed_ = value;
    holds_revealed_.fill(false);
    holds_revealed_[variable] = true;
  }

  int initial_value(int v) const { return initial_[v]; }
  /// What the last reveal of any variable showed; 0 when there was none.
  int last_shown() const { return revealed_; }
  /// What the first statement copied (its last source, which it does not overwrite unless it permutes); 0 without a statement.
  int first_copied() const { return first_copied_ < 0 ? 0 : first_copied_; }
  /// What the last reveal of v showed; its initial value when v was never revealed.
  int last_reveal(int v) const { return shown_[v]; }
  /// The initial value of the variable that the last statement writing v copied into it.
  int last_update(int v) const { return initial_[last_source_[v]]; }
  /// Follows only the value shown last: that value where it now sits in v, else the initial value of v.
  int since_last_reveal(int v) const { return holds_revealed_[v] ? revealed_ : initial_[v]; }

 private:
  std::array<int, kMaxVariables> initial_, shown_, last_source_{};
  std::array<bool, kMaxVariables> holds_revealed_{};
  int revealed_ = 0, first_copied_ = -1;
};

}  // namespace separatrix
