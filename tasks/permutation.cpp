#include "tasks/permutation.h"

#include <algorithm>
#include <numeric>

namespace separatrix {

Permutation identity_permutation(int n) {
  Permutation p(n);
  std::iota(p.begin(), p.end(), 0);
  return p;
}

Permutation then(const Permutation& p, const Permutation& q) {
  Permutation r;
  for (const int x : p) r.push_back(q[x]);
  return r;
}

Permutation inverse(const Permutation& p) {
  Permutation r(p.size());
  for (std::size_t x = 0; x < p.size(); ++x) r[p[x]] = static_cast<int>(x);
  return r;
}

Permutation transposition(int n, int x, int y) {
  Permutation p = identity_permutation(n);
  std::swap(p[x], p[y]);
  return p;
}

bool is_even(const Permutation& p) {
  return swap_word(p).size() % 2 == 0;
}

std::vector<Permutation> all_permutations(int n) {
  std::vector<Permutation> all;
  Permutation p = identity_permutation(n);
  do all.push_back(p);
  while (std::next_permutation(p.begin(), p.end()));
  return all;
}

SwapWord swap_word(const Permutation& p) {
  SwapWord word;
  std::vector<bool> seen(p.size(), false);
  for (int first = 0; first < static_cast<int>(p.size()); ++first) {
    if (seen[first]) continue;
    for (int x = p[first]; x != first; x = p[x]) seen[x] = true, word.emplace_back(first, x);
  }
  return word;
}

Permutation product(const SwapWord& word, int n) {
  Permutation p = identity_permutation(n);
  for (const auto& [x, y] : word) p = then(p, transposition(n, x, y));
  return p;
}

std::string one_line(const Permutation& p) {
  std::string text;
  for (const int x : p) text += static_cast<char>('1' + x);
  return text;
}

std::string cycle_text(const Swap& swap) {
  return {'(', static_cast<char>('1' + swap.first), static_cast<char>('1' + swap.second), ')'};
}

}  // namespace separatrix
