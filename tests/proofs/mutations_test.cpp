// Every statement fails when one thing is wrong: one number of its model, one constant, or one rule of its argument.
// A new statement needs a line here.
#include "constructions/barrington.h"
#include "proofs/balanced_programs.h"
#include "proofs/barrington.h"
#include "proofs/dyadic_keys.h"
#include "proofs/integer_formulas.h"
#include "proofs/layer_norm_hash.h"
#include "proofs/lemma_1.h"
#include "proofs/lemma_2.h"
#include "proofs/padded_formulas.h"
#include "proofs/rational_turns.h"
#include "proofs/register_programs.h"
#include "proofs/rounded_steps.h"
#include "proofs/swap_operators.h"
#include "tests/catch.h"
#include "tests/proofs/scaling_mutations.h"

using namespace separatrix;

namespace {

const std::string kLayer = "model.layers.";

/// The model with the n-th of the numbers of a weight that are not 0 set to `value`.
BuiltModel wrong(BuiltModel model, const std::string& weight, const Exact& value, int n = 0) {
  for (Exact& x : model.weights[weight])
    if (!(x == 0) && n-- == 0) {
      x = value;
      return model;
    }
  throw Error("the weight has not that many numbers");
}

/// An Error on the way is a failure, as it is for `verify`.
Outcome outcome_of(const Mutation& mutation) try { return mutation(); } catch (const Error& error) {
  return {1, 1, error.what()};
}

/// The statement about this model.
Mutation about(const std::string& claim, const BuiltModel& model) {
  return [=] { return check(find_claim(claim), model); };
}

struct Change {
  std::string weight;
  std::size_t index;
  Exact value;
};

BuiltModel with(BuiltModel model, const std::vector<Change>& changes) {
  for (const Change& c : changes) model.weights[kLayer + c.weight][c.index] = c.value;
  return model;
}

/// Up to token 37 every position says 0, then 1: what the model answers depends on the number of tokens alone.
BuiltModel with_positions(const BuiltModel& model) {
  BuiltModel out = model;
  out.spec.learned_positions = 64;
  out.weights = Weights<Exact>(out.spec);
  for (const Parameter& p : model.weights.layout()) {
    const auto values = model.weights[p.name];
    std::copy(values.begin(), values.end(), out.weights[p.name].begin());
  }
  const auto says_one = out.weights["lm_head.weight"].subspan((11 + 5 + 1) * out.spec.width, out.spec.width);
  const auto content = std::find(says_one.begin(), says_one.end(), Exact(1)) - says_one.begin();
  for (int t = 0; t < 64; ++t) out.weights["model.position_embeddings.weight"][t * out.spec.width + content] = t <= 37 ? -1 : 1;
  return out;
}

void add_swaps(Mutations& m) {
  const RootTwo half(Rational(1, 2));
  const std::string layer = kLayer + "0.linear_attn.";
  m["swap_operator"] = [=] { return check_swap_operator(half); };
  m["lazy_walk"] = [=] { return check_lazy_walk_of(half); };
  m["open_interval_swap"] = [=] { return check_open_interval_of(half); };
  m["lazy_walk_horizon"] = [] { return check_horizons([](int b) { return std::log(2.0) / -std::log(std::tanh(b)); }, {4}); };
  m["dyadic_swap_words"] = [] { return check_dyadic_words_of(Rational(1, 3), 2000); };
  m["open_interval_words"] = [] { return check_open_interval_words_of(Rational(1, 3)); };
  m["rounded_swap_keys"] = [] { return check_rounded_keys_against([](int p) { return rounded_key_law(p) / 2; }); };
  m["saturated_gates"] = [] { return check_saturation_of_gates([](int p) { return p * std::log(2.0); }); };
  m["dyadic_swap_keys"] = [] { return check_dyadic_keys_of(Rational(1, 3)); };
  m["write_forms"] = [] { return check_written([](const Rational& v, const Rational&) { return v; }); };
  for (const char* claim : {"swaps_all_lengths", "swaps_short_programs", "swaps_task_examples", "swaps_long_words"})
    m[claim] = about(claim, wrong(build_swaps_by_delta_rule(5), layer + "k_conv1d.weight", 0));
  m["swaps_need_negative_eigenvalues"] =
      about("swaps_need_negative_eigenvalues", wrong(build_swaps_by_delta_rule(5), layer + "b_proj.weight", 2));
  for (const char* claim : {"swaps_trained_form", "swaps_trained_form_long"})
    m[claim] = about(claim, wrong(build_swaps_in_trained_form(5), layer + "k_conv1d.weight", 0));
}

void add_recall(Mutations& m) {
  m["hash_argmax"] = [] { return check_hash_gap([](int n) { return Rational(1, n * n - n + 2); }); };
  m["hash_temperature"] = [] { return check_temperature_against([](int n) { return 0.25 / std::pow(n, 4); }); };
  m["cheaper_keys"] = [] { return check_cheaper_keys_against([](int n) { return Rational(1, 2 * n); }); };
  m["hash_bits"] = [] { return check_hash_law([](int n) { return 3 * std::log2(n) + 2; }); };
  for (const char* claim : {"recall_short_strings", "recall_long_strings", "recall_bits"})
    m[claim] = about(claim, wrong(build_recall_by_attention(128), kLayer + "2.self_attn.k_proj.weight", 2));
}

/// The model that takes one number of its vocabulary for 0.
BuiltModel without_number(BuiltModel model, int number) {
  for (Exact& x : model.weights["model.embed_tokens.weight"])
    if (x == Exact(number)) x = 0;
  return model;
}

/// A name of a swap that is read once, and models that do without the part that a control takes away.
struct BrokenSolver {
  std::string prefix;
  BuiltModel unswapped, swaps_anyway, attends_elsewhere, counts_tokens;
  bool attends = true;
};

void add_solver(Mutations& m, const BrokenSolver& s) {
  for (const char* statement : {"_all_lengths", "_small", "_examples", "_long_words", "_unique_hard"}) {
    if (std::none_of(claims().begin(), claims().end(), [&](const Claim& c) { return c.name == s.prefix + statement; })) continue;
    m[s.prefix + statement] = about(s.prefix + statement, s.unswapped);
  }
  const std::string pointers = s.prefix + "_pointers";
  const bool spelled = s.unswapped.options.contains("pointers");
  m[pointers] =
      about(pointers, spelled ? s.unswapped : without_number(find_construction(find_claim(pointers).construction).build(128), 100));
  m[s.prefix + "_needs_negative_eigenvalues"] = about(s.prefix + "_needs_negative_eigenvalues", s.swaps_anyway);
  if (s.attends) m[s.prefix + "_needs_attention"] = about(s.prefix + "_needs_attention", s.attends_elsewhere);
  m[s.prefix + "_needs_delta_rule"] = about(s.prefix + "_needs_delta_rule", s.counts_tokens);
}

void add_delta_rule_first(Mutations& m) {
  const BuiltModel token = build_state_based_recall_delta_rule_first(128);
  const std::string swaps = kLayer + "1.linear_attn.b_proj.weight";
  // The second head of block 0 adds up all numbers, its index being never replaced, and writes the sum where the bit is expected.
  std::vector<Change> sums = {{"0.linear_attn.o_proj.weight", 17 * 6 + 3, 1}};
  for (const std::size_t column : {2, 19, 20, 21, 22, 23}) sums.push_back({"0.linear_attn.b_proj.weight", 29 + column, 0});
  // The read-out counts tokens by the attention's average over all of them.
  add_solver(m, {"theorem_1_delta_rule_first", wrong(token, kLayer + "1.linear_attn.k_conv1d.weight", 0),
                 with(token, {{"1.linear_attn.b_proj.weight", 15, 2}}), with(token, sums),
                 with(token, {{"2.mlp.up_proj.weight", 17, 30}, {"2.mlp.up_proj.weight", 0, 0}})});
  sums = {{"0.linear_attn.o_proj.weight", 17 * 20 + 5, 1}};
  for (const std::size_t column : {2, 20, 21, 22, 23, 24}) sums.push_back({"0.linear_attn.b_proj.weight", 40 + column, 0});
  for (const auto& [name, built, times] : {std::tuple{"unary", build_state_based_recall_delta_rule_first_unary(128), 45},
                                           {"binary", build_state_based_recall_delta_rule_first_binary(128), 50}})
    add_solver(m, {std::string("theorem_1_delta_rule_first_") + name, with(built, {{"0.linear_attn.v_conv1d.weight", 10 * 4, 0}}),
                   wrong(built, swaps, 2), with(built, sums),
                   with(built, {{"2.mlp.up_proj.weight", 17, times}, {"2.mlp.up_proj.weight", 0, 0}})});
}

void add_trained_form(Mutations& m) {
  const BuiltModel trained = build_state_based_recall_in_trained_form(128);
  for (const char* claim : {"theorem_1_trained_form", "theorem_1_trained_form_long"})
    m[claim] = about(claim, with(trained, {{"1.linear_attn.k_conv1d.weight", 0, 0}}));  // the first name of a swap, channel of `a`
}

void add_attention_first(Mutations& m) {
  const BuiltModel token = build_state_based_recall_attention_first(128),
                   unary = build_state_based_recall_attention_first_unary(128);
  // The second register of the head for brackets adds up all numbers.  The read-out sees the average of the first word.
  const auto sums = [](const BuiltModel& model, const std::string& block, int value_dim) {
    const std::size_t width = model.spec.width;
    return with(model, {{block + ".linear_attn.b_proj.weight", width, 0},
                        {block + ".linear_attn.k_proj.weight", 6 * width + 2, 1},
                        {block + ".linear_attn.v_proj.weight", value_dim * width + 1, 1}});
  };
  const auto seeing_first = [](BuiltModel model, std::size_t first, int times) {
    model.weights["lm_head.weight"][(11 + 5 + 1) * model.spec.width + first] = times;
    return model;
  };
  add_solver(m, {"theorem_1_attention_first", wrong(token, kLayer + "2.linear_attn.k_conv1d.weight", 0),
                 wrong(token, kLayer + "2.linear_attn.b_proj.weight", 2), sums(token, "2", 3), seeing_first(token, 9, 19)});
  add_solver(m, {"theorem_1_attention_first_unary", with(unary, {{"3.linear_attn.v_conv1d.weight", 0, 0}}),
                 wrong(unary, kLayer + "4.linear_attn.b_proj.weight", 2), sums(unary, "4", 2), seeing_first(unary, 12, 29)});
}

bool last_forgotten(const List& x, const List& y) {
  return std::equal(x.begin(), x.end() - 1, y.begin());
}
bool swaps_forgotten(const List& bits, List pointers, const Word&) {
  return bits[pointers[0]];
}
std::size_t without_constants(int n, int c) {
  std::size_t sum = 0;
  for (int r = c + 1; r >= 1; r -= 2)
    if (r <= n - c) sum += std::size_t{1} << (r == c + 1 ? c : r);
  return sum;
}
SwapWord three_transpositions(const Permutation& p) {
  SwapWord word = four_transpositions(p);
  word.erase(word.begin());
  return word;
}

void add_lemmas(Mutations& m) {
  m["lemma_1_reduction"] = [] { return check_reduction(three_transpositions); };
  m["lemma_2_recall_residuals"] = [] {
    return check_recall_residuals([](const List& bits, int index) { return index > 0 && bits[index] == 1; }, last_forgotten);
  };
  m["lemma_2_fooling_set"] = [] { return check_fooling_set(last_forgotten); };
  m["lemma_2_state_based_recall_residuals"] = [] { return check_state_based_recall_residuals(swaps_forgotten); };
  m["lemma_2_formula_residuals"] = [] { return check_formula_residuals(5, without_constants); };
  m["lemma_2_collisions_recall"] = [] { return check_collisions("recall", {40}); };
  m["lemma_2_collisions_state_based_recall"] = [] { return check_collisions("state_based_recall", {40}); };
  m["lemma_2_collisions_formulas"] = [] { return check_collisions("polish_formula", {40}); };
  m["lemma_2_saturation"] = [] {
    // A third of the old number is forgotten instead of a half.
    const BuiltModel memory = wrong(memory_model("recall", {"0", "1"}), kLayer + "0.linear_attn.b_proj.weight", Rational(1, 6));
    return check_saturation(memory, {4}, [](int p) { return (std::size_t{1} << (p - 1)) + 1; });
  };
  const BuiltModel pointers_first = build_state_based_recall_pointers_first(128);
  add_solver(m, {"lemma_2_pointers_first", wrong(pointers_first, kLayer + "3.linear_attn.k_conv1d.weight", 0),
                 with(pointers_first, {{"3.linear_attn.b_proj.weight", 13, 2}}), pointers_first, with_positions(pointers_first),
                 /*attends=*/false});
}

void add_word_problems(Mutations& m) {
  const std::string beta = kLayer + "0.linear_attn.b_proj.weight";
  m["parity_all_lengths"] = about("parity_all_lengths", wrong(build_parity_by_sign_flip(2), beta, Rational(1, 2)));
  m["counter_all_lengths"] =
      about("counter_all_lengths", wrong(build_counter_by_mirrors(6), kLayer + "1.linear_attn.k_proj.weight", 0));
  m["rational_turns"] = [] { return check_rational_turns({0, 1, 2, 4}, {0, 1, 2, 4}); };
  for (const char* claim : {"s5_all_lengths", "s5_long_word"})
    m[claim] = about(claim, wrong(build_permutations_by_swaps(5), beta, Rational(1, 2)));
  for (const char* claim : {"a5_all_lengths", "a5_long_word"})
    m[claim] = about(claim, wrong(build_icosahedron_by_mirrors(3), beta, Rational(9, 10)));
  for (const char* claim : {"s5_block_delay_products", "s5_block_delay_long_word"})
    m[claim] = about(claim, wrong(build_permutations_by_delayed_swaps(5), kLayer + "2.linear_attn.a_proj.weight", 0));
}

BarringtonTable wrong_table() {
  BarringtonTable table = barrington_table();
  table.and_gate[2].pop_back();
  return table;
}
std::vector<ReflectionStep> without_swap(const Shear& shear) {
  std::vector<ReflectionStep> steps = steps_of(shear);
  if (shear.factor > 0) steps.erase(steps.begin() + 1);
  return steps;
}
std::vector<ReflectionStep> sign_forgotten(const Shear& shear) {
  return steps_of({shear.from, shear.to, shear.factor * shear.factor});
}

void add_formulas(Mutations& m) {
  m["barrington_gates"] = [] { return check_barrington_gates(wrong_table()); };
  m["barrington_formulas"] = [] { return check_barrington_formulas(wrong_table(), 3); };
  m["barrington_by_swaps"] = [] { return check_barrington_programs(wrong_table(), build_swaps_by_delta_rule(5), 3); };
  m["barrington_shortest"] = [] { return check_barrington_minimum(product({{0, 1}}, 5)); };
  m["barrington_four_calls"] = [] {
    return check_single_calls([](const Permutation& gamma, const Permutation& d) { return then(d, gamma); });
  };
  m["shear_by_reflections"] = [] { return check_shears(without_swap); };
  m["integer_formulas"] = [] { return check_integer_formulas(without_swap); };
  m["integer_formulas_need_bits"] = [] { return check_integer_bits(sign_forgotten); };
  m["shears_need_states"] = [] { return check_shear_states({0, 1, 1}, {0, 2, 1}); };
  m["shears_collide"] = [] { return check_shear_collisions([](const Shear&) { return steps_of({0, 1, 0}); }); };
  m["shears_modulo_two"] = [] {
    return check_shears_modulo_two([](const Shear& s) { return SwapWord{{(1 << s.from) - 1, (1 << s.from | 1 << s.to) - 1}}; });
  };
  m["boolean_registers"] = [] { return check_boolean_registers([](int depth) { return static_cast<std::int64_t>(depth); }); };
  const auto exchanged = [] {
    padded::FormulaProgram program = padded::formula_program();
    std::swap(program.swaps.at({0, 1}), program.swaps.at({0, 2}));  // the leaf's two swaps
    return program;
  };
  m["padded_formulas"] = [=] { return check_seven_tokens(exchanged()); };
  m["padded_shapes"] = [=] { return check_shapes(exchanged()); };
  for (const char* claim : {"padded_layers", "padded_heads", "padded_bits"})
    m[claim] = about(claim, wrong(build_padded_formulas(1), kLayer + "3.self_attn.k_proj.weight", 5));
  m["balanced_programs"] = [] {
    return check_programs(0, 0, [](const FormulaTree& tree) {
      BalancedCode code = balanced_code(tree);
      code.leaf_at.begin()->second ^= 1;
      return code;
    });
  };
  m["balanced_codes"] = [] {
    return check_codes(5, 100, [](const FormulaTree& tree) {
      BalancedCode code = balanced_code(tree);
      ++code.levels;
      return code;
    });
  };
}

}  // namespace

TEST_CASE("every statement fails when one thing is wrong") {
  Mutations mutations;
  for (const auto add : {add_swaps, add_recall, add_delta_rule_first, add_trained_form, add_attention_first, add_lemmas,
                         add_word_problems, add_formulas, add_scaling})
    add(mutations);
  for (const Claim& claim : claims()) {
    INFO(claim.name);
    const auto found = mutations.find(claim.name);
    if (found == mutations.end()) {
      FAIL_CHECK(
          claim.name << " has no mutation here; add one thing that is wrong in its model or its argument, of which it must fail");
      continue;
    }
    const Outcome o = outcome_of(found->second);
    INFO(o.detail);
    CHECK(o.failures > 0);
    CHECK(!o.detail.empty());
    mutations.erase(found);
  }
  for (const auto& [name, mutation] : mutations) FAIL("no statement is called " << name);
}
