#include "constructions/balanced_program.h"

#include <bit>

#include "constructions/barrington.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

int class_of(std::int64_t weight) {
  return std::bit_width(static_cast<std::uint64_t>(weight)) - 1;
}

class Coder {
 public:
  explicit Coder(const FormulaTree& tree) : tree_(tree) {
    code_.levels = 3 * class_of(tree.leaves());
    path(0, 0);
  }
  BalancedCode take() { return std::move(code_); }

 private:
  const FormulaTree::Node& node(int v) const { return tree_.nodes[v]; }

  /// The heavy path from `top`, whose block begins at `begin`.
  void path(int top, std::int64_t begin) {
    const std::int64_t weight = node(top).leaves;
    const int j = class_of(weight);
    int v = top;
    while (node(v).left >= 0) {
      const int left = node(v).left, right = node(v).right;
      const bool left_is_light = node(left).leaves < node(right).leaves;
      const int light = left_is_light ? left : right;
      const int level = 3 * class_of(node(light).leaves);
      const std::int64_t block = begin + (share(weight - node(v).leaves, node(light).leaves, j, level) << level);
      if (!code_.crossing.emplace(std::pair{block, level}, node(v).symbol).second)
        fail("balanced code: two subformulas at block {} of level {}", block, level);
      path(light, block);
      v = left_is_light ? right : left;
    }
    const std::int64_t at = j == 0 ? begin : begin + share(weight - 1, 1, j, 0);
    if (j > 0) code_.crossing[{at, 0}] = '.';
    if (!code_.leaf_at.emplace(at, node(v).symbol).second) fail("balanced code: two leaves have the number {}", at);
    if (at < 0 || at >> code_.levels != 0) fail("balanced code: leaf number {} needs more than {} levels", at, code_.levels);
  }

  /// ceil(start 2^bits / 2^(j+1)), the block of a light child of that weight in its path's block; bits = 3 j - level.
  std::int64_t share(std::int64_t start, std::int64_t weight, int j, int level) const {
    const int bits = 3 * j - level;
    const std::int64_t whole = std::int64_t{1} << (j + 1), code = ((start << bits) + whole - 1) / whole;
    if (bits < 0 || (code + 1) * whole > (start + weight) << bits)
      fail("balanced code: the block of weight {} at {} of a path of class {} does not fit its share", weight, start, j);
    return code;
  }

  const FormulaTree& tree_;
  BalancedCode code_;
};

/// One address: its digits, lowest level first, and what is at the block that its prefix names at each level.
class Address {
 public:
  Address(const BalancedCode& code, const std::vector<int>& digits) : levels_(code.levels), digits_(digits) {
    for (int level = 1; level <= levels_; ++level) leaf_ |= std::int64_t{side(digit(level))} << (level - 1);
    for (int level = 0; level < levels_; ++level) {
      const auto found = code.crossing.find({leaf_ >> level << level, level});
      crossing_.push_back(found == code.crossing.end() ? ' ' : found->second);
    }
    const auto leaf = code.leaf_at.find(leaf_);
    leaf_value_ = leaf == code.leaf_at.end() ? ' ' : leaf->second;
    for (int t = 0; t < levels_; ++t)
      if (crossing_[t] == '&' && !b_at_crossing(t)) dead_ = t;  // the a of a conjunction is 0
    for (int level = 1; level <= levels_; ++level)
      if (is_b(level) && digit(level) == 0) dead_ = std::max(dead_, level - 1);  // a b has no slot 0
  }

  void append(SwapWord& word) const {
    const BarringtonTable& table = barrington_table();
    for (int level = levels_; level > 0; --level) {
      if (level > dead_ && low_digits_are(0, level - 1) && digit(level) > 0) add(word, table.and_gate[digit(level) - 1]);
      if (negates(level - 1) && low_digits_are(0, level - 1)) add(word, table.leaf), add(word, inversion());
    }
    if (dead_ < 0 && is_active()) add(word, table.leaf);
    for (int level = 1; level <= levels_; ++level) {
      if (negates(level - 1) && low_digits_are(4, level - 1)) add(word, inversion());
      if (level > dead_ && low_digits_are(4, level)) add(word, table.and_gate[4]);
    }
  }

