// The finite groups of word problems, and their elements as words of a few letters.
#pragma once
#include "tasks/permutation.h"

namespace separatrix {

/// S_n, A_n (permutations of n points) or Z_k (integers modulo k).  Elements are numbered in the order of their names.
class WordGroup {
 public:
  /// "S2" .. "S5", "A3" .. "A5", "Z2" .. "Z1000"; anything else throws Error.
  explicit WordGroup(const std::string& name);

  const std::string& name() const { return name_; }
  int order() const { return static_cast<int>(elements_.size()); }
  /// Permutations in one-line notation, "21345"; integers, "4".
  const std::vector<std::string>& elements() const { return elements_; }
  /// The elements as permutations; empty for Z_k.
  const std::vector<Permutation>& permutations() const { return permutations_; }
  int points() const { return points_; }  // of the permutations; 0 for Z_k
  /// First a, then b.
  int product(int a, int b) const;
  int identity() const { return 0; }

 private:
  std::string name_;
  int points_ = 0;
  std::vector<std::string> elements_;
  std::vector<Permutation> permutations_;
  std::vector<int> table_;  // of permutations: a order + b -> product
};

/// Letters in which elements are spelled, every element by equally many.
struct Letters {
  std::vector<std::string> names;
  std::vector<Permutation> permutations;   // what a letter does; empty when the letters are the elements of Z_k
  std::vector<std::vector<int>> spelling;  // per element
};

/// elements: one letter each.  swaps: n - 1 transpositions "(12)", "()" where fewer do.  half_turns (A5): two products of two
/// disjoint transpositions "(12)(34)", which are the half turns of the icosahedron.
Letters letters_of(const WordGroup& group, const std::string& form);

}  // namespace separatrix
