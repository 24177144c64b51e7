#include "constructions/balanced_program.h"
#include "constructions/padded/formula_program.h"
#include "constructions/padded/interpreter.h"
#include "constructions/padded/weights.h"
#include "models/instances.h"
#include "models/numbers/from_exact.h"
#include "tests/catch.h"

using namespace separatrix;
using namespace separatrix::padded;

namespace {

/// Tokens a, b, c, ...: input 0 is true everywhere, input 1 at `x`.
std::vector<std::vector<bool>> marked(const std::string& text) {
  std::vector<std::vector<bool>> inputs;
  for (const char c : text) inputs.push_back({true, c == 'x'});
  return inputs;
}

}  // namespace

TEST_CASE("an average counts matching tokens so far, and becomes a number only as a ratio") {
  Program p;
  const Bool all = p.input("all"), x = p.input("x");
  p.layer();
  const auto share = p.average(all, {}, {x});
  const Num ratio = p.number(share[0], 1 - share[0]);  // x so far : others so far
  const Bool more = p.less(p.constant(1), ratio);
  const Cells cells = exact_run(p, marked("-xx-x"));
  const std::vector<Rational> want = {0, 1, 2, 1, Rational(3, 2)};
  for (int t = 0; t < 5; ++t) {
    CHECK(cells.nums[ratio.id][t] == want[t]);
    CHECK(cells.bools[more.id][t] == (Rational(1) < want[t]));
  }
}

TEST_CASE("a cell that the program leaves open is unknown, and stays so until a rule decides without it") {
  Program p;
  const Bool all = p.input("all"), x = p.input("x");
  p.layer();
  const auto counts = p.average(all, {}, {x});
  const Num marks_over_others = p.number(counts[0], 1 - counts[0]);  // 1 : 0 while all are marked
  p.layer();
  const auto found = p.look_up(x, {{marks_over_others, p.constant(2)}}, {x});
  const Bool decided = p.any({found.found, Literal(all)}), open = p.all({found.found, Literal(all)});
  const Cells cells = exact_run(p, marked("x-"));
  CHECK(!cells.known[marks_over_others.id][0]);
  CHECK(cells.bools[found.found.id][0] == kUnknown);
  CHECK(cells.bools[open.id][0] == kUnknown);
  CHECK(cells.bools[decided.id][0] == 1);
  CHECK(cells.bools[found.found.id][1] == 0);            // one key, of number 2; the query is 1
  CHECK(cells.bools[found.bools[0].id][1] == kUnknown);  // what a head copies without a match
}

TEST_CASE("a program is refused when keys are unknown or not alone, and when a head reads its own layer") {
  Program p;
  const Bool all = p.input("all"), x = p.input("x");
  p.layer();
  const auto share = p.average(all, {}, {x});
  const Num ratio = p.number(share[0], 1);
  p.layer();
  SECTION("two keys with one number") {
    p.gather(all, {{ratio, p.constant(1)}}, {x});
    CHECK_THROWS_WITH(exact_run(p, marked("-x")), Catch::Contains("have one key"));
  }
  SECTION("a key number that is unknown") {
    const Num open = p.number(p.average(all, {}, {x})[0], 0);
    p.layer();
    p.gather(all, {{ratio, open}}, {x});
    CHECK_THROWS_WITH(exact_run(p, marked("-x")), Catch::Contains("a key number of token 0 is unknown"));
  }
  SECTION("a head that reads its own layer") {
    const Num late = p.number(p.average(all, {}, {x})[0], 1);
    p.gather(all, {{late, ratio}}, {x});
    CHECK_THROWS_WITH(make_plan(p), Catch::Contains("reads a cell of the same layer"));
  }
}

TEST_CASE("the formula program has 21 layers and 47 heads, and its weights are those of every length") {
  CHECK(formula_program().program.layers() == 21);
  CHECK(formula_program().program.heads() == 47);
  const Construction& c = find_construction("padded_formulas");
  const BuiltModel small = c.build(1), large = c.build(64);
  CHECK(small.spec == large.spec);
  CHECK(small.weights.values() == large.weights.values());
  CHECK(spec_hash(parse_spec(to_text(small.spec))) == spec_hash(small.spec));
}

TEST_CASE("the model answers examples of the task after its padding") {
  const BuiltModel built = build_padded_formulas(1);
  const auto task = make_task(built.task, built.options);
  const Model<double> model(built.spec, weights_as<double>(built.spec, built.weights));
  for (int i = 0; i < 2; ++i) {
    const Example example = task->sample(9, Purpose::test, 4, i);
    auto state = model.start();
    Row<double> logits;
    for (int t = 0; t < example.answers[0].position; ++t) logits = model.step(state, example.tokens[t]);
    CHECK(std::max_element(logits.begin(), logits.end()) - logits.begin() == example.answers[0].id);
  }
}

TEST_CASE("the balanced program of a caterpillar is as shallow as that of a level tree") {
  const FormulaTree comb = parse_formula("&1|0&1|01"), level = parse_formula("&&11|01");
  CHECK(balanced_code(comb).levels == 6);
  CHECK(balanced_code(level).levels == 6);
  CHECK(value_of(comb));
  CHECK_THROWS_WITH(parse_formula("&1"), Catch::Contains("ends before"));
  CHECK_THROWS_WITH(parse_formula("&111"), Catch::Contains("goes on"));
}
