// Recall: look up one of m random bits.                              [Olmo Hybrid, Figure 4 right, Appendix C.1]
//   bits = [0, 1, 1, 0]
//   assert bits[2] == 1
// One-way communication needs m bits, so a state of fewer bits cannot do it; attention can at every m.
#include <algorithm>

#include "tasks/generated_task.h"
#include "tasks/interpreter.h"
#include "tasks/program.h"

namespace separatrix {
namespace {

class Recall : public GeneratedTask {
 public:
  explicit Recall(const TaskOptions& given) : GeneratedTask("recall", given) {
    numbers_ =
        settings_.integer("numbers", 128, 2, 65536, "the vocabulary has the numbers 0 .. numbers - 1; the paper goes to m = 128");
    by_variable_ = settings_.choice("query", "index", {"index", "variable"},
                                    "Appendix C.1: an array, then directly `assert bits[i] == _`; variable is Figure 4's form with "
                                    "a line `a = 36` before it") == "variable";
    read_common("all", "the paper trains next-token predictors");
    set_symbols(program_symbols(1, numbers_));
  }

  std::string summary() const override { return "look up one of m random bits by its index"; }
  std::string difficulty_means() const override { return "bits"; }
  int min_difficulty() const override { return 1; }
  int max_difficulty() const override { return numbers_; }
  std::vector<int> levels() const override {
    std::vector<int> all = {4, 8, 16, 32, 64, 128};
    std::erase_if(all, [&](int m) { return m > numbers_; });
    return all;
  }
  std::string solve(const std::string& text) const override { return std::to_string(run_program(text)); }
  const std::vector<Shortcut>& shortcuts() const override {
    static const std::vector<Shortcut> list = {{"constant", "always 0"},
                                               {"majority_bit", "the more frequent bit of the array (0 when equally frequent)"},
                                               {"first_bit", "the first bit of the array"},
                                               {"last_bit", "the last bit of the array"}};
    return list;
  }

 private:
  std::string range_advice() const override { return "; set the option numbers for more bits"; }

  void write(Rng& rng, int m, Draft& draft) const override {
    ProgramWriter program(draft, /*variables=*/1);
    std::vector<int> bits(m);
    for (int& bit : bits) bit = static_cast<int>(rng.below(2));
    const int index = static_cast<int>(rng.below(m));
    program.bits_header(bits);
    if (by_variable_) program.number_header(std::span(&index, 1));
    program.assert_bit(by_variable_ ? program.name(0) : program.number(index), bits[index], /*last=*/true);
    const bool mostly_ones = 2 * std::count(bits.begin(), bits.end(), 1) > m;
    draft.shortcut_fails = fails_of(bits[index], {0, mostly_ones, bits.front(), bits.back()});
  }

  int numbers_;
  bool by_variable_;
};

}  // namespace

std::unique_ptr<Task> make_recall(const TaskOptions& options) {
  return std::make_unique<Recall>(options);
}

}  // namespace separatrix
