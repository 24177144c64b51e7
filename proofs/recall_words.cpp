// The recall construction: all short bit strings exactly, long ones sampled, and the precision it needs.
#include <bit>

#include "proofs/head_gaps.h"
#include "proofs/token_runner.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

/// `bits = [ 0 , 1 ] \n`
std::string bits_words(const std::vector<int>& bits) {
  return fmt::format("bits = [ {} ] \\n", fmt::join(bits, " , "));
}

std::string index_words(int i) {
  return fmt::format("assert bits [ {} ] ==", i);
}

int largest_index(const BuiltModel& model) {
  if (model.task != "recall") fail("the model is for the task '{}', not for recall", model.task);
  const auto found = model.options.find("numbers");
  return (found == model.options.end() ? 128 : std::stoi(found->second)) - 1;
}

/// Asks for bit i; right means its logit alone is largest.
template <Field T>
bool recalls(const TokenRunner<T>& runner, const typename TokenRunner<T>::State& state, const std::vector<int>& bits, int i) {
  const Row<T> logits = runner.logits_after(state, index_words(i));
  const int right = runner.id(std::to_string(bits[i]));
  for (int other = 0; other < static_cast<int>(logits.size()); ++other)
    if (other != right && !(logits[other] < logits[right])) return false;
  return true;
}

template <Field T>
typename TokenRunner<T>::State read_bits(const TokenRunner<T>& runner, const std::vector<int>& bits) {
  auto state = runner.start();
  runner.feed(state, bits_words(bits));
  return state;
}

}  // namespace

Outcome check_recall_exhaustive(const BuiltModel& model) {
  const int largest = std::min(6, largest_index(model) + 1);
  const auto runner = token_runner<Rational>(model);
  Cases cases;
  for (int m = 1; m <= largest; ++m)
    for (int string = 0; string < 1 << m; ++string) {
      std::vector<int> bits(m);
      for (int i = 0; i < m; ++i) bits[i] = string >> i & 1;
      const auto state = read_bits(runner, bits);
      for (int i = 0; i < m; ++i)
        cases.expect(recalls(runner, state, bits, i),
                     [&] { return fmt::format("`{}`: `{}` is not answered {}", bits_words(bits), index_words(i), bits[i]); });
    }
  return cases.done(fmt::format("every bit string and index up to {} bits, in rational numbers", largest));
}

Outcome check_recall_samples(const BuiltModel& model) {
  const auto runner = token_runner<Rational>(model);
  Cases cases;
  std::vector<int> longest;  // whose gaps are the smallest
  for (const int m : {16, 64, 128}) {
    if (m > largest_index(model) + 1) continue;
    for (int example = 0; example < 2; ++example) {
      Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(m), example);
      std::vector<int> bits(m);
      for (int& bit : bits) bit = static_cast<int>(rng.below(2));
      const auto state = read_bits(runner, bits);
      for (int i = 0; i < m; i += m / 16)
        cases.expect(recalls(runner, state, bits, i), [&] { return fmt::format("{} bits: bit {} is not recalled", m, i); });
      longest = runner.tokens(bits_words(bits) + " " + index_words(m - 1));
    }
  }
  std::vector<HeadGap> heads = head_gaps<Rational>(model, longest);
  expect_gaps(cases, heads);
  Outcome outcome = cases.done("random strings of up to 128 bits, 16 indexes of each, in rational numbers; gaps of the heads");
  outcome.heads = std::move(heads);
  return outcome;
}

namespace {

/// Whether p-bit arithmetic recalls every bit of m: string e_i differs from its neighbours at i, so any confusion shows.
bool recalls_all(const BuiltModel& model, int m, int p) {
  const TokenRunner<LogFloat> runner(model, weights_as_log_float(model.spec, model.weights, p));
  for (int i = 0; i < m; ++i) {
    std::vector<int> bits(m, 0);
    bits[i] = 1;
    if (!recalls(runner, read_bits(runner, bits), bits, i)) return false;
  }
  return true;
}

}  // namespace

Outcome check_recall_bits(const BuiltModel& model) {
  Cases cases;
  std::string found;
  constexpr int most_bits = 26;
  for (const int m : {8, 16, 32}) {
    const int law = 4 * std::bit_width(static_cast<unsigned>(m) - 1) + 2;  // 4 log2 m + 2
    int p = 2;
    while (p <= law + 1 && !recalls_all(model, m, p)) ++p;
    cases.expect(p >= law - 1 && p <= law + 1, [&] { return fmt::format("m = {}: not within one of {} bits", m, law); });
    for (int more = p + 1; more <= most_bits; ++more)
      cases.expect(recalls_all(model, m, more), [&] { return fmt::format("m = {}: {} bits do, {} do not", m, p, more); });
    found += fmt::format("m = {}: {} bits, ", m, p);
  }
  constexpr int limit = 47;
  cases.expect(recalls_all(model, limit, 24), [] { return "24 bits do not recall all of 47"; });
  cases.expect(!recalls_all(model, limit + 1, 24), [] { return "24 bits recall all of 48"; });
  return cases.done(found +
                    fmt::format("and every p from there to {}; 24 bits: all of {}, not all of {}", most_bits, limit, limit + 1));
}

}  // namespace separatrix
