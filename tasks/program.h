// The symbols of Python-like programs, and the statements the tasks are made of:
//   a, b, c = range(3)      bits = [0, 1]      a, c = c, a      assert a == 2      assert bits[a] == 1
#pragma once
#include <array>
#include <span>

#include "tasks/vocabulary.h"

namespace separatrix {

/// Ids of the symbols: these, then `variables` names a, b, ..., then the numbers 0, 1, ...
enum ProgramSymbol { kNewline, kComma, kAssign, kEqual, kAssert, kBits, kOpen, kClose, kRange, kLeft, kRight, kFirstName };
constexpr int kMaxVariables = 26;

/// new[target[i]] = old[source[i]] for all i at once: the statement `targets = sources`.
struct Update {
  int count = 0;
  std::array<int, kMaxVariables> target{}, source{};

  void add(int to, int from) { target[count] = to, source[count] = from, ++count; }
  template <class T>
  void apply(std::array<T, kMaxVariables>& state) const {
    std::array<T, kMaxVariables> old;
    for (int i = 0; i < count; ++i) old[i] = state[source[i]];
    for (int i = 0; i < count; ++i) state[target[i]] = old[i];
  }
};

/// A transposition of two different variables, uniform over ordered pairs: `x, y = y, x`.
Update random_swap(Rng& rng, int variables);
/// A copy between two different variables, uniform over ordered pairs: `x = y`.
Update random_assignment(Rng& rng, int variables);
/// A swap gone wrong, as the paper's Figure 4 prints it: `x, y = y, z` of three different variables, uniform over ordered triples.
Update random_overwriting(Rng& rng, int variables);
/// A uniform permutation of all variables in one statement.
Update random_permutation(Rng& rng, int variables);

/// Writes statements into a draft.
class ProgramWriter {
 public:
  ProgramWriter(Draft& draft, int variables) : draft_(draft), variables_(variables) {}

  int name(int variable) const { return kFirstName + variable; }
  int number(int value) const { return kFirstName + variables_ + value; }

  void range_header();                                       // a, b, c = range(3)
  void number_header(std::span<const int> values);           // a, b, c = 4, 0, 4
  void header(const std::vector<std::vector<int>>& values);  // the same, each value given as symbols
  void bits_header(std::span<const int> bits);               // bits = [0, 1]
  void update(const Update& update);                         // a, c = c, a
  void assert_variable(int variable, int value, bool last);  // assert a == 3
  void assert_bit(int index_symbol, int bit, bool last);     // assert bits[a] == 1

 private:
  void names();
  void list(std::span<const int> values);

  Draft& draft_;
  int variables_;
};

/// The symbols of programs with that many variables and the numbers 0 .. numbers - 1.
std::vector<Symbol> program_symbols(int variables, int numbers);

}  // namespace separatrix
