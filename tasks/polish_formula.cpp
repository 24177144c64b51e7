// Polish formula: the value of a boolean formula in Polish notation, after padding.      [Olmo Hybrid, Corollary 3.1; Merrill 2021]
//   and or 0 1 1 _ _ _ 1       formula of k leaves, padding, answer (predicted at the last padding token)
// The task is NC1-complete and needs linear communication; hybrids with polynomial padding can do it.
//
// Values first: the root's value is a fair coin, and every subtree is drawn given the value it must have, so that exactly
// half of all formulas are true.  With q = P(an argument of this gate is 1) before conditioning,
//   and = 1: (1,1)     and = 0: (0,0) with probability (1-q)/(1+q), else (0,1) or (1,0)      or: the same with 0 and 1 exchanged, q
//   -> 1-q.
// easy: gates and leaves are fair coins, q = 1/2; then P(or | value 1) = 3/4.
// hard: gates alternate along every path, and q = (sqrt 5 - 1)/2 below `and`, 1 - q below `or`: the fixed point of
//   x -> 1 - (1 - x^2)^2, so that P(1) is .618 or .382 at every level and nothing is decided early.
#include <algorithm>

#include "tasks/generated_task.h"
#include "tasks/interpreter.h"

namespace separatrix {
namespace {

enum FormulaSymbol { kZero, kOne, kAnd, kOr, kPad };
constexpr int kMaxLeaves = 1 << 20, kMaxPadding = 1 << 24;

/// A gate or a leaf for each place of a formula in Polish notation: 1 = gate, 2 k - 1 places.
using Shape = std::vector<std::uint8_t>;

/// Draws the shape top down; `left` says how many of `size` leaves go to the left, given that at most `depth` gates may follow.
template <class Left>
Shape split_shape(int leaves, int depth, Left left) {
  struct Part {
    int size, depth;
  };
  Shape shape;
  std::vector<Part> open = {{leaves, depth}};
  while (!open.empty()) {
    const Part part = open.back();
    open.pop_back();
    shape.push_back(part.size > 1);
    if (part.size == 1) continue;
    const int size = left(part.size, part.depth - 1);
    open.push_back({part.size - size, part.depth - 1});
    open.push_back({size, part.depth - 1});
  }
  return shape;
}

/// Uniform over the binary trees with that many leaves: a random word of k - 1 gates and k leaves has exactly one rotation
/// that is a formula (cycle lemma, Dvoretzky and Motzkin 1947).
Shape uniform_shape(Rng& rng, int leaves) {
  Shape word(2 * leaves - 1, 0);
  std::fill(word.begin(), word.begin() + (leaves - 1), 1);
  for (int i = static_cast<int>(word.size()); i > 1; --i) std::swap(word[i - 1], word[rng.below(i)]);
  int height = 0, lowest = 0;
  std::size_t begin = 0;  // the rotation begins after the first place where gates minus leaves is lowest
  for (std::size_t i = 0; i < word.size(); ++i) {
    height += word[i] ? 1 : -1;
    if (height < lowest) lowest = height, begin = (i + 1) % word.size();
  }
  std::rotate(word.begin(), word.begin() + begin, word.end());
  return word;
}

class PolishFormula : public GeneratedTask {
 public:
  explicit PolishFormula(const TaskOptions& given) : GeneratedTask("polish_formula", given) {
    shape_ =
        settings_.choice("shape", "uniform", {"complete", "uniform", "caterpillar", "bounded"},
                         "uniform over all binary trees; complete = as level as can be, caterpillar = a leaf on a random side at "
                         "every level, bounded = at most `depth` gates on a path");
    depth_ = settings_.integer_or("depth", "none", "none", 0, 1, 20, "only for shape = bounded, which needs it");
    hard_ = settings_.choice(
                "distribution", "hard", {"easy", "hard"},
                "hard keeps the value undecided at every level; with easy the root gate alone is right 3 times of 4") == "hard";
    read_padding(settings_.text("padding", "0", "a count, or n^0, n^1, n^2, n^3, or a count times one of them: 21*n^3",
                                "n = leaves; the paper's padding is a power of the length; none is the plain task"));
    read_common("answers", "the formula is random and the padding constant: only the answer can be learnt");
    if ((shape_ == "bounded") != (depth_ > 0))
      fail("polish_formula: shape = {} and depth = {}: give a depth with shape = bounded, and only then", shape_,
           depth_ ? std::to_string(depth_) : "none");
    set_symbols({{"0", " 0"}, {"1", " 1"}, {"and", " and"}, {"or", " or"}, {"_", " _"}});
  }

  std::string summary() const override { return "the value of a boolean formula in Polish notation, asked after padding"; }
  std::string difficulty_means() const override { return "leaves"; }
  int min_difficulty() const override { return 1; }
  int max_difficulty() const override {
    const int most = shape_ == "bounded" ? 1 << depth_ : kMaxLeaves;
    int largest = 1;  // whose padding is not too long, by bisection
    for (int step = kMaxLeaves; step > 0; step /= 2)
      if (largest + step <= most && padding_of(largest + step) <= kMaxPadding) largest += step;
    return largest;
  }
  std::vector<int> levels() const override {
    std::vector<int> all = {4, 8, 16, 32, 64};
    std::erase_if(all, [&](int n) { return n > max_difficulty(); });
    return all;
  }
  std::string solve(const std::string& text) const override { return std::to_string(run_formula(text)); }
  const std::vector<Shortcut>& shortcuts() const override {
    static const std::vector<Shortcut> list = {{"constant", "always 0"},
                                               {"root_gate", "1 when the formula begins with `or`, 0 with `and`"},
                                               {"majority_leaf", "the more frequent leaf (0 when equally frequent)"},
                                               {"first_leaf", "the first leaf"},
                                               {"last_leaf", "the last leaf"},
                                               {"decisive_leaf",
                                                "the root's first argument where it is a leaf that decides the root, "
                                                "else the last leaf"},
                                               {"leaf_surplus", "1 when more leaves are 1 than their own gates make likely"}};
    return list;
  }

