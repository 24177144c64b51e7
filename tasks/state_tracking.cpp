// State tracking: follow variables through n updates.      [Siems et al. 2026; Olmo Hybrid, Figure 4 left, Appendix C.1]
//   a, b, c, d, e = range(5)
//   a, c = c, a                n updates: swaps (default), permutations of all variables, or statements that lose values
//   assert c == 0              a reveal after every k-th update
//   ...
//   assert b == 3              the question
// The updates generate S_5 (swaps, permutations): composing them is NC1-complete, so no fixed-depth transformer is
// expected to do it at every n, while a linear RNN with negative eigenvalues can.
#include <algorithm>

#include "tasks/cheap_tracker.h"
#include "tasks/generated_task.h"
#include "tasks/interpreter.h"
#include "tasks/program.h"

namespace separatrix {
namespace {

constexpr int kAuto = -1;

class StateTracking : public GeneratedTask {
 public:
  explicit StateTracking(const TaskOptions& given) : GeneratedTask("state_tracking", given) {
    variables_ = settings_.integer("variables", 5, 2, kMaxVariables,
                                   "five, as in the paper: S_5 is the smallest unsolvable symmetric group");
    updates_ = settings_.choice("updates", "swap", {"swap", "assign", "printed", "permutation"},
                                "true transpositions: the paper's figure shows `a, c = c, e` (printed), under which values "
                                "coalesce and the first value copied alone beats chance; its transformer scores as that value at n "
                                "= 4, chance from n = 8 on");
    reveal_every_ =
        settings_.integer_or("reveal_every", "auto", "auto", kAuto, 0, kMaxDifficulty,
                             "auto = max(1, n / 8), the (length, spacing) pairs (8,1), (16,2), (32,4), (64,8) of Siems et "
                             "al.; the paper says fixed, difficulty-dependent intervals; 0 = no reveals");
    strict_ = settings_.integer("strict", 0, 0, 100,
                                "percent of examples without any reveal; the paper mixes such examples in for state-based recall "
                                "only, and evaluates on them (strict = 100)");
    query_any_ = settings_.choice("query", "random", {"random", "a"}, "Appendix C.1 asks for a queried variable v") == "random";
    read_common("all", "the paper trains next-token predictors, reveals included");
    if (tokenisation_.characters && variables_ > 10)
      fail("state_tracking: variables = {} with tokens = char: at most 10, so that an answer is one token", variables_);
    if (updates_ == "printed" && variables_ < 3)
      fail("state_tracking: updates = printed takes three variables, not {}", variables_);
    set_symbols(program_symbols(variables_, variables_ + 1));
  }

  std::string summary() const override { return "follow variables through n updates and say the value of one"; }
  std::string difficulty_means() const override { return "updates"; }
  int min_difficulty() const override { return 0; }
  int max_difficulty() const override { return kMaxDifficulty; }
  std::vector<int> levels() const override { return {4, 8, 16, 32, 64}; }
  std::string solve(const std::string& text) const override { return std::to_string(run_program(text)); }
  const std::vector<Shortcut>& shortcuts() const override {
    static const std::vector<Shortcut> permuting = {
        {"constant", "always 0"},
        {"initial_value", "the value the variable had at the start"},
        {"last_update", "the initial value of the variable that the last update writing the queried one copied into it"},
        {"last_reveal", "what the last reveal of the variable showed; its initial value when it was never revealed"},
        {"since_last_reveal", "follows only the value shown by the last reveal; its initial value when it ends elsewhere"}};
    static const std::vector<Shortcut> coalescing = [] {
      std::vector<Shortcut> list = permuting;
      list.push_back({"last_shown", "what the last reveal of any variable showed; 0 when there was none"});
      list.push_back({"first_copied", "the value that the first update copied to a second variable"});
      return list;
    }();
    return loses_values() ? coalescing : permuting;
  }

 private:
  static constexpr int kMaxDifficulty = 1 << 20;

  void write(Rng& rng, int n, Draft& draft) const override {
    ProgramWriter program(draft, variables_);
    std::array<int, kMaxVariables> value{};
    for (int v = 0; v < variables_; ++v) value[v] = v;
    CheapTracker cheap(value);
    program.range_header();
    const int every = rng.chance(strict_, 100) ? 0 : reveal_every_ == kAuto ? std::max(1, n / 8) : reveal_every_;
    for (int i = 1; i <= n; ++i) {
      const Update update = random_update(rng);
      program.update(update);
      update.apply(value);
      cheap.update(update);
      if (every == 0 || i % every != 0 || i == n) continue;  // a reveal after the last update could give the answer away
      const int shown = random_variable(rng);
      program.assert_variable(shown, value[shown], /*last=*/false);
      cheap.reveal(shown, value[shown]);
    }
    const int asked = query_any_ ? random_variable(rng) : 0;
    program.assert_variable(asked, value[asked], /*last=*/true);
    draft.shortcut_fails =
        fails_of(value[asked], {0, cheap.initial_value(asked), cheap.last_update(asked), cheap.last_reveal(asked),
                                cheap.since_last_reveal(asked), cheap.last_shown(), cheap.first_copied()});
    draft.shortcut_fails.resize(shortcuts().size());
  }

  /// In time all variables hold one value, which is then worth guessing.
  bool loses_values() const { return updates_ == "assign" || updates_ == "printed"; }
  int random_variable(Rng& rng) const { return static_cast<int>(rng.below(variables_)); }
  Update random_update(Rng& rng) const {
    if (updates_ == "swap") return random_swap(rng, variables_);
    if (updates_ == "assign") return random_assignment(rng, variables_);
    if (updates_ == "printed") return random_overwriting(rng, variables_);
    return random_permutation(rng, variables_);
  }

  int variables_, reveal_every_, strict_;
  std::string updates_;
  bool query_any_;
};

}  // namespace

std::unique_ptr<Task> make_state_tracking(const TaskOptions& options) {
  return std::make_unique<StateTracking>(options);
}

}  // namespace separatrix
