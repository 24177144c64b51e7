// One-way communication: what a streaming reader must remember of a prefix.
// The residual function of a prefix u is  v -> truth(u v)  over all suffixes v; a state that is right on all of them takes a
// different value for each of the R residual functions, so it has at least log2 R bits (Myhill and Nerode; one-way complexity).
#pragma once
#include <set>
#include <vector>

namespace separatrix {

/// Number of different rows of the matrix truth(u, v).
template <class U, class V, class Truth>
std::size_t residual_count(const std::vector<U>& prefixes, const std::vector<V>& suffixes, const Truth& truth) {
  std::set<std::vector<bool>> rows;
  for (const U& u : prefixes) {
    std::vector<bool> row;
    for (const V& v : suffixes) row.push_back(truth(u, v));
    rows.insert(std::move(row));
  }
  return rows.size();
}

/// All lists of `length` numbers below `base`.
inline std::vector<std::vector<int>> all_lists(int length, int base) {
  std::vector<std::vector<int>> lists{{}};
  for (int i = 0; i < length; ++i) {
    std::vector<std::vector<int>> longer;
    for (const std::vector<int>& list : lists)
      for (int x = 0; x < base; ++x) {
        longer.push_back(list);
        longer.back().push_back(x);
      }
    lists = std::move(longer);
  }
  return lists;
}

/// All pairs (u, v).
template <class U, class V>
std::vector<std::pair<U, V>> all_pairs(const std::vector<U>& us, const std::vector<V>& vs) {
  std::vector<std::pair<U, V>> pairs;
  for (const U& u : us)
    for (const V& v : vs) pairs.emplace_back(u, v);
  return pairs;
}

}  // namespace separatrix
