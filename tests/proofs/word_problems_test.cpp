#include "proofs/rational_turns.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

/// The construction with one number changed.
BuiltModel changed(BuiltModel model, const std::string& weight, std::size_t index, const Exact& value) {
  REQUIRE(!(model.weights[weight][index] == value));
  model.weights[weight][index] = value;
  return model;
}

bool holds(const std::string& claim, const BuiltModel& model) {
  return check(find_claim(claim), model).holds();
}

const std::string first = "model.layers.0.linear_attn.", second = "model.layers.1.linear_attn.";

}  // namespace

TEST_CASE("a wrong gate, key, value or read-out of a word problem's model is found by its closure") {
  const std::size_t width = build_permutations_by_swaps(5).spec.width;
  const auto s5 = [&](const std::string& weight, std::size_t index, const Exact& value) {
    return holds("s5_all_lengths", changed(build_permutations_by_swaps(5), weight, index, value));
  };
  CHECK(!s5(first + "a_proj.weight", 0, Rational(999, 1000)));          // head 0 forgets
  CHECK(!s5(first + "b_proj.weight", 2, Rational(999, 1000)));          // head 0 reflects by a little less
  CHECK(!s5(first + "k_proj.weight", 3, RootTwo(0, Rational(-1, 2))));  // head 0: the sign of key_0
  CHECK(!s5(first + "v_proj.weight", width + 1, 0));                    // head 1 is empty
  CHECK(!s5("lm_head.weight", 3 * width + 3 + 5, 5));                   // the identity reads point 1 at 5
  CHECK(!holds("s5_long_word", changed(build_permutations_by_swaps(5), first + "b_proj.weight", 2, Rational(1, 2))));
  CHECK(!holds("parity_all_lengths", changed(build_parity_by_sign_flip(2), first + "b_proj.weight", 2, Rational(1, 2))));
  CHECK(!holds("counter_all_lengths", changed(build_counter_by_mirrors(6), first + "k_proj.weight", 0, 0)));
  CHECK(!holds("a5_all_lengths", changed(build_icosahedron_by_mirrors(3), first + "k_proj.weight", 3, 2)));
  CHECK(!holds("a5_long_word", changed(build_icosahedron_by_mirrors(3), first + "b_proj.weight", 2, Rational(9, 10))));
}

TEST_CASE("without negative eigenvalues no model of a word problem is right") {
  for (const auto& [claim, built] : {std::pair{"parity_all_lengths", build_parity_by_sign_flip(2)},
                                     {"counter_all_lengths", build_counter_by_mirrors(6)},
                                     {"s5_all_lengths", build_permutations_by_swaps(5)},
                                     {"a5_all_lengths", build_icosahedron_by_mirrors(3)}}) {
    BuiltModel weakened = built;
    for (Block& block : weakened.spec.blocks) std::get<GatedDeltaRule>(block.mixer).neg_eigval = false;
    CHECK(!holds(claim, weakened));
  }
}

TEST_CASE("the delayed model is wrong with a wrong phase, a wrong product or a shorter wait") {
  const auto built = build_permutations_by_delayed_swaps(5);
  // half_sign flips at every token instead of every other one.
  const std::size_t sign = 3 + 5 + 5;
  CHECK(!holds("s5_block_delay_products", changed(built, second + "b_proj.weight", sign, 0)));
  CHECK(!holds("s5_block_delay_products", changed(built, "model.layers.0.mlp.up_proj.weight", 0, 0)));
  CHECK(!holds("s5_block_delay_long_word", changed(built, "model.layers.2.linear_attn.a_proj.weight", 0, 0)));
  BuiltModel hasty = built;
  hasty.options["padding"] = std::string("4");
  CHECK(!holds("s5_block_delay_long_word", hasty));
}

TEST_CASE("the orders of rational turns are no others, neither more nor fewer") {
  CHECK(check_rational_turns({0, 1, 2, 4}, {0, 1, 2, 3, 4, 6}).holds());
  CHECK(!check_rational_turns({0, 1, 2, 3, 4, 6}, {0, 1, 2, 3, 4, 6}).holds());
  CHECK(!check_rational_turns({0, 1, 2, 4}, {0, 1, 2, 4}).holds());
}

TEST_CASE("counters are built for 2, 3, 4 and 6, and each one counts") {
  for (const int k : {2, 3, 4, 6}) CHECK(holds("counter_all_lengths", build_counter_by_mirrors(k)));
  CHECK_THROWS_AS(build_counter_by_mirrors(5), Error);
  for (const int n : {2, 3, 4}) CHECK(holds("s5_all_lengths", build_permutations_by_swaps(n)));
  CHECK(!holds("s5_all_lengths", build_swaps_by_delta_rule(5)));  // of another task
}
