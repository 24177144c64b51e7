// State tracking by one gated-delta-rule layer in the form in which models are trained: pre-norm, short convolutions, SiLU, unit
// keys, sigmoid gates, values scaled by beta, gated RMSNorm of the output.  Head i follows one value: its state is the row e_i^T
// times swaps, one-hot at the variable that holds i now.
//   `range`         head i writes k = e_i
//   `a, c = c, a`   at `=`: SiLU(z_3) = 1/4 and SiLU(z_1) = -1/4 at the names 3 and 1 tokens before, so k = (e_a - e_c) / sqrt 2 up
//                   to rounding; beta = 2 sigmoid(40) rounds to 2: a swap up to the rounding of k
//   `assert a ==`   q = e_a; head i answers 1 when a holds i, and RMSNorm (eps 1e-5) keeps a rounded 0 small
// Elsewhere beta = 2 sigmoid(-40) < 1e-16 is lost in rounding.  Unlike the exact construction, words are followed only as far as
// rounding carries: `eval` measures how far.
#include "constructions/construction.h"
#include "constructions/trained_form.h"

namespace separatrix {
namespace {

Spec one_trained_layer(int variables) {
  GatedDeltaRule g;
  g.key_heads = g.value_heads = g.key_dim = g.value_dim = variables;
  Spec spec;
  spec.blocks.push_back({g, Mlp{0}, NormPlace::pre});
  return spec;
}

}  // namespace

BuiltModel build_swaps_in_trained_form(int variables) {
  const TaskOptions options{{"variables", std::to_string(variables)}};
  const auto task = make_task("state_tracking", options);
  const auto register_ = [](int j) { return fmt::format("register_{}", j); };
  const auto content = [](int j) { return fmt::format("content_{}", j); };
  std::vector<std::string> coordinates{"other", "loads", "swaps", "asks"};
  for (int j = 0; j < variables; ++j) coordinates.push_back(register_(j)), coordinates.push_back(content(j));
  fill_to_square(coordinates);

  WeightBuilder w(one_trained_layer(variables), task->vocabulary(), coordinates);
  w.embed_all({{"other", 1}});
  for (const auto& [token, name] : {std::pair{"range", "loads"}, {"=", "swaps"}, {"==", "asks"}})
    w.embed(token, {{"other", 0}, {name, 1}});
  for (int j = 0; j < variables; ++j) w.embed(std::string(1, static_cast<char>('a' + j)), {{"other", 0}, {register_(j), 1}});
  use_trained_norms(w, static_cast<int>(coordinates.size()));

  w.filter("0.q", {{1, 1}});
  w.filter("0.k", {{0, 1}, {1, silu_minus_quarter()}, {3, silu_plus_quarter()}});
  w.filter("0.v", {{0, 1}});
  for (int head = 0; head < variables; ++head) {
    for (int j = 0; j < variables; ++j) {
      w.reads("0.q", head * variables + j, {{register_(j), 1}});
      w.reads("0.k", head * variables + j, {{register_(j), 1}});
    }
    const int first = head * variables;  // channel 0 of the head's values
    w.reads("0.k", first + head, {{"loads", 1}});
    w.reads("0.v", first, {{"loads", 16}});
    w.reads("0.g", first, {{"asks", 4}});
    w.reads("0.b", head, {{"swaps", 40}, {"other", -40}, {"asks", -40}});
    for (int j = 0; j < variables; ++j) w.reads("0.b", head, {{register_(j), -40}});
    w.writes("0.o", content(head), {{first, 1}});
    w.logit(std::to_string(head), {{content(head), 1}});
  }
  return {w.spec(), w.weights(), "state_tracking", options};
}

}  // namespace separatrix
