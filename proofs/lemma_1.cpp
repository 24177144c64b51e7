// Lemma 1 of the paper, its reduction executed.  A word of transpositions of five points becomes a program of state-based recall:
// one symbol of the word is one swap of the program, so the map is first-order.  Asked is one bit, so one program decides whether
// the word maps 1 to 1; with one more swap at the end, whether it maps 1 to i: five programs give the number.
// An element of A5 becomes four transpositions at fixed places, again symbol by symbol.
// Not checked here, but cited: the A5 word problem is NC1-complete (Barrington 1986) and fixed-depth transformers are in TC0
// (Merrill and Sabharwal 2023, Chiang 2025).
#include "proofs/lemma_1.h"

#include "proofs/pointer_programs.h"
#include "tasks/interpreter.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

constexpr int kPoints = 5;

/// All five questions about one word, whose product is `p`.
void expect_images(Cases& cases, const SwapWord& word, const Permutation& p) {
  for (int image = 0; image < kPoints && cases.failures() == 0; ++image) {
    const std::string program = image_program(word, image);
    const long got = run_program(program), want = p[0] == image;
    cases.expect(got == want, [&] { return fmt::format("the program\n{}\ngives {} instead of {}", program, got, want); });
  }
}

void all_words_of_swaps(Cases& cases, SwapWord& word, int longest) {
  Permutation p = identity_permutation(kPoints);
  for (const Swap& swap : word) p = then(p, transposition(kPoints, swap.first, swap.second));
  expect_images(cases, word, p);
  if (static_cast<int>(word.size()) == longest) return;
  for (int x = 0; x < kPoints; ++x)
    for (int y = x + 1; y < kPoints; ++y) {
      word.push_back({x, y});
      all_words_of_swaps(cases, word, longest);
      word.pop_back();
    }
}

/// The image of a word of elements, symbol by symbol.
SwapWord spelled(const std::vector<Permutation>& word, Spell spell) {
  SwapWord swaps;
  for (const Permutation& g : word)
    for (const Swap& swap : spell(g)) swaps.push_back(swap);
  return swaps;
}

void expect_word(Cases& cases, const std::vector<Permutation>& word, Spell spell) {
  Permutation p = identity_permutation(kPoints);
  for (const Permutation& g : word) p = then(p, g);
  expect_images(cases, spelled(word, spell), p);
}

std::vector<Permutation> even_permutations() {
  std::vector<Permutation> even = all_permutations(kPoints);
  std::erase_if(even, [](const Permutation& p) { return !is_even(p); });
  return even;
}

}  // namespace

SwapWord four_transpositions(const Permutation& p) {
  SwapWord word = swap_word(p);
  while (word.size() < 4) word.insert(word.end(), {{0, 1}, {0, 1}});
  return word;
}

std::string image_program(const SwapWord& word, int image) {
  std::string program = "bits = [1, 0, 0, 0, 0]\na, b, c, d, e = 0, 1, 2, 3, 4\n";
  const auto swap = [&](int x, int y) { program += fmt::format("{0}, {1} = {1}, {0}\n", variable_name(x), variable_name(y)); };
  for (const auto& [x, y] : word) swap(x, y);
  if (image != 0) swap(0, image);
  return program + "assert bits[a] == ";
}

Outcome check_reduction(Spell spell) {
  Cases cases;
  SwapWord none;
  all_words_of_swaps(cases, none, 2);
  const std::vector<Permutation> even = even_permutations();
  for (const Permutation& g : even) {
    cases.expect(spell(g).size() == 4 && product(spell(g), kPoints) == g,
                 [&] { return fmt::format("{} is not spelled by four transpositions", one_line(g)); });
    expect_word(cases, {g}, spell);
  }
  Rng rng = draw(1, Purpose::report, 1, 0);
  for (int sample = 0; sample < 200 && cases.failures() == 0; ++sample) {
    std::vector<Permutation> word;
    for (int i = 0; i < 2 + sample / 4; ++i) word.push_back(even[rng.below(even.size())]);
    expect_word(cases, word, spell);
  }
  return cases.done(
      fmt::format("all words of at most 2 transpositions, all {} elements of A5 as four transpositions, 200 random "
                  "words of up to 51 elements: the programs of state-based recall give the image of 1",
                  even.size()));
}

Outcome check_lemma_1() {
  return check_reduction(four_transpositions);
}

}  // namespace separatrix
