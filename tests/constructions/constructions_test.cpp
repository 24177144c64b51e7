#include "constructions/construction.h"

#include "models/instances.h"
#include "models/numbers/from_exact.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

/// Answers of the whole example that the model gets right, out of all.
template <class T>
std::pair<int, int> answered(const Spec& spec, const Weights<T>& weights, const Task& task, const Example& example) {
  const Model<T> model(spec, weights);
  const Matrix<T> y = logits(model, std::span<const int>(example.tokens));
  int right = 0;
  for (const Answer& answer : example.answers) {
    const auto row = y.row(answer.position - 1);
    right += std::max_element(row.begin(), row.end()) - row.begin() == answer.id;
  }
  // The last answer is also what Python would find.
  CHECK(task.vocabulary()[example.answers.back().id] == task.solve(example.text));
  return {right, static_cast<int>(example.answers.size())};
}

}  // namespace

TEST_CASE("the swap construction tracks any number of variables on examples of the task") {
  for (const int variables : {2, 3, 4, 5, 7, 10}) {
    const BuiltModel built = build_swaps_by_delta_rule(variables);
    const auto task = make_task(built.task, built.options);
    for (const int swaps : {0, 3, 20}) {
      const Example example = task->sample(3, Purpose::test, swaps, 0);
      const auto exact = answered(built.spec, weights_as<RootTwo>(built.spec, built.weights), *task, example);
      CHECK(exact.first == exact.second);
      const auto rounded = answered(built.spec, weights_as<float>(built.spec, built.weights), *task, example);
      CHECK(rounded.first == rounded.second);
    }
  }
}

TEST_CASE("the recall construction has the same weights for every number it can name") {
  const BuiltModel small = build_recall_by_attention(8), large = build_recall_by_attention(40);
  const std::string shared = "model.layers.2.self_attn.k_proj.weight";
  CHECK(std::ranges::equal(small.weights[shared], large.weights[shared]));
  for (const std::string query : {"index", "variable"}) {
    TaskOptions options = large.options;
    options["query"] = query;
    const auto task = make_task(large.task, options);
    for (const int m : {1, 2, 17, 40}) {
      const Example example = task->sample(3, Purpose::test, m, 0);
      const auto exact = answered(large.spec, weights_as<Rational>(large.spec, large.weights), *task, example);
      CHECK(exact.first == exact.second);
    }
  }
}

TEST_CASE("a construction that needs a root is refused over the rationals, with the weight named") {
  const BuiltModel built = build_swaps_by_delta_rule(5);
  CHECK_THROWS_WITH(weights_as<Rational>(built.spec, built.weights), Catch::Matchers::Contains("1/2r2"));
  CHECK_THROWS_WITH(find_construction("swaps"), Catch::Matchers::Contains("did you mean"));
  CHECK_THROWS_AS(build_swaps_by_delta_rule(1), Error);
}