 private:
  void read_padding(const std::string& text);
  std::int64_t padding_of(int leaves) const;
  Shape random_shape(Rng& rng, int leaves) const;
  void write(Rng& rng, int leaves, Draft& draft) const override;
  int random_gate(Rng& rng, int value, int parent) const;
  std::pair<int, int> random_arguments(Rng& rng, int gate, int value) const;
  double likely(int parent) const;

  std::string shape_;
  int depth_ = 0, count_ = 0, power_ = 0;  // the padding is count_ n^power_
  bool hard_ = true;
};

void PolishFormula::read_padding(const std::string& text) {
  const std::size_t star = text.find('*'), power = text.find("n^");
  const bool has_power = power != std::string::npos && power + 3 == text.size() && text[power + 2] >= '0' &&
                         text[power + 2] <= '3' && (power == 0 || star == power - 1);
  const std::string count = has_power ? text.substr(0, power == 0 ? 0 : star) : text;
  const bool is_number = !count.empty() && count.size() <= 8 && count.find_first_not_of("0123456789") == std::string::npos;
  if (has_power) power_ = text[power + 2] - '0';
  count_ = is_number ? std::stoi(count) : 1;
  if ((!is_number && !(has_power && power == 0)) || count_ > kMaxPadding)
    fail("polish_formula: padding = '{}': wanted a count up to {}, one of n^0, n^1, n^2, n^3, or a product such as 21*n^3", text,
         kMaxPadding);
}

std::int64_t PolishFormula::padding_of(int leaves) const {
  std::int64_t count = count_;
  for (int i = 0; i < power_ && count <= kMaxPadding; ++i) count *= leaves;
  return count;
}

Shape PolishFormula::random_shape(Rng& rng, int leaves) const {
  if (shape_ == "complete") return split_shape(leaves, 0, [](int size, int) { return (size + 1) / 2; });
  if (shape_ == "caterpillar") return split_shape(leaves, 0, [&](int size, int) { return rng.below(2) ? 1 : size - 1; });
  if (shape_ == "uniform") return uniform_shape(rng, leaves);
  return split_shape(leaves, depth_, [&](int size, int depth) {
    const int most = std::min(size - 1, 1 << depth), least = size - most;  // both sides must fit below
    return least + static_cast<int>(rng.below(most - least + 1));
  });
}

/// The gate of a subtree that must have that value; parent is the gate above, or -1 at the root.
int PolishFormula::random_gate(Rng& rng, int value, int parent) const {
  if (!hard_) return rng.chance(3, 4) == (value == 1) ? kOr : kAnd;
  if (parent < 0) return rng.below(2) ? kOr : kAnd;
  return parent == kOr ? kAnd : kOr;
}

/// Values of the two arguments of a gate that must have that value.
std::pair<int, int> PolishFormula::random_arguments(Rng& rng, int gate, int value) const {
  const int forced = gate == kAnd ? 1 : 0;  // the value that needs both arguments to be it
  if (value == forced) return {forced, forced};
  // (1-q)/(1+q): 1/3, or sqrt 5 - 2 in units of 2^-32.
  const bool both = hard_ ? rng.next() < 1013904243u : rng.chance(1, 3);
  if (both) return {1 - forced, 1 - forced};
  return rng.below(2) ? std::pair{0, 1} : std::pair{1, 0};
}

/// P(1) of an argument of that gate (-1: of the root).
double PolishFormula::likely(int parent) const {
  constexpr double q = 0.6180339887498949;
  if (!hard_ || parent < 0) return 0.5;
  return parent == kAnd ? q : 1 - q;
}

void PolishFormula::write(Rng& rng, int leaves, Draft& draft) const {
  struct Open {
    int value, parent;
  };
  const int answer = static_cast<int>(rng.below(2));
  std::vector<Open> open = {{answer, -1}};
  int ones = 0, first_leaf = -1, last_leaf = 0;
  double likely_ones = 0;
  for (const bool is_gate : random_shape(rng, leaves)) {
    const auto [value, parent] = open.back();
    open.pop_back();
    if (!is_gate) {
      draft.add({value});
      ones += value, last_leaf = value, likely_ones += likely(parent);
      if (first_leaf < 0) first_leaf = value;
      continue;
    }
    const int gate = random_gate(rng, value, parent);
    const auto [left, right] = random_arguments(rng, gate, value);
    draft.add({gate});
    open.push_back({right, gate});
    open.push_back({left, gate});
  }
  const int root = draft.symbols[0], second = leaves > 1 ? draft.symbols[1] : root;
  draft.symbols.insert(draft.symbols.end(), padding_of(leaves), kPad);
  draft.add_answer(answer);
  const int root_guess = root == kOr || root == kOne;
  const bool decides = (root == kAnd && second == kZero) || (root == kOr && second == kOne);
  const int decisive = decides ? second == kOne : last_leaf;
  draft.shortcut_fails = fails_of(answer, {0, root_guess, 2 * ones > leaves, first_leaf, last_leaf, decisive, ones > likely_ones});
}

}  // namespace

std::unique_ptr<Task> make_polish_formula(const TaskOptions& options) {
  return std::make_unique<PolishFormula>(options);
}

}  // namespace separatrix
