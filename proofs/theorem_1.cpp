// Theorem 1 of the paper, the constructive half: a hybrid with one alternation solves state-based recall, in either order.
// Here on programs: all small ones (Definition 2), examples of the task with all its reveals, and long ones.
#include <bit>
#include <numeric>

#include "proofs/head_gaps.h"
#include "proofs/pointer_programs.h"
#include "proofs/residuals.h"
#include "proofs/shared_prefix.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

using Runner = TokenRunner<RootTwo>;

/// Whether the logit of `want` is above every other one by at least 1.
bool says(const Runner& runner, const Row<RootTwo>& logits, const std::string& want) {
  const int right = runner.id(want);
  for (int i = 0; i < static_cast<int>(logits.size()); ++i)
    if (i != right && logits[right] - logits[i] < RootTwo(1)) return false;
  return true;
}

void expect_bit(Cases& cases, const Runner& runner, const Runner::State& state, const PointerProgram& p, int v) {
  const Row<RootTwo> logits = runner.logits_after(state, bit_question(variable_name(v)));
  cases.expect(says(runner, logits, std::to_string(p.bit(v))), [&] {
    return fmt::format("bits {}, pointers {}, {} swaps: bits[{}] is answered {} (or too closely) instead of {}",
                       values_text(p.bits), values_text(p.pointers), p.swaps.size(), variable_name(v), runner.answer(logits),
                       p.bit(v));
  });
}

/// Asks for bits[a] after every word of at most `swaps_left` more transpositions.
void all_words(Cases& cases, const Runner& runner, const Runner::State& state, PointerProgram& p, int swaps_left) {
  expect_bit(cases, runner, state, p, 0);
  if (swaps_left == 0 || cases.failures() > 0) return;
  for (int x = 0; x < kPointerVariables; ++x)
    for (int y = x + 1; y < kPointerVariables; ++y) {
      auto next = state;
      runner.feed(next, swap_words(x, y));
      p.swaps.push_back({x, y});
      all_words(cases, runner, next, p, swaps_left - 1);
      p.swaps.pop_back();
    }
}

struct Header {
  std::vector<int> tokens;
  PointerProgram program;
};

std::vector<Header> in_order_of_tokens(std::vector<Header> headers) {
  std::sort(headers.begin(), headers.end(), [](const Header& a, const Header& b) { return a.tokens < b.tokens; });
  return headers;
}

/// Every string x of m bits with all pointers p.
std::vector<Header> all_headers(const Runner& runner, const TaskOptions& options, int m) {
  std::vector<Header> headers;
  for (int string = 0; string < 1 << m; ++string)
    for (const Values& pointers : all_lists(kPointerVariables, m)) {
      const PointerProgram p{bits_of(string, m), pointers, {}};
      headers.push_back({runner.tokens(header_words(p, options)), p});
    }
  return in_order_of_tokens(std::move(headers));
}

/// Strings of m bits in which every pointer is told from every other and has both bits: those of position + 1.  Each with all
/// pointers, five at a time.
std::vector<Header> pointer_headers(const Runner& runner, const TaskOptions& options, int m) {
  std::vector<Header> headers;
  for (int j = 0; j < std::bit_width(static_cast<unsigned>(m + 1)); ++j) {
    PointerProgram p;
    for (int i = 0; i < m; ++i) p.bits.push_back(i + 1 >> j & 1);
    for (int first = 0; first < m; first += kPointerVariables) {
      p.pointers.clear();
      for (int v = 0; v < kPointerVariables; ++v) p.pointers.push_back((first + v) % m);
      headers.push_back({runner.tokens(header_words(p, options)), p});
    }
  }
  return in_order_of_tokens(std::move(headers));
}

/// All words of at most `swaps` transpositions after each of these headers.  Wrong weights may ask for the impossible: a failed
/// case.
Outcome all_words_after(const Runner& runner, std::span<Header> headers, int swaps) try {
  Cases cases;
  SharedPrefix<RootTwo> shared(runner);
  for (Header& h : headers)
    if (cases.failures() == 0) all_words(cases, runner, shared.after(h.tokens), h.program, swaps);
  return cases.done("");
} catch (const NeedsReal&) {
  throw;
} catch (const Error& error) {
  return {1, 1, error.what()};
}

