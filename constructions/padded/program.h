// A small language for fixed-depth programs over tokens: what hard attention and pointwise layers can say, and no more.
// Every token has cells: truth values and numbers.  A layer is some attention heads, then pointwise rules.
//   Bool e = p.found(p.gather(pads, {{ratio, index}}))          is there an earlier pad whose index equals my ratio?
//   auto row = p.average(pads, {{q, q}}, {e});                  over the earlier pads with my q: how many of them have e?
//   Num r = p.number(1 - row[0], row[0]);                       a number is a ratio of averages over one set (rule N1)
// Numbers are ratios (x : y) and are matched by their direction, the layer-norm hash (Merrill and Sabharwal 2024); the only
// arithmetic is (x + c y : d y).  An average is no cell: it can only become a number or be compared with 0 in its own layer.
// Calls number the cells: they must not be arguments of one another's call where C++ leaves the order open.
// Meanings: exact_run (interpreter.h) in rational numbers, compile (compile.h) as weights of a model.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "models/numbers/rational.h"

namespace separatrix::padded {

struct Bool {
  int id = -1;
};
struct Num {
  int id = -1;
};

/// A truth value or its negation.
struct Literal {
  Bool of;
  bool negated = false;
  Literal(Bool b) : of(b) {}
  Literal(Bool b, bool n) : of(b), negated(n) {}
};
inline Literal operator!(Bool b) {
  return {b, true};
}

/// constant + sum of coefficient * average; averages are numbered through the whole program.
struct Affine {
  std::vector<std::pair<int, Rational>> terms;
  Rational constant = 0;
  Affine(int c = 0) : constant(c) {}
};
Affine operator+(const Affine& a, const Affine& b);
Affine operator-(const Affine& a, const Affine& b);
Affine operator*(const Rational& c, const Affine& a);

/// The key's number must equal the query's.
struct Match {
  Num query, key;
};

/// One attention head: of the tokens so far with `keys`, those whose numbers match.
/// gather: there is at most one; its cells are copied.  Otherwise truth values are averaged over all of them.
struct Head {
  int layer = 0;
  bool gather = false;
  Bool keys;
  std::vector<Match> match;
  std::vector<std::pair<Bool, int>> averages;  // of -> number of the average
  std::vector<std::pair<Bool, Bool>> bools;    // copied: from -> to
  std::vector<std::pair<Num, Num>> nums;
  Bool found;  // whether there is a match; id -1: not asked
};

struct Number {  // out = (x : y), unknown where y = 0
  Affine x, y;
  Num out;
};
struct Positive {  // out = (x > 0), unknown where x = 0
  Affine x;
  Bool out;
};
struct Compare {  // less = (a < b), equal = (a = b); unknown where both are negative.  An id of -1: not asked
  Num a, b;
  Bool less, equal;
};
struct Select {  // out = condition ? yes : no
  Bool condition;
  Num yes, no, out;
};
struct Shift {  // out = (a + add) / divide
  Num a;
  Rational add, divide;
  Num out;
};
struct Logic {  // all: conjunction of the literals; otherwise their disjunction
  bool all = true;
  std::vector<Literal> of;
  Bool out;
};

/// In the order in which they are to be computed; a rule belongs to the layer of the last head before it.
using Step = std::variant<Head, Number, Positive, Compare, Select, Shift, Logic>;

class Program {
 public:
  /// Truth values that the token itself determines, known before the first layer.
  Bool input(const std::string& name);
  /// The same number at every token.
  Num constant(int value);

  /// Begins the next layer.
  void layer() { ++layers_; }

  /// Averages of `of` over the earlier tokens (the token itself included) with `keys` that match.
  std::vector<Affine> average(Bool keys, const std::vector<Match>& match, const std::vector<Bool>& of);

  struct Gathered {
    std::vector<Bool> bools;
    std::vector<Num> nums;
    Bool found;
  };
  /// Copies of the cells of the one earlier token with `keys` that matches.
  Gathered gather(Bool keys, const std::vector<Match>& match, const std::vector<Bool>& bools, const std::vector<Num>& nums = {});
  /// As gather, where there may be none: `found` says whether there was one.
  Gathered look_up(Bool keys, const std::vector<Match>& match, const std::vector<Bool>& bools, const std::vector<Num>& nums = {});

  Num number(const Affine& x, const Affine& y);
  Bool positive(const Affine& x);
  Bool less(Num a, Num b);
  Bool equal(Num a, Num b);
  Num select(Bool condition, Num yes, Num no);
  Num shift(Num a, const Rational& add, const Rational& divide = 1);
  Bool all(const std::vector<Literal>& of);
  Bool any(const std::vector<Literal>& of);

  const std::vector<Step>& steps() const { return steps_; }
  std::vector<Step>& steps() { return steps_; }                       // to change a program, as tests do
  const std::vector<std::string>& inputs() const { return inputs_; }  // their Bools are 0, 1, ...
  const std::vector<std::pair<Num, int>>& constants() const { return constants_; }
  int layers() const { return layers_; }
  int bools() const { return bools_; }
  int nums() const { return nums_; }
  int averages() const { return averages_; }
  int heads() const;

 private:
  Bool new_bool() { return {bools_++}; }
  Num new_num() { return {nums_++}; }
  Compare& comparison(Num a, Num b);

  std::vector<Step> steps_;
  std::vector<std::string> inputs_;
  std::vector<std::pair<Num, int>> constants_;
  int layers_ = 0, bools_ = 0, nums_ = 0, averages_ = 0;
};

}  // namespace separatrix::padded
