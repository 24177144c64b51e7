// Permutations of few points, and words of them read from left to right.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace separatrix {

/// Point x goes to p[x]; the points are 0 .. n - 1.
using Permutation = std::vector<int>;

/// Exchanges two points.
using Swap = std::pair<int, int>;
using SwapWord = std::vector<Swap>;

Permutation identity_permutation(int n);
/// First p, then q.
Permutation then(const Permutation& p, const Permutation& q);
Permutation inverse(const Permutation& p);
Permutation transposition(int n, int x, int y);
bool is_even(const Permutation& p);
/// All n! permutations in lexicographic order.
std::vector<Permutation> all_permutations(int n);

/// A shortest word of swaps with the product p: a cycle (a b c ...) is (a b)(a c)...
SwapWord swap_word(const Permutation& p);
/// The product of a word, first swap first.
Permutation product(const SwapWord& word, int n);

/// The images of 1, 2, ...: "21345" exchanges the first two points.  At most 9 points.
std::string one_line(const Permutation& p);
/// "(12)" exchanges the first two points.
std::string cycle_text(const Swap& swap);

}  // namespace separatrix
