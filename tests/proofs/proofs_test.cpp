#include <filesystem>

#include "constructions/construction.h"
#include "experiments/harness/built_model.h"
#include "models/io/whole_file.h"
#include "models/numbers/from_exact.h"
#include "proofs/check_all.h"
#include "proofs/claim.h"
#include "proofs/errata.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

/// The swap construction with one tap of the key's convolution changed: `a, c = c, a` no longer swaps a and c.
BuiltModel wrong_swap(const RootTwo& tap) {
  BuiltModel built = build_swaps_by_delta_rule(5);
  built.weights["model.layers.0.linear_attn.k_conv1d.weight"][2] = tap;  // channel of `a`, lag 1
  return built;
}

std::string temporary(const std::string& name) {
  return (std::filesystem::temp_directory_path() / name).string();
}

}  // namespace

TEST_CASE("every statement holds, and proofs/README.md and ERRATA.md are what verify writes") {
  std::vector<CheckedClaim> checked;
  std::vector<const Claim*> all;
  for (const Claim& claim : claims()) all.push_back(&claim);
  check_all(all, nullptr, Depth::usual, 2, [&](const Claim& claim, const Outcome& o, double) {
    INFO(claim.name << ": " << o.detail);
    CHECK(o.holds());
    checked.push_back({&claim, o});
  });
  CHECK(read_whole(std::string(SOURCE_DIR) + "/proofs/README.md") == proofs_readme(checked));
  CHECK(read_whole(std::string(SOURCE_DIR) + "/ERRATA.md") == errata(checked));
}

TEST_CASE("a planted wrong swap is found by every statement about the model, and the detail names the statement that broke") {
  // A sign turned, a key too long, a key that points elsewhere, and a rational number where the root should be.
  for (const RootTwo& tap : {RootTwo(0, Rational(1, 2)), RootTwo(0, -1), RootTwo(0), RootTwo(Rational(-7, 10))})
    for (const char* name : {"swaps_all_lengths", "swaps_short_programs", "swaps_task_examples", "swaps_long_words"}) {
      const Outcome o = check(find_claim(name), wrong_swap(tap));
      INFO(name << ": " << o.detail);
      CHECK(!o.holds());
      CHECK(o.failures > 0);
      CHECK(!o.detail.empty());
    }
  const Outcome o = check(find_claim("swaps_all_lengths"), wrong_swap(RootTwo(0)));
  CHECK_THAT(o.detail, Catch::Matchers::Contains("b , a = a , b"));
}

TEST_CASE("the closure finds an error in one swap, in the read-out, in the gates, and in forgetting") {
  const auto broken = [](const std::string& weight, std::size_t index, const RootTwo& value) {
    BuiltModel built = build_swaps_by_delta_rule(5);
    built.weights[weight][index] = value;
    return check(find_claim("swaps_all_lengths"), built);
  };
  const std::string layer = "model.layers.0.linear_attn.";
  CHECK(!broken(layer + "k_conv1d.weight", 4 * 4 + 0, RootTwo(0)).holds());          // lag 3 of the channel of `e`
  CHECK(!broken(layer + "a_proj.weight", 0, RootTwo(Rational(999, 1000))).holds());  // alpha below 1
  CHECK(!broken(layer + "b_proj.weight", 2, RootTwo(Rational(999, 1000))).holds());  // beta below 1 at `=`
  CHECK(!broken("lm_head.weight", 20 * 9 + 3, RootTwo(9)).holds());                  // the logit of 4 reads too little
}

TEST_CASE("the trained form fails when one tap, one gate or the forgetting is wrong") {
  const auto broken = [](const std::string& weight, std::size_t index, const RootTwo& value) {
    BuiltModel built = build_swaps_in_trained_form(5);
    built.weights["model.layers.0.linear_attn." + weight][index] = value;
    return check(find_claim("swaps_trained_form"), built);
  };
  CHECK(broken("A_log", 0, RootTwo(-40)).holds());              // as built
  CHECK(!broken("k_conv1d.weight", 0, RootTwo(0)).holds());     // the first name of a swap, channel of `a`
  CHECK(!broken("b_proj.weight", 2, RootTwo(-40)).holds());     // head 0 does not swap
  CHECK(!broken("o_proj.weight", 7 * 25, RootTwo(2)).holds());  // the head of 0 answers 1 as well
}

TEST_CASE("the recall statements fail when a key is wrong") {
  BuiltModel built = build_recall_by_attention(128);
  built.weights["model.layers.2.self_attn.k_proj.weight"][8] = RootTwo(2);  // a comma counts twice
  CHECK(!check(find_claim("recall_short_strings"), built).holds());
  CHECK(!check(find_claim("recall_long_strings"), built).holds());
  CHECK(!check(find_claim("recall_bits"), built).holds());
}

TEST_CASE("a claim about no model takes no checkpoint, and a model of another task is a failed check") {
  CHECK_THROWS_AS(check(find_claim("lazy_walk"), build_swaps_by_delta_rule(5)), Error);
  CHECK(!check(find_claim("swaps_all_lengths"), build_recall_by_attention(8)).holds());
  CHECK_THROWS_WITH(find_claim("lazy_wolk"), Catch::Matchers::Contains("lazy_walk"));
}

TEST_CASE("the closure over states of delta rules does not call a model with attention wrong") {
  const BuiltModel swaps = find_construction("swaps_by_delta_rule").build(5);
  Spec spec = swaps.spec;
  Attention attention;
  attention.heads = 1, attention.head_dim = 2, attention.score = Score::leftmost, attention.position = Position::none;
  attention.qk_norm = QkNorm::none;
  spec.blocks[0].mixer = attention;
  const BuiltModel other{spec, Weights<Exact>(spec), swaps.task, swaps.options};
  CHECK_THROWS_WITH(check(find_claim("swaps_all_lengths"), other),
                    Catch::Contains("cannot be checked on this model") && Catch::Contains("block 0 is no delta rule"));
}

TEST_CASE("a built checkpoint gives its exact numbers back, and an edited tensor overrides them with a note") {
  const BuiltModel built = build_swaps_by_delta_rule(5);
  const std::string path = temporary("separatrix_built_test.safetensors");
  save_built_model(path, built);
  LoadedModel loaded = load_model(path);
  std::filesystem::remove(path);
  const ExactModel exact = exact_model(loaded);
  CHECK(exact.model.weights.values() == built.weights.values());
  CHECK(exact.notes.empty());
  CHECK(exact.model.spec == built.spec);

  loaded.weights["model.layers.0.linear_attn.k_conv1d.weight"][2] = 0.5f;
  const ExactModel edited = exact_model(loaded);
  CHECK(edited.model.weights["model.layers.0.linear_attn.k_conv1d.weight"][2] == RootTwo(Rational(1, 2)));
  REQUIRE(edited.notes.size() == 1);
  CHECK_THAT(edited.notes[0], Catch::Matchers::Contains("k_conv1d"));
}
