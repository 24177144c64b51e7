#include "proofs/head_gaps.h"

#include <algorithm>
#include <limits>

#include "models/numbers/from_exact.h"

namespace separatrix {
namespace {

template <Field T>
std::vector<QueriesAndKeys<T>> queries_and_keys_in(const BuiltModel& built, const std::vector<int>& tokens) {
  const Weights<T> weights = weights_as<T>(built.spec, built.weights);
  return queries_and_keys(Model<T>(built.spec, weights), weights, tokens);
}

template <Field T>
std::span<const T> part(const Row<T>& x, int head, int dim) {
  return {x.data() + head * dim, static_cast<std::size_t>(dim)};
}

/// The scores of the keys of tokens 0 .. t for the query of token t.
template <Field T>
Row<T> scores_at(const QueriesAndKeys<T>& of, const Attention& a, int head, std::size_t t) {
  Row<T> scores;
  for (std::size_t k = 0; k <= t; ++k)
    scores.push_back(hard_score<T>(a.hard_keys, part(of.queries[t], head, a.head_dim), part(of.keys[k], head, a.head_dim)));
  return scores;
}

/// One head over all queries of a sequence.
template <Field T>
void join(HeadGap& gap, const QueriesAndKeys<T>& exact, const QueriesAndKeys<double>& rounded, const Attention& a, int head) {
  for (std::size_t t = 0; t < exact.queries.size(); ++t) {
    const Row<T> scores = scores_at(exact, a, head, t);
    const Row<double> near = scores_at(rounded, a, head, t);
    const T top = *std::max_element(scores.begin(), scores.end());
    if (std::all_of(scores.begin(), scores.end(), [&](const T& x) { return x == top; })) continue;
    double highest = -std::numeric_limits<double>::infinity(), lowest = -highest, others = highest;
    for (std::size_t k = 0; k <= t; ++k)
      if (scores[k] == top)
        highest = std::max(highest, near[k]), lowest = std::min(lowest, near[k]);
      else
        others = std::max(others, near[k]);
    const double unit = std::max(1.0, highest);
    gap.deviation = std::max(gap.deviation, (highest - lowest) / unit);
    gap.gap = gap.queries++ == 0 ? (highest - others) / unit : std::min(gap.gap, (highest - others) / unit);
  }
}

}  // namespace

template <Field T>
std::vector<HeadGap> head_gaps(const BuiltModel& built, const std::vector<int>& tokens) {
  std::vector<HeadGap> all;
  for (std::size_t b = 0; b < built.spec.blocks.size(); ++b)
    if (const auto* a = std::get_if<Attention>(&built.spec.blocks[b].mixer)) {
      if (a->score == Score::softmax || a->qk_norm != QkNorm::none || a->position != Position::none)
        fail("block {}: only hard attention without norms and positions of its own has these certificates", b);
      for (int h = 0; h < a->heads; ++h) all.push_back({static_cast<int>(b) + 1, h + 1, 0, 0, 0});
    }
  const auto exact = queries_and_keys_in<T>(built, tokens);
  const auto rounded = queries_and_keys_in<double>(built, tokens);
  for (HeadGap& g : all)
    join(g, exact[g.layer - 1], rounded[g.layer - 1], std::get<Attention>(built.spec.blocks[g.layer - 1].mixer), g.head - 1);
  std::erase_if(all, [](const HeadGap& g) { return g.queries == 0; });
  return all;
}
template std::vector<HeadGap> head_gaps<Rational>(const BuiltModel&, const std::vector<int>&);
template std::vector<HeadGap> head_gaps<RootTwo>(const BuiltModel&, const std::vector<int>&);

void expect_gaps(Cases& cases, const std::vector<HeadGap>& heads) {
  for (const HeadGap& g : heads)
    cases.expect(2 * g.deviation < g.gap, [&] {
      return fmt::format("layer {}, head {}: in double precision equal scores differ by {:.1e}, the others are {:.1e} below",
                         g.layer, g.head, g.deviation, g.gap);
    });
}

}  // namespace separatrix
