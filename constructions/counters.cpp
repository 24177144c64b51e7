// Counting modulo k over the rational numbers, one token per element and one reflection per token.
// Parity needs one dimension: beta = 1 with the key (1) flips a sign.  For k = 2, 3, 4, 6 two mirrors at half the angle make a turn
// by 2 pi / k.  Reflections at angles a_1, a_2, ... take the angle 0 to 2 a_1 - 2 a_2 + 2 a_3 - ..., so with a_t = (-1)^(t+1) pi
// j_t / k it ends at (2 pi / k) sum j_t: the first block knows the sign (-1)^t, the second turns. Keys are integer vectors with
// beta = 1 / |k|^2.  k = 4 turns in the plane; 3 and 6 in the plane x + y + z = 0 of three-space, since a rational plane rotation
// has the order 1, 2 or 4.
#include "constructions/carried_rows.h"
#include "constructions/construction.h"

namespace separatrix {
namespace {

using Vector = std::vector<int>;

/// Directions at equal angles all around: 8 in the plane, or 12 in the plane x + y + z = 0.
std::vector<Vector> directions(int k) {
  std::vector<Vector> half = {{1, 0}, {1, 1}, {0, 1}, {-1, 1}};
  if (k != 4) half = {{1, -1, 0}, {2, -1, -1}, {1, 0, -1}, {1, 1, -2}, {0, 1, -1}, {-1, 2, -1}};
  std::vector<Vector> all = half;
  for (Vector d : half) {
    for (int& x : d) x = -x;
    all.push_back(d);
  }
  return all;
}

int square(const Vector& x) {
  int s = 0;
  for (const int e : x) s += e * e;
  return s;
}

std::vector<Exact> exact(const Vector& x) {
  return {x.begin(), x.end()};
}

std::string element(int j) {
  return fmt::format("is_{}", j);
}

/// Block 0: sign = (-1)^t after t elements.
void count_elements(WeightBuilder& w, int k) {
  w.reads("0.q", 0, {{"one", 1}});
  w.reads("0.k", 0, {{"one", 1}});
  w.reads("0.v", 0, {{"loads", 1}});
  w.reads("0.a", 0, {{"one", 1}});
  for (int j = 0; j < k; ++j) w.reads("0.b", 0, {{element(j), 1}});
  w.writes("0.o", "sign", {{0, 1}});
}

/// MLP of block 0: the normal of the mirror of element j, by the sign; a quarter turn from its angle.
void choose_mirrors(WeightBuilder& w, int k, const std::vector<Vector>& around) {
  const int all = static_cast<int>(around.size()), step = all / (2 * k);
  int unit = 0;
  for (int j = 0; j < k; ++j)
    for (const int side : {1, -1}) {
      const Vector& normal = around[(all / 4 + side * step * j + all) % all];
      WeightBuilder::Values writes{{"reflects", Rational(1, square(normal))}};
      for (std::size_t i = 0; i < normal.size(); ++i) writes.push_back({numbered("key", static_cast<int>(i)), normal[i]});
      // The sign is -1 after the first element, where the side is 1.
      w.relu(0, unit++, {{element(j), 1}, {"one", Rational(-1, 2)}, {"sign", Rational(-side, 2)}}, writes);
    }
}

}  // namespace

BuiltModel build_counter_by_mirrors(int k) {
  if (k != 2 && k != 3 && k != 4 && k != 6) fail("counter_by_mirrors: rational mirrors count modulo 2, 3, 4 and 6, not {}", k);
  const TaskOptions options{{"group", fmt::format("Z{}", k)}};
  const auto task = make_task("word_problem", options);
  const std::vector<Vector> around = directions(k);
  const int dim = static_cast<int>(around[0].size()), turn = static_cast<int>(around.size()) / k;
  const Spec spec = theory_spec({delta_rule_block(1, 1, 1, 0, 2 * k), delta_rule_block(dim, dim, 1, 0, 0)});
  std::vector<std::string> coordinates = carried_coordinates(dim);
  coordinates.emplace_back("sign");
  for (int j = 0; j < k; ++j) coordinates.push_back(element(j));
  WeightBuilder w(spec, task->vocabulary(), coordinates);
  w.embed_all({{"one", 1}});
  w.embed(options.at("group"), {{"loads", 1}});
  for (int j = 0; j < k; ++j) w.embed(std::to_string(j), {{element(j), 1}});
  count_elements(w, k);
  choose_mirrors(w, k, around);
  carry_rows(w, 1, exact(around[0]), 1);
  for (int j = 0; j < k; ++j) read_image(w, std::to_string(j), exact(around[turn * j]));
  return {w.spec(), w.weights(), "word_problem", options};
}

BuiltModel build_parity_by_sign_flip(int k) {
  if (k != 2) fail("parity_by_sign_flip counts modulo 2, not {}", k);
  const TaskOptions options{{"group", "Z2"}};
  const auto task = make_task("word_problem", options);
  const Spec spec = theory_spec({delta_rule_block(1, 1, 1, 0, 0)});
  WeightBuilder w(spec, task->vocabulary(), {"one", "loads", "flips", "sign"});
  w.embed_all({{"one", 1}});
  w.embed("Z2", {{"loads", 1}});
  w.embed("1", {{"flips", 1}});
  w.reads("0.q", 0, {{"one", 1}});
  w.reads("0.k", 0, {{"one", 1}});
  w.reads("0.v", 0, {{"loads", 1}});
  w.reads("0.a", 0, {{"one", 1}});
  w.reads("0.b", 0, {{"flips", 1}});
  w.writes("0.o", "sign", {{0, 1}});
  w.logit("0", {{"sign", 1}});
  w.logit("1", {{"sign", -1}});
  return {w.spec(), w.weights(), "word_problem", options};
}

}  // namespace separatrix
