// What the running attention blocks give after a header lies within the ranges that hold after every history.
#include "proofs/bounded_attention.h"

#include "proofs/pointer_programs.h"
#include "proofs/token_runner.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

bool within(const Range& range, const RootTwo& x) {
  return !(x < range.lo) && !(range.hi < x);
}

}  // namespace

TEST_CASE("every token after a header has its residual stream within the ranges of bounded attention") {
  for (const auto build : {build_state_based_recall_attention_first, build_state_based_recall_attention_first_unary}) {
    const BuiltModel built = build(8);
    const auto runner = token_runner<RootTwo>(built);
    const Weights<RootTwo> weights = weights_as<RootTwo>(built.spec, built.weights);
    const Model<RootTwo> model(built.spec, weights);
    const PointerProgram header{{0, 1, 1}, {2, 0, 1, 2, 1}, {}};
    auto state = runner.start();
    runner.feed(state, header_words(header, built.options));
    const std::string swaps = "a , c = c , a \\n e , b = b , e \\n b , d = d , b \\n a , b = b , a \\n a , e = e , a \\n",
                      asserts = "assert bits [ a ] == 1 \\n assert c == 0 \\n assert bits [ 2 ] == 1 \\n " + swaps +
                                " assert bits [ d ] == 0 \\n assert bits [ b ] ==";
    std::vector<int> all = runner.tokens(swaps + " " + asserts);
    const auto rows = bounded_rows(built.spec, weights, state, {runner.tokens(swaps), all, runner.id("assert")});
    const int blocks = leading_attention_blocks(built.spec);
    bool asserted = false;
    int inexact = 0;
    for (const int token : all) {
      asserted = asserted || token == runner.id("assert");
      const Row<RootTwo> x = model.trace(state, token)[blocks];
      const Ranges& range = rows.at({token, asserted});
      for (std::size_t c = 0; c < x.size(); ++c) CHECK(within(range[c], x[c]));
      inexact += static_cast<int>(std::count_if(range.begin(), range.end(), [](const Range& r) { return !r.exact(); }));
    }
    CHECK(inexact > 0);
  }
}

TEST_CASE("bounded attention takes hard attention in front of the delta rule alone") {
  Spec spec = build_state_based_recall_attention_first(8).spec;
  CHECK(leading_attention_blocks(spec) == 2);
  CHECK(leading_attention_blocks(build_state_based_recall_pointers_first(8).spec) == 0);
  CHECK_THROWS_AS(leading_attention_blocks(build_state_based_recall_delta_rule_first(8).spec), Error);
}
