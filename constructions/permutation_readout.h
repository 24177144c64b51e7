// Permutations read off the images of the points 1 .. n.
#pragma once
#include "constructions/carried_rows.h"
#include "tasks/permutation.h"

namespace separatrix {

/// (1, 2, ..., n): as a point of n-space, no permutation of the coordinates fixes it.
inline std::vector<Exact> places(int n) {
  std::vector<Exact> point;
  for (int i = 1; i <= n; ++i) point.push_back(i);
  return point;
}

/// Logit of p: sum_i (p(i) + 1) image_i, by at least 1 the largest where image_i = p(i) + 1.
inline void read_permutations(WeightBuilder& w, int n) {
  for (const Permutation& p : all_permutations(n)) {
    std::vector<Exact> image;
    for (const int x : p) image.push_back(x + 1);
    read_image(w, one_line(p), image);
  }
}

}  // namespace separatrix