/// All words of at most `swaps` transpositions after each of these headers.
void all_programs(Cases& cases, const Runner& runner, std::vector<Header> headers, int swaps) {
  constexpr std::size_t kParts = 32;  // however many threads there are, so that failures are counted alike
  std::vector<Outcome> outcomes(kParts);
#pragma omp parallel for schedule(dynamic)
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::size_t begin = headers.size() * part / kParts, end = headers.size() * (part + 1) / kParts;
    outcomes[part] = all_words_after(runner, std::span(headers).subspan(begin, end - begin), swaps);
  }
  for (const Outcome& o : outcomes) cases.include(o);
}

Outcome check_small(const BuiltModel& model, int bits, int swaps) {
  most_bits(model);
  const Runner runner = token_runner<RootTwo>(model);
  Cases cases;
  for (int m = 1; m <= bits && cases.failures() == 0; ++m)
    all_programs(cases, runner, all_headers(runner, model.options, m), swaps);
  return cases.done(
      fmt::format("every string of at most {} bits, all pointers, every word of at most {} swap{}; logit gap at least 1", bits,
                  swaps, swaps == 1 ? "" : "s"));
}

/// Every pointer into strings of each of these lengths: a model that reads another position in its place answers one of them
/// wrongly.
Outcome check_pointers(const BuiltModel& model, const std::vector<int>& lengths) {
  const Runner runner = token_runner<RootTwo>(model);
  Cases cases;
  for (const int m : lengths)
    if (cases.failures() == 0) all_programs(cases, runner, pointer_headers(runner, model.options, m), 1);
  return cases.done(
      fmt::format("every pointer into {} lengths up to {} bits, every word of at most 1 swap", lengths.size(), lengths.back()));
}
/// 1 to 8, doubled as long as it is below `most`, and that.
Outcome check_pointers_up_to(const BuiltModel& model, int most) {
  std::vector<int> lengths;
  for (int m = 1; m < most; m += m < 8 ? 1 : m) lengths.push_back(m);
  lengths.push_back(most);
  return check_pointers(model, lengths);
}

/// Every answer of an example, reveals included.
void expect_answers(Cases& cases, const Runner& runner, const Task& task, const Example& example) {
  auto state = runner.start();
  std::size_t next = 0;
  for (std::size_t t = 0; t + 1 < example.tokens.size() && cases.failures() == 0; ++t) {
    if (next == example.answers.size() || example.answers[next].position != static_cast<int>(t) + 1) {
      runner.feed(state, example.tokens[t]);
      continue;
    }
    const Row<RootTwo> logits = runner.logits(state, example.tokens[t]);
    const std::string want = task.vocabulary()[example.answers[next++].id];
    cases.expect(says(runner, logits, want), [&] {
      return fmt::format("answer {} of\n{}\nis {} (or too close) instead of {}", next, example.text, runner.answer(logits), want);
    });
  }
}

void expect_long_word(Cases& cases, const Runner& runner, const TaskOptions& options, int bits, int swaps, int index) {
  Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(swaps), index);
  PointerProgram p;
  for (int i = 0; i < bits; ++i) p.bits.push_back(static_cast<int>(rng.below(2)));
  for (int v = 0; v < kPointerVariables; ++v) p.pointers.push_back(static_cast<int>(rng.below(bits)));
  auto state = runner.start();
  runner.feed(state, header_words(p, options));
  for (int i = 0; i < swaps; ++i) {
    const auto [x, y] = random_swap_of(rng, kPointerVariables);
    runner.feed(state, swap_words(x, y));
    p.swaps.push_back({x, y});
  }
  for (int v = 0; v < kPointerVariables; ++v) expect_bit(cases, runner, state, p, v);
}

}  // namespace

Outcome check_theorem_1_small(const BuiltModel& model) {
  return check_small(model, 2, 1);
}

Outcome check_theorem_1_small_deep(const BuiltModel& model) {
  return check_small(model, 3, 2);
}

Outcome check_theorem_1_pointers(const BuiltModel& model) {
  return check_pointers_up_to(model, most_bits(model));
}

