// The word problem of S_n by one delta-rule layer, every element spelled by n - 1 tokens, each one swap (or nothing).
// One token per element would take n - 1 steps per token (DeltaProduct's n_h); the layer of the paper makes one.
//   (x y)   key (e_x - e_y) / sqrt 2, beta = 1: exchanges columns x and y
//   image_i = where point i is now, counted from 1: the one-line notation of the product
#include "constructions/carried_rows.h"
#include "constructions/construction.h"
#include "constructions/permutation_readout.h"

namespace separatrix {

BuiltModel build_permutations_by_swaps(int points) {
  const TaskOptions options{{"group", fmt::format("S{}", points)}, {"letters", "swaps"}};
  const auto task = make_task("word_problem", options);
  const Spec spec = theory_spec({delta_rule_block(points, points, 1, 0, 0)});
  WeightBuilder w(spec, task->vocabulary(), carried_coordinates(points));
  w.embed_all({{"one", 1}});
  w.embed(options.at("group"), {{"loads", 1}});
  for (int x = 0; x < points; ++x)
    for (int y = x + 1; y < points; ++y)
      w.embed(cycle_text({x, y}), {{"reflects", 1}, {numbered("key", x), 1}, {numbered("key", y), -1}});
  carry_rows(w, 0, places(points), RootTwo(0, Rational(1, 2)));  // 1 / sqrt 2
  read_permutations(w, points);
  return {w.spec(), w.weights(), "word_problem", options};
}

}  // namespace separatrix
