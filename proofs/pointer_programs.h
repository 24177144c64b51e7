// The programs of state-based recall as words for a TokenRunner, and what they compute (Definition 2 of the paper, by brute force).
#pragma once
#include <span>

#include "proofs/swap_programs.h"

namespace separatrix {

constexpr int kPointerVariables = 5;

/// Bits x, pointers p and swaps w; the swaps move the pointers.
struct PointerProgram {
  std::vector<int> bits;
  Values pointers;
  std::vector<std::pair<int, int>> swaps;

  Values moved() const {
    Values values = pointers;
    for (const auto& [x, y] : swaps) std::swap(values[x], values[y]);
    return values;
  }
  /// The bit that variable v points at after the swaps.
  int bit(int v) const { return bits[moved()[v]]; }
};

/// `bits = [ 0 , 1 ] \n`
inline std::string list_words(const std::vector<int>& bits) {
  return fmt::format("bits = [ {} ] \\n", fmt::join(bits, " , "));
}

/// `a , b , c , d , e = 0 , 1 , 0 , 0 , 1 \n`
inline std::string pointer_words(const Values& pointers) {
  std::string words;
  for (int v = 0; v < static_cast<int>(pointers.size()); ++v) words += (v ? " , " : "") + variable_name(v);
  return words + fmt::format(" = {} \\n", fmt::join(pointers, " , "));
}

/// `assert bits [ a ] ==`
inline std::string bit_question(const std::string& index) {
  return fmt::format("assert bits [ {} ] ==", index);
}

/// The two lines of the header, in the order of the model's task.
inline std::string header_words(const PointerProgram& p, const TaskOptions& options) {
  const auto order = options.find("order");
  const bool pointers_first = order != options.end() && order->second == "pointers_first";
  return pointers_first ? pointer_words(p.pointers) + " " + list_words(p.bits)
                        : list_words(p.bits) + " " + pointer_words(p.pointers);
}

/// String number `code` of m bits.
inline std::vector<int> bits_of(int code, int m) {
  std::vector<int> bits(m);
  for (int i = 0; i < m; ++i) bits[i] = code >> i & 1;
  return bits;
}

/// Number of bits the model's vocabulary allows; Error for a model of another task.
inline int most_bits(const BuiltModel& model) {
  if (model.task != "state_based_recall") fail("the model is for the task '{}', not for state_based_recall", model.task);
  const auto found = model.options.find("numbers");
  return found == model.options.end() ? 128 : std::stoi(found->second);
}

}  // namespace separatrix