/// For pointers of many tokens, which no embedding of their own reads.
Outcome check_theorem_1_pointers_spelled(const BuiltModel& model) {
  return check_pointers_up_to(model, std::min(32, most_bits(model)));
}

Outcome check_theorem_1_pointers_deep(const BuiltModel& model) {
  std::vector<int> lengths(most_bits(model));
  std::iota(lengths.begin(), lengths.end(), 1);
  return check_pointers(model, lengths);
}

Outcome check_theorem_1_examples(const BuiltModel& model) {
  const Runner runner = token_runner<RootTwo>(model);
  Cases cases;
  for (const TaskOptions& more : {TaskOptions{}, {{"warmup_reveals", "3"}, {"strict", "0"}}}) {
    TaskOptions options = model.options;
    options.insert(more.begin(), more.end());
    const auto task = make_task(model.task, options);
    for (const int n : {1, 5, 16, 40})
      for (int i = 0; i < 3 && cases.failures() == 0; ++i)
        expect_answers(cases, runner, *task, task->sample(1, Purpose::report, n, i));
  }
  const Example example = make_task(model.task, model.options)->sample(1, Purpose::report, 16, 0);
  std::vector<HeadGap> heads = head_gaps<RootTwo>(model, {example.tokens.begin(), example.tokens.end()});
  expect_gaps(cases, heads);
  Outcome outcome =
      cases.done("every answer, reveals of bits and pointers included, in examples of 1 to 40 swaps and bits drawn by the task");
  outcome.heads = std::move(heads);
  return outcome;
}

Outcome check_theorem_1_long_words(const BuiltModel& model) {
  const Runner runner = token_runner<RootTwo>(model);
  Cases cases;
  const int most = most_bits(model);
  expect_long_word(cases, runner, model.options, std::min(100, most), 40, 0);
  expect_long_word(cases, runner, model.options, std::min(5, most), 160, 1);
  return cases.done("random programs of 100 bits and 40 swaps, of 5 bits and 160 swaps, every variable asked");
}

namespace {

Outcome very_long_words(const BuiltModel& model) {
  const Runner runner = token_runner<RootTwo>(model);
  Cases cases;
  expect_long_word(cases, runner, model.options, 256, 1024, 0);
  expect_long_word(cases, runner, model.options, 256, 4096, 0);
  return cases.done("random programs of 256 bits and up to 4096 swaps, every variable asked");
}

}  // namespace

Outcome check_very_long_words_delta_rule_first() {
  return very_long_words(build_state_based_recall_delta_rule_first(256));
}

Outcome check_very_long_words_delta_rule_first_unary() {
  return very_long_words(build_state_based_recall_delta_rule_first_unary(256));
}

Outcome check_very_long_words_delta_rule_first_binary() {
  return very_long_words(build_state_based_recall_delta_rule_first_binary(256));
}

Outcome check_very_long_words_attention_first() {
  return very_long_words(build_state_based_recall_attention_first(256));
}

Outcome check_very_long_words_attention_first_unary() {
  return very_long_words(build_state_based_recall_attention_first_unary(256));
}

Outcome check_very_long_words_pointers_first() {
  return very_long_words(build_state_based_recall_pointers_first(256));
}

namespace {

Outcome unique_hard(const BuiltModel& given, int bits, int swaps) {
  Cases cases;
  for (const Score score : {Score::leftmost, Score::rightmost}) {
    BuiltModel model = given;
    for (Block& block : model.spec.blocks)
      if (auto* attention = std::get_if<Attention>(&block.mixer)) attention->score = score;
    const Runner runner = token_runner<RootTwo>(model);
    for (int m = 1; m <= bits; ++m) all_programs(cases, runner, all_headers(runner, model.options, m), swaps);
  }
  return cases.done("the same small programs with leftmost and with rightmost hard attention");
}

}  // namespace

Outcome check_theorem_1_unique_hard(const BuiltModel& model) {
  return unique_hard(model, 2, 1);
}

Outcome check_theorem_1_unique_hard_deep(const BuiltModel& model) {
  return unique_hard(model, 3, 2);
}

}  // namespace separatrix
