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

inline std::string option_of(const TaskOptions& options, const std::string& name, const std::string& otherwise) {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

/// A pointer into m bits, in the encoding `pointers` of the task: `3`, `len ( ' | | | ' )` or `int ( ' 1 1 0 ' [::-1],2 )`.
inline std::string encoded_words(int pointer, int m, const std::string& encoding) {
  std::string inside;
  if (encoding == "token") return std::to_string(pointer);
  if (encoding == "unary") {
    for (int i = 0; i < pointer; ++i) inside += "| ";
    return "len ( ' " + inside + "' )";
  }
  for (int i = 0; i == 0 || 1 << i < m; ++i) inside += pointer >> i & 1 ? "1 " : "0 ";
  return "int ( ' " + inside + "' [::-1],2 )";
}

/// `a , b , c , d , e = 0 , 1 , 0 , 0 , 1 \n`
inline std::string pointer_words(const Values& pointers, int m, const std::string& encoding) {
  std::string names, values;
  for (int v = 0; v < static_cast<int>(pointers.size()); ++v) {
    names += (v ? " , " : "") + variable_name(v);
    values += (v ? " , " : "") + encoded_words(pointers[v], m, encoding);
  }
  return names + " = " + values + " \\n";
}

/// `assert bits [ a ] ==`
inline std::string bit_question(const std::string& index) {
  return fmt::format("assert bits [ {} ] ==", index);
}

/// The two lines of the header, in the order of the model's task.
inline std::string header_words(const PointerProgram& p, const TaskOptions& options) {
  const std::string list = list_words(p.bits),
                    pointers = pointer_words(p.pointers, static_cast<int>(p.bits.size()), option_of(options, "pointers", "token"));
  return option_of(options, "order", "bits_first") == "pointers_first" ? pointers + " " + list : list + " " + pointers;
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
  return std::stoi(option_of(model.options, "numbers", "128"));
}

}  // namespace separatrix
