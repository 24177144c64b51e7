// The certificates of hard attention heads: what exact arithmetic ties, double precision keeps together and apart from the rest.
#pragma once
#include "models/instances.h"
#include "proofs/claim.h"

namespace separatrix {

/// Queries and keys of one block: (token) rows of heads * head_dim.
template <Field T>
struct QueriesAndKeys {
  std::vector<Row<T>> queries, keys;
};

/// Of every block over a token sequence, in order; empty for a block that does not attend.  `weights` are the model's.
template <Field T>
std::vector<QueriesAndKeys<T>> queries_and_keys(const Model<T>& model, const Weights<T>& weights, const std::vector<int>& tokens) {
  const Spec& spec = model.spec();
  std::vector<std::optional<std::pair<Projection<T>, Projection<T>>>> projections;
  for (std::size_t b = 0; b < spec.blocks.size(); ++b) {
    projections.emplace_back();
    if (!std::holds_alternative<Attention>(spec.blocks[b].mixer)) continue;
    const LayerWeights<T> at{weights, fmt::format("model.layers.{}.self_attn.", b)};
    projections.back().emplace(at.matrix("q_proj.weight"), at.matrix("k_proj.weight"));
  }
  std::vector<QueriesAndKeys<T>> all(spec.blocks.size());
  auto state = model.start();
  for (const int token : tokens) {
    const std::vector<Row<T>> rows = model.trace(state, token);
    for (std::size_t b = 0; b < all.size(); ++b) {
      if (!projections[b]) continue;
      const Row<T> x = normed_groups(rows[b], spec.blocks[b].groups, spec.norm_eps);
      all[b].queries.push_back(projections[b]->first(x)), all[b].keys.push_back(projections[b]->second(x));
    }
  }
  return all;
}

/// One entry per head of `built` that leaves some key out, over one token sequence.  Exact numbers over T say which keys have the
/// highest score; deviation is the largest distance from the highest of their scores in double precision, gap the smallest distance
/// of the others.  Scores are those that the layer compares (hard_score), divided by the highest where that is above 1.
template <Field T>
std::vector<HeadGap> head_gaps(const BuiltModel& built, const std::vector<int>& tokens);

/// A case per head: a gap more than twice the deviation, so that double precision attends as exact numbers do.
void expect_gaps(Cases& cases, const std::vector<HeadGap>& heads);

}  // namespace separatrix