 private:
  /// The side taken at a slot: a_left | b_left, a_right, b_left, a_right.
  static int side(int digit) { return digit == 2 || digit == 4; }
  static void add(SwapWord& word, const SwapWord& more) { word.insert(word.end(), more.begin(), more.end()); }
  /// (1 2) gamma (1 2) is the inverse of gamma, so gamma (1 2) gamma^x (1 2) = gamma^(not x).
  static const SwapWord& inversion() {
    static const SwapWord word = {{0, 1}};
    return word;
  }

  int digit(int level) const { return digits_[level - 1]; }
  bool is_gate(int level) const { return crossing_[level] == '&' || crossing_[level] == '|'; }

  bool some_b(int from, int to) const {
    for (int level = from; level <= to; ++level)
      if (digit(level) == 1 || digit(level) == 3) return true;
    return false;
  }
  /// Whether the function asked for below `level` is a b: some digit since the last crossing chose one.
  bool is_b(int level) const {
    int top = level;
    while (top < levels_ && !is_gate(top)) ++top;
    return some_b(level + 1, top);
  }
  /// The same just before the crossing at `level`.
  bool b_at_crossing(int level) const {
    int top = level + 1;
    while (top < levels_ && !is_gate(top)) ++top;
    return some_b(level + 1, top);
  }
  /// The b of a disjunction is the negation of the light child's value.
  bool negates(int level) const { return level > dead_ && crossing_[level] == '|' && b_at_crossing(level); }
  bool low_digits_are(int value, int up_to) const {
    for (int level = 1; level <= up_to; ++level)
      if (digit(level) != value) return false;
    return true;
  }
  /// Whether the leaf function that the address ends at is 1.
  bool is_active() const {
    const bool b = !is_gate(0) && is_b(0);
    if (leaf_value_ == ' ') return b;                          // no vertex: the identity, a = 0 and b = 1
    if (crossing_[0] == '.') return !b && leaf_value_ == '1';  // the end of a path: a = its value, b = 0
    return leaf_value_ == '1';
  }

  int levels_, dead_ = -1;  // every slot at a level up to dead_ is unused
  const std::vector<int>& digits_;
  std::int64_t leaf_ = 0;
  std::vector<char> crossing_;
  char leaf_value_ = ' ';
};

}  // namespace

FormulaTree parse_formula(const std::string& formula) {
  FormulaTree tree;
  std::vector<int> open;  // gates that still want an argument
  for (const char symbol : formula) {
    const bool gate = symbol == '&' || symbol == '|';
    if (!gate && symbol != '0' && symbol != '1') fail("'{}' is not one of & | 0 1", symbol);
    if (!tree.nodes.empty() && open.empty()) fail("'{}' goes on after the formula", formula);
    const int v = static_cast<int>(tree.nodes.size());
    tree.nodes.push_back({symbol});
    if (!open.empty()) {
      FormulaTree::Node& parent = tree.nodes[open.back()];
      if (parent.left < 0)
        parent.left = v;
      else
        parent.right = v, open.pop_back();
    }
    if (gate) open.push_back(v);
  }
  if (tree.nodes.empty() || !open.empty()) fail("'{}' ends before the formula does", formula);
  for (std::size_t v = tree.nodes.size(); v-- > 0;)
    if (FormulaTree::Node& n = tree.nodes[v]; n.left >= 0) n.leaves = tree.nodes[n.left].leaves + tree.nodes[n.right].leaves;
  return tree;
}

bool value_of(const FormulaTree& tree) {
  std::vector<bool> value(tree.nodes.size());
  for (std::size_t v = tree.nodes.size(); v-- > 0;) {
    const FormulaTree::Node& n = tree.nodes[v];
    if (n.left < 0)
      value[v] = n.symbol == '1';
    else
      value[v] = n.symbol == '&' ? value[n.left] && value[n.right] : value[n.left] || value[n.right];
  }
  return value[0];
}

BalancedCode balanced_code(const FormulaTree& tree) {
  return Coder(tree).take();
}

SwapWord balanced_program(const BalancedCode& code) {
  SwapWord word;
  if (code.levels == 0) return code.leaf_at.at(0) == '1' ? barrington_table().leaf : SwapWord{};
  std::vector<int> digits(code.levels, 0);
  for (;;) {
    Address(code, digits).append(word);
    int level = 0;
    while (level < code.levels && digits[level] == 4) digits[level++] = 0;
    if (level == code.levels) return word;
    ++digits[level];
  }
}

}  // namespace separatrix
