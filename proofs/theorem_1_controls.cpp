// Theorem 1, controls: each part of the construction is needed.  The same weights without negative eigenvalues, without attention
// or without the delta rule give one answer to two questions of different truth.
#include "proofs/claim.h"
#include "proofs/pointer_programs.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

using Runner = TokenRunner<RootTwo>;

/// Bits (0, 1), where variable v alone points at the 1.
PointerProgram only(int v) {
  PointerProgram p{{0, 1}, Values(kPointerVariables, 0), {}};
  p.pointers[v] = 1;
  return p;
}

/// A model and the options of its task.
struct Asked {
  Runner runner;
  TaskOptions options;
  explicit Asked(const BuiltModel& model) : runner(token_runner<RootTwo>(model)), options(model.options) {}
};

Row<RootTwo> asked(const Asked& model, const PointerProgram& p, int v) {
  const Runner& runner = model.runner;
  auto state = runner.start();
  runner.feed(state, header_words(p, model.options));
  for (const auto& [x, y] : p.swaps) runner.feed(state, swap_words(x, y));
  return runner.logits_after(state, bit_question(variable_name(v)));
}

/// Both programs get the same answer, although their truths differ.
void expect_same_answer(Cases& cases, const Asked& model, const std::pair<PointerProgram, int>& one,
                        const std::pair<PointerProgram, int>& other) {
  const std::string a = model.runner.answer(asked(model, one.first, one.second)),
                    b = model.runner.answer(asked(model, other.first, other.second));
  cases.expect(one.first.bit(one.second) != other.first.bit(other.second) && a == b, [&] {
    return fmt::format("bits {}, pointers {}, {} swaps: still answered {}, and the other program {}", values_text(one.first.bits),
                       values_text(one.first.pointers), one.first.swaps.size(), a, b);
  });
}

/// The model with every output projection of one kind of mixer set to 0.
template <class Settings>
BuiltModel without(BuiltModel model) {
  most_bits(model);
  bool found = false;
  for (std::size_t i = 0; i < model.spec.blocks.size(); ++i) {
    if (!std::holds_alternative<Settings>(model.spec.blocks[i].mixer)) continue;
    const char* mixer = std::is_same_v<Settings, Attention> ? "self_attn" : "linear_attn";
    for (Exact& x : model.weights[fmt::format("model.layers.{}.{}.o_proj.weight", i, mixer)]) x = 0;
    found = true;
  }
  if (!found) fail("the model has no such layer to remove");
  return model;
}

}  // namespace

Outcome check_needs_negative_eigenvalues(const BuiltModel& given) {
  most_bits(given);
  BuiltModel weaker = given;
  GatedDeltaRule* swapping = nullptr;  // the last delta-rule layer
  for (Block& block : weaker.spec.blocks)
    if (auto* delta = std::get_if<GatedDeltaRule>(&block.mixer)) swapping = delta;
  if (!swapping) fail("the model has no delta rule");
  swapping->neg_eigval = false;
  const Asked model(weaker);
  Cases cases;
  for (int x = 0; x < kPointerVariables; ++x)
    for (int y = 0; y < kPointerVariables; ++y) {
      if (x == y) continue;
      PointerProgram p = only(x);
      p.swaps.push_back({x, y});
      expect_same_answer(cases, model, {p, x}, {p, y});
      cases.expect(asked(model, p, x) == asked(model, p, y), [&] { return fmt::format("the logits of {} and {} differ", x, y); });
    }
  return cases.done("after one swap of different bits both variables give equal logits, for each pair");
}

Outcome check_needs_attention(const BuiltModel& given) {
  const Asked model(without<Attention>(given));
  Cases cases;
  for (int string = 0; string < 8; ++string)
    for (int v = 0; v < kPointerVariables; ++v) {
      PointerProgram p{bits_of(string, 3), {2, 0, 1, 0, 2}, {}}, complement{bits_of(7 - string, 3), p.pointers, {}};
      expect_same_answer(cases, model, {p, v}, {complement, v});
    }
  return cases.done("every string of 3 bits is answered like its complement");
}

Outcome check_needs_delta_rule(const BuiltModel& given) {
  const Asked model(without<GatedDeltaRule>(given));
  Cases cases;
  for (int x = 0; x < kPointerVariables; ++x)
    for (int y = 0; y < kPointerVariables; ++y) {
      if (x == y) continue;
      PointerProgram p = only(x), after = p;
      after.swaps.push_back({x, y});
      expect_same_answer(cases, model, {p, x}, {after, x});
    }
  return cases.done("the answer before a swap of different bits is the answer after it, for each pair");
}

}  // namespace separatrix
