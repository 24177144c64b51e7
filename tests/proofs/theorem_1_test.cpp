// Mutations of the constructions for state-based recall: every statement about them must fail on some.
#include "constructions/construction.h"
#include "proofs/claim.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

struct Change {
  std::string weight;
  std::size_t index;
  RootTwo value;
};

Outcome changed(const std::string& claim, BuiltModel model, const std::vector<Change>& changes) {
  for (const Change& c : changes) {
    REQUIRE(model.weights[c.weight][c.index] != c.value);
    model.weights[c.weight][c.index] = c.value;
  }
  return check(find_claim(claim), model);
}

const std::string kBlock = "model.layers.";

}  // namespace

TEST_CASE("statements about the delta rule before attention fail when one weight is wrong") {
  const BuiltModel built = build_state_based_recall_delta_rule_first(64);
  const std::vector<Change> changes = {
      {kBlock + "1.linear_attn.k_conv1d.weight", 0, 0},                       // `a, c = c, a` sees a only once
      {kBlock + "1.linear_attn.b_proj.weight", 15, RootTwo(Rational(1, 2))},  // a swap erases
      {kBlock + "2.self_attn.k_proj.weight", 8, 0},                           // commas are not counted
      {"lm_head.weight", (11 + 5) * 29, 3},                                   // 0 is said too often
  };
  for (const char* claim :
       {"theorem_1_delta_rule_first_small", "theorem_1_delta_rule_first_unique_hard", "theorem_1_delta_rule_first_examples",
        "theorem_1_delta_rule_first_long_words", "theorem_1_delta_rule_first_all_lengths"}) {
    for (const Change& change : changes) {
      const Outcome o = changed(claim, built, {change});
      INFO(claim << " " << change.weight << ": " << o.detail);
      CHECK(!o.holds());
      CHECK(!o.detail.empty());
    }
  }
}

TEST_CASE("the closure finds a key that would win only after the header") {
  // Tokens outside the list stay in the plane of the query: some token of a reveal points at an entry's direction.
  const Outcome o =
      changed("theorem_1_delta_rule_first_all_lengths", build_state_based_recall_delta_rule_first(16),
              {{kBlock + "2.self_attn.k_proj.weight", 2 * 29 + 0, 0}, {kBlock + "2.self_attn.k_proj.weight", 2 * 29 + 12, 0}});
  INFO(o.detail);
  CHECK(!o.holds());
}

TEST_CASE("statements about attention before the delta rule fail when one weight is wrong") {
  const BuiltModel built = build_state_based_recall_attention_first(64);
  const std::size_t width = built.spec.width;
  const std::vector<Change> changes = {
      {kBlock + "2.linear_attn.k_conv1d.weight", 0, 0},
      {kBlock + "1.self_attn.k_proj.weight", 3 * width + 8, 0},              // commas are not counted
      {kBlock + "2.linear_attn.b_proj.weight", 7, RootTwo(Rational(1, 2))},  // a swap erases
  };
  for (const char* claim : {"theorem_1_attention_first_small", "theorem_1_attention_first_examples",
                            "theorem_1_attention_first_long_words", "theorem_1_attention_first_all_lengths"})
    for (const Change& change : changes) {
      const Outcome o = changed(claim, built, {change});
      INFO(claim << " " << change.weight << ": " << o.detail);
      CHECK(!o.holds());
    }
}

TEST_CASE("the closure with attention first finds a key that might win after the header, and an average that is read") {
  const auto fails_by_history = [](const std::vector<Change>& changes) {
    const Outcome o = changed("theorem_1_attention_first_all_lengths", build_state_based_recall_attention_first(16), changes);
    INFO(o.detail);
    CHECK_THAT(o.detail, Catch::Matchers::Contains("depends on the history"));
    CHECK(!o.holds());
  };
  const std::size_t width = build_state_based_recall_attention_first(16).spec.width;
  // The third key channel, 1 outside the list, is gone; the bracket's value reads the commas / (t + 1).
  fails_by_history({{kBlock + "1.self_attn.k_proj.weight", 5 * width, 0}});
  fails_by_history({{kBlock + "2.linear_attn.v_proj.weight", 4 * width + 8, 1}});
}

TEST_CASE("a control fails on weights that do without the part it takes away") {
  const BuiltModel built = build_state_based_recall_delta_rule_first(16);
  // beta = 2 swaps even where beta counts once.
  CHECK(!changed("theorem_1_delta_rule_first_needs_negative_eigenvalues", built, {{kBlock + "1.linear_attn.b_proj.weight", 15, 2}})
             .holds());
  // The second head of block 0 adds up all numbers and writes the sum where the bit is expected.
  std::vector<Change> sums = {{kBlock + "0.linear_attn.o_proj.weight", 17 * 6 + 3, 1}};
  for (const std::size_t column : {2, 19, 20, 21, 22, 23}) sums.push_back({kBlock + "0.linear_attn.b_proj.weight", 29 + column, 0});
  CHECK(!changed("theorem_1_delta_rule_first_needs_attention", built, sums).holds());
  // The read-out depends on the number of tokens, by the attention's average over all of them.
  CHECK(!changed("theorem_1_delta_rule_first_needs_delta_rule", built,
                 {{kBlock + "2.mlp.up_proj.weight", 17, 30}, {kBlock + "2.mlp.up_proj.weight", 0, 0}})
             .holds());
  CHECK(!changed("theorem_1_attention_first_needs_negative_eigenvalues", build_state_based_recall_attention_first(16),
                 {{kBlock + "2.linear_attn.b_proj.weight", 7, 2}})
             .holds());
}

TEST_CASE("a statement about state-based recall refuses a model of another task") {
  for (const Claim& claim : claims())
    if (claim.name.starts_with("theorem_1_") && !claim.construction.empty())
      CHECK(!check(claim, build_recall_by_attention(8)).holds());
}

TEST_CASE("statements about delta rules alone, pointers first, fail when one weight is wrong") {
  const BuiltModel built = build_state_based_recall_pointers_first(64);
  const std::size_t width = built.spec.width;
  const std::vector<Change> changes = {
      {kBlock + "3.linear_attn.k_conv1d.weight", 0, 0},              // `a, c = c, a` sees a only once
      {kBlock + "1.mlp.up_proj.weight", 28, 0},                      // the first pointer is compared with 0
      {kBlock + "3.linear_attn.b_proj.weight", 13, Rational(1, 2)},  // a swap erases
  };
  REQUIRE(width == 48);
  for (const char* claim : {"lemma_2_pointers_first_small", "lemma_2_pointers_first_examples", "lemma_2_pointers_first_long_words"})
    for (const Change& change : changes) {
      const Outcome o = changed(claim, built, {change});
      INFO(claim << " " << change.weight << ": " << o.detail);
      CHECK(!o.holds());
    }
}
