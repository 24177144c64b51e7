// Lemma 2 of the paper, memory: how many residual functions recall, equality and state-based recall have at each cut, by brute
// force against closed forms.  State-based recall needs n bits because the list comes before the pointers; pointers first, at
// every cut a number of states polynomial in n suffices.
#include "proofs/lemma_2.h"
#include "proofs/residuals.h"

namespace separatrix {
namespace {

void expect_count(Cases& cases, const std::string& what, std::size_t got, std::size_t want) {
  cases.expect(got == want, [&] { return fmt::format("{}: {} residual functions instead of {}", what, got, want); });
}

/// All words of at most 2 swaps of k variables: enough to bring each one's pointer to the first and leave it there.
std::vector<Word> short_words(int k) {
  Word swaps;
  for (int x = 0; x < k; ++x)
    for (int y = x + 1; y < k; ++y) swaps.push_back({x, y});
  std::vector<Word> words{{}};
  for (const auto& s : swaps) words.push_back({s});
  for (const auto& s : swaps)
    for (const auto& t : swaps) words.push_back({s, t});
  return words;
}

bool pointed_bit(const List& bits, List pointers, const Word& word) {
  for (const auto& [x, y] : word) std::swap(pointers[x], pointers[y]);
  return bits[pointers[0]];
}

std::size_t power(std::size_t base, int exponent) {
  std::size_t product = 1;
  for (int i = 0; i < exponent; ++i) product *= base;
  return product;
}

std::size_t choose(int n, int r) {
  std::size_t c = 1;
  for (int i = 1; i <= r; ++i) c = c * (n - r + i) / i;
  return c;
}

/// k pointers into n bits, then t of the bits: each pointer is still pending or resolved.  After the first bit all resolved
/// pointers share its value; from the second on a resolved pointer is a 0 or a 1.
std::size_t pointers_first_states(int n, int k, int t) {
  if (t == 0) return power(n, k);
  if (t >= 2) return power(n - t + 2, k);
  std::size_t sum = 0;
  for (int resolved = 0; resolved <= k; ++resolved)
    sum += choose(k, resolved) * power(n - 1, k - resolved) * (resolved > 0 ? 2 : 1);
  return sum;
}

using Pointed = bool (*)(const List& bits, List pointers, const Word& word);

void count_state_based_recall(Cases& cases, Pointed pointed, int k, int n) {
  const auto strings = all_lists(n, 2), pointers = all_lists(k, n);
  const auto words = short_words(k);
  const std::string size = fmt::format("{} pointers into {} bits, ", k, n);
  expect_count(cases, size + "cut after the bits",
               residual_count(strings, all_pairs(pointers, words),
                              [&](const List& x, const auto& rest) { return pointed(x, rest.first, rest.second); }),
               power(2, n));
  expect_count(cases, size + "cut after the pointers",
               residual_count(all_pairs(strings, pointers), words,
                              [&](const auto& read, const Word& w) { return pointed(read.first, read.second, w); }),
               power(2, k));
  for (int t = 0; t <= n; ++t) {
    const auto truth = [&](const auto& read, const auto& rest) {
      List bits = read.second;
      bits.insert(bits.end(), rest.first.begin(), rest.first.end());
      return pointed(bits, read.first, rest.second);
    };
    expect_count(cases, size + fmt::format("pointers first, cut after {} bits", t),
                 residual_count(all_pairs(pointers, all_lists(t, 2)), all_pairs(all_lists(n - t, 2), words), truth),
                 pointers_first_states(n, k, t));
  }
}

bool bit_at(const List& bits, int index) {
  return bits[index] == 1;
}

bool same(const List& x, const List& y) {
  return x == y;
}

}  // namespace

Outcome check_recall_residuals(bool (*recalled)(const List& bits, int index), bool (*equal)(const List& x, const List& y)) {
  Cases cases;
  for (int n = 1; n <= 12; ++n) {
    std::vector<int> indexes(n);
    for (int i = 0; i < n; ++i) indexes[i] = i;
    const auto strings = all_lists(n, 2);
    expect_count(cases, fmt::format("recall of {} bits", n), residual_count(strings, indexes, recalled), power(2, n));
    if (n <= 8) expect_count(cases, fmt::format("equality of {} bits", n), residual_count(strings, strings, equal), power(2, n));
  }
  return cases.done("recall of n <= 12 bits and equality (w w) of n <= 8 bits: 2^n residual functions after the first part");
}

Outcome check_fooling_set(bool (*in_language)(const List& x, const List& y)) {
  Cases cases;
  for (int n = 1; n <= 8; ++n) {
    // {(x, x)} fools: all are in w w, and of any two x, y the crossed pairs (x, y), (y, x) are not both in it.
    const auto strings = all_lists(n, 2);
    for (const List& x : strings)
      for (const List& y : strings)
        cases.expect(in_language(x, x) && (x == y || !in_language(x, y) || !in_language(y, x)),
                     [&] { return fmt::format("n = {}: two pairs do not fool", n); });
  }
  return cases.done("the 2^n pairs (x, x), n <= 8, are a fooling set of w w: n bits must pass the middle, in either direction");
}

Outcome check_state_based_recall_residuals(Pointed pointed) {
  Cases cases;
  for (const auto& [k, n] : {std::pair{2, 2}, {2, 4}, {2, 6}, {3, 3}, {3, 4}, {3, 5}, {3, 6}})
    count_state_based_recall(cases, pointed, k, n);
  return cases.done(
      "2 and 3 pointers into n <= 6 bits: 2^n after the bits, 2^k after the pointers, and pointers first n^k, ..., 2^k: polynomial "
      "in n at every cut");
}

Outcome check_lemma_2_recall() {
  return check_recall_residuals(bit_at, same);
}

Outcome check_lemma_2_fooling_set() {
  return check_fooling_set(same);
}

Outcome check_lemma_2_state_based_recall() {
  return check_state_based_recall_residuals(pointed_bit);
}

}  // namespace separatrix
