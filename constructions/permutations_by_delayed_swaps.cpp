// The word problem of S_5, one token per element and one reflection per token (Grazzi et al. 2025: four delta-rule layers).
// A product of any number of elements is at most four swaps.  So time is cut into blocks of four tokens, and during one block the
// swaps of the product of the block before it are applied, one per token:
//   block 0  sign s_t = (-1)^t; the token before this one       MLP: pair_t = own_(t-1) own_t, as 0/1 matrices (125 units)
//   block 1  sign r_t, flipped at even t: (s, r) is t mod 4; pair_(t-2)
//            MLP, at t = 3 mod 4: product_t = pair_(t-2) pair_t, else 0
//   block 2  holds that product until the next one              MLP: swap number t + 1 mod 4 of it, by table (326 units)
//   block 3  five rows carried through the swaps
// The product is complete three tokens after the end of a block: five tokens `_` before the `=` are always enough.
#include "constructions/construction.h"
#include "constructions/permutation_readout.h"

namespace separatrix {
namespace {

constexpr int kPoints = 5, kPeriod = 4, kDelay = 5;
constexpr int kMatrix = kPoints * kPoints;             // entries of a permutation matrix
constexpr int kCompose = kPoints * kPoints * kPoints;  // units that multiply two of them

std::string entry(const std::string& matrix, int i, int j) {
  return fmt::format("{}_{}{}", matrix, i, j);
}

std::vector<std::string> coordinates() {
  std::vector<std::string> names = carried_coordinates(kPoints);
  for (const char* name : {"sign", "half_sign", "block_ends"}) names.emplace_back(name);
  for (const char* matrix : {"own", "before", "pair", "pair_before", "product", "held"})
    for (int i = 0; i < kPoints; ++i)
      for (int j = 0; j < kPoints; ++j) names.push_back(entry(matrix, i, j));
  return names;
}

/// C += relu(A + B + offsets - 1) summed over the inner index: the product of two 0/1 permutation matrices where offsets are 0.
void compose(WeightBuilder& w, int block, const std::string& a, const std::string& b, const std::string& c,
             const WeightBuilder::Values& offsets) {
  int unit = 0;
  for (int i = 0; i < kPoints; ++i)
    for (int m = 0; m < kPoints; ++m)
      for (int j = 0; j < kPoints; ++j) {
        WeightBuilder::Values reads{{entry(a, i, m), 1}, {entry(b, m, j), 1}};
        reads.insert(reads.end(), offsets.begin(), offsets.end());
        w.relu(block, unit++, reads, {{entry(c, i, j), 1}});
      }
}

/// Head 0 of a block: a sign, loaded with 1 and flipped with this beta.
void flip_sign(WeightBuilder& w, int block, const std::string& coordinate, const WeightBuilder::Values& beta) {
  const auto at = [block](const char* matrix) { return fmt::format("{}.{}", block, matrix); };
  w.reads(at("q"), 0, {{"one", 1}});
  w.reads(at("k"), 0, {{"one", 1}});
  w.reads(at("v"), 0, {{"loads", 1}});
  w.reads(at("a"), 0, {{"one", 1}});
  w.reads(at("b"), 0, beta);
  w.writes(at("o"), coordinate, {{0, 1}});
}

/// Head 1 of a block: a matrix of `lag` tokens ago, since alpha = 0 forgets everything else.
void fetch(WeightBuilder& w, int block, const std::string& from, const std::string& to, int lag) {
  const auto at = [block](const char* matrix) { return fmt::format("{}.{}", block, matrix); };
  w.filter(at("q"), {{0, 1}});
  w.filter(at("k"), {{0, 1}});
  w.filter(at("v"), 0, {{0, 1}});
  w.reads(at("q"), 1, {{"one", 1}});
  w.reads(at("k"), 1, {{"one", 1}});
  for (int i = 0; i < kMatrix; ++i) {
    const int channel = kMatrix + i, row = i / kPoints, column = i % kPoints;
    w.filter(at("v"), channel, {{lag, 1}});
    w.reads(at("v"), channel, {{entry(from, row, column), 1}});
    w.writes(at("o"), entry(to, row, column), {{channel, 1}});
  }
}

/// Block 2: alpha = 0 where a block ends, 1 elsewhere; `product` is 0 elsewhere.
void hold_product(WeightBuilder& w) {
  w.reads("2.q", 0, {{"one", 1}});
  w.reads("2.k", 0, {{"one", 1}});
  w.reads("2.a", 0, {{"one", 1}, {"block_ends", -1}});
  for (int i = 0; i < kMatrix; ++i) {
    w.reads("2.v", i, {{entry("product", i / kPoints, i % kPoints), 1}});
    w.writes("2.o", entry("held", i / kPoints, i % kPoints), {{i, 1}});
  }
}

/// Signs (s, r) at t + 1 = phase mod 4.
constexpr int kSigns[kPeriod][2] = {{-1, -1}, {1, 1}, {-1, 1}, {1, -1}};

int table_size() {
  int units = 0;
  for (const Permutation& p : all_permutations(kPoints)) units += static_cast<int>(swap_word(p).size());
  return units;
}

/// One unit per permutation and swap of its word: 1 where the held product is that permutation and the phase that swap's, else 0.
void choose_swap(WeightBuilder& w) {
  int unit = 0;
  const auto half = [](int sign) { return Rational(sign, 2); };
  for (const Permutation& p : all_permutations(kPoints)) {
    const SwapWord word = swap_word(p);
    for (std::size_t phase = 0; phase < word.size(); ++phase) {
      WeightBuilder::Values reads{{"one", -kPoints}, {"sign", half(kSigns[phase][0])}, {"half_sign", half(kSigns[phase][1])}};
      for (int i = 0; i < kPoints; ++i) reads.push_back({entry("held", i, p[i]), 1});
      const auto [x, y] = word[phase];
      w.relu(2, unit++, reads, {{"reflects", 1}, {numbered("key", x), 1}, {numbered("key", y), -1}});
    }
  }
}

}  // namespace

BuiltModel build_permutations_by_delayed_swaps(int points) {
  if (points != kPoints) fail("permutations_by_delayed_swaps is built for 5 points, not {}", points);
  const TaskOptions options{{"group", "S5"}, {"padding", std::to_string(kDelay)}};
  const auto task = make_task("word_problem", options);
  const Spec spec = theory_spec({delta_rule_block(2, 1, kMatrix, 4, kCompose), delta_rule_block(2, 1, kMatrix, 4, kCompose + 1),
                                 delta_rule_block(1, 1, kMatrix, 0, table_size()), delta_rule_block(kPoints, kPoints, 1, 0, 0)});
  WeightBuilder w(spec, task->vocabulary(), coordinates());
  w.embed_all({{"one", 1}});
  w.embed("S5", {{"loads", 1}});
  for (int i = 0; i < kPoints; ++i) w.embed_all({{entry("own", i, i), 1}});  // tokens that are no element do nothing
  for (const Permutation& p : all_permutations(kPoints))
    for (int i = 0; i < kPoints; ++i) {
      w.embed(one_line(p), {{entry("own", i, i), 0}});
      w.embed(one_line(p), {{entry("own", i, p[i]), 1}});
    }

  flip_sign(w, 0, "sign", {{"one", 1}});
  fetch(w, 0, "own", "before", 1);
  compose(w, 0, "before", "own", "pair", {{"one", -1}});

  flip_sign(w, 1, "half_sign", {{"one", Rational(1, 2)}, {"sign", Rational(1, 2)}});
  fetch(w, 1, "pair", "pair_before", 2);
  // (s, r) = (-1, -1) at the end of a block; elsewhere the offset is -2 or less.
  const Rational minus_half(-1, 2);
  compose(w, 1, "pair_before", "pair", "product", {{"one", -2}, {"sign", minus_half}, {"half_sign", minus_half}});
  w.relu(1, kCompose, {{"sign", minus_half}, {"half_sign", minus_half}}, {{"block_ends", 1}});

  hold_product(w);
  choose_swap(w);
  carry_rows(w, 3, places(kPoints), RootTwo(0, Rational(1, 2)));  // 1 / sqrt 2
  read_permutations(w, kPoints);
  return {w.spec(), w.weights(), "word_problem", options};
}

}  // namespace separatrix
