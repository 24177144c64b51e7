// The known word nearest to an unknown one, for error messages: "unknown key 'lrr'; did you mean 'lr'?".
#pragma once
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace separatrix {

/// Levenshtein distance of two words.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t up = row[j];
      row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = up;
    }
  }
  return row[b.size()];
}

/// The nearest of `known` (the first of equals); empty when `known` is empty.  A word that begins another one is near to it.
inline std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::pair best_distance(std::string::npos, std::string::npos);
  for (const std::string& candidate : known) {
    const std::size_t edits = edit_distance(word, candidate);
    const bool begins = word.size() > 2 && candidate.starts_with(word);
    const std::pair distance(begins ? std::min<std::size_t>(1, edits) : edits, edits);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

}  // namespace separatrix
