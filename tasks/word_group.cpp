#include "tasks/word_group.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// The number after the first letter; 0 when there is none.
int size_in(const std::string& name) {
  int size = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + std::min<std::size_t>(1, name.size()), end, size);
  return error == std::errc() && stop == end ? size : 0;
}

}  // namespace

WordGroup::WordGroup(const std::string& name) : name_(name) {
  const char kind = name.empty() ? ' ' : name[0];
  const int size = size_in(name);
  const bool cyclic = kind == 'Z' && size >= 2 && size <= 1000;
  if (!cyclic && !(kind == 'S' && size >= 2 && size <= 5) && !(kind == 'A' && size >= 3 && size <= 5))
    fail("word_problem: group = '{}': wanted S2 to S5, A3 to A5 or Z2 to Z1000", name);
  if (cyclic) {
    for (int i = 0; i < size; ++i) elements_.push_back(std::to_string(i));
    return;
  }
  points_ = size;
  std::map<Permutation, int> index;
  for (const Permutation& p : all_permutations(size)) {
    if (kind == 'A' && !is_even(p)) continue;
    index[p] = order();
    permutations_.push_back(p), elements_.push_back(one_line(p));
  }
  for (const Permutation& a : permutations_)
    for (const Permutation& b : permutations_) table_.push_back(index.at(then(a, b)));
}

int WordGroup::product(int a, int b) const {
  return permutations_.empty() ? (a + b) % order() : table_[a * order() + b];
}

namespace {

Letters swaps_of(const WordGroup& group) {
  const int n = group.points();
  Letters letters;
  std::map<Swap, int> index;
  for (int x = 0; x < n; ++x)
    for (int y = x + 1; y < n; ++y) {
      index[{x, y}] = static_cast<int>(letters.names.size());
      letters.names.push_back(cycle_text({x, y})), letters.permutations.push_back(transposition(n, x, y));
    }
  const int nothing = static_cast<int>(letters.names.size());
  letters.names.push_back("()"), letters.permutations.push_back(identity_permutation(n));
  for (const Permutation& p : group.permutations()) {
    std::vector<int> word;
    for (const Swap& swap : swap_word(p)) word.push_back(index.at(swap));
    word.resize(n - 1, nothing);
    letters.spelling.push_back(word);
  }
  return letters;
}

Letters half_turns_of(const WordGroup& group) {
  Letters letters;
  for (const Permutation& p : group.permutations()) {
    const SwapWord swaps = swap_word(p);
    if (swaps.size() != 2 || then(p, p) != group.permutations()[group.identity()]) continue;
    letters.names.push_back(cycle_text(swaps[0]) + cycle_text(swaps[1])), letters.permutations.push_back(p);
  }
  const int count = static_cast<int>(letters.names.size());
  for (const Permutation& p : group.permutations()) {
    int pair = 0;
    while (then(letters.permutations[pair / count], letters.permutations[pair % count]) != p) ++pair;
    letters.spelling.push_back({pair / count, pair % count});
  }
  return letters;
}

}  // namespace

Letters letters_of(const WordGroup& group, const std::string& form) {
  if (form == "elements") {
    Letters letters{group.elements(), group.permutations(), {}};
    for (int g = 0; g < group.order(); ++g) letters.spelling.push_back({g});
    return letters;
  }
  if (form == "swaps" && group.points() > 0) return swaps_of(group);
  if (form == "half_turns" && group.name() == "A5") return half_turns_of(group);
  fail("word_problem: letters = {}: swaps spell permutations (S2 to S5, A3 to A5), half_turns those of A5, not {}", form,
       group.name());
}

}  // namespace separatrix
