// The certificate of every attention head in double precision.  Scores of equal numbers are 2 per number up to rounding; adding 16
// for being a key rounds them to multiples of 2^-48.  So a head attends to what it should when
//   tie deviation < 2^-49 < gap,      deviation: |score - 2 m| of a key that matches;  gap: 2 m - score of one that does not
#include <algorithm>

#include "models/numbers/from_exact.h"
#include "proofs/head_gaps.h"
#include "proofs/padded_model.h"

namespace separatrix {
namespace {

const double kHalfGrid = std::ldexp(1, -49);

struct HeadScores {
  double deviation = 0, gap = 4;
  std::int64_t queries = 0;  // that some key matches
  void join(const HeadScores& other) {
    deviation = std::max(deviation, other.deviation), gap = std::min(gap, other.gap);
    queries += other.queries;
  }
};

std::vector<int> tokens_of(const std::string& symbols, const std::string& formula) {
  std::vector<int> tokens;
  for (const char symbol : "^" + formula + std::string(padded::padding_needed(static_cast<int>(formula.size())), '_'))
    tokens.push_back(static_cast<int>(symbols.find(symbol)));
  return tokens;
}

/// One head over all tokens: its part of the queries and keys begins at channel `first`, the key's 16 comes last.
HeadScores scores_of(int matches, std::size_t first, const std::vector<Row<double>>& queries,
                     const std::vector<Row<double>>& keys) {
  HeadScores all;
  std::vector<std::size_t> real_keys;
  for (std::size_t t = 0; t < queries.size(); ++t) {
    if (keys[t][first + 2 * matches] != 0) real_keys.push_back(t);
    HeadScores here;
    for (const std::size_t k : real_keys) {
      double below = 2 * matches;
      for (int c = 0; c < 2 * matches; ++c) below -= queries[t][first + c] * keys[k][first + c];
      if (std::fabs(below) < 64 * kHalfGrid)
        here.queries = 1, here.deviation = std::max(here.deviation, std::fabs(below));
      else
        here.gap = std::min(here.gap, below);
    }
    if (here.queries > 0) all.join(here);
  }
  return all;
}

/// Per layer and head.
using Found = std::vector<std::vector<HeadScores>>;

void add_scores(const BuiltModel& built, const padded::Plan& plan, const std::vector<QueriesAndKeys<double>>& blocks,
                Found& found) {
  for (std::size_t l = 0; l < plan.layers.size(); ++l) {
    const int dim = std::get<Attention>(built.spec.blocks[l].mixer).head_dim;
    for (std::size_t h = 0; h < plan.layers[l].heads.size(); ++h)
      found[l][h].join(scores_of(plan.layers[l].heads[h].matches, h * dim, blocks[l].queries, blocks[l].keys));
  }
}

Outcome check_heads(const BuiltModel& built, const std::vector<std::string>& formulas) {
  const padded::Plan plan = plan_of(built);
  const Weights<double> weights = weights_as<double>(built.spec, built.weights);
  const Model<double> model(built.spec, weights);
  Found found;
  for (const padded::LayerPlan& layer : plan.layers) found.emplace_back(layer.heads.size());
  for (const std::string& formula : formulas)
    add_scores(built, plan, queries_and_keys(model, weights, tokens_of(token_symbols(built), formula)), found);
  Cases cases;
  std::vector<HeadGap> heads;
  for (int l = 0; l < static_cast<int>(found.size()); ++l)
    for (int h = 0; h < static_cast<int>(found[l].size()); ++h) {
      if (plan.layers[l].heads[h].matches == 0) continue;  // an average over all keys: nothing to tell apart
      const HeadScores& s = found[l][h];
      cases.expect(s.queries > 0 && s.deviation < kHalfGrid && kHalfGrid < s.gap, [&] {
        return fmt::format("layer {}, head {}: {} queries matched, tie deviation {:.1e}, gap {:.1e}", l + 1, h + 1, s.queries,
                           s.deviation, s.gap);
      });
      heads.push_back({l + 1, h + 1, s.queries, s.deviation, s.gap});
    }
  const auto by_deviation = [](const HeadGap& a, const HeadGap& b) { return a.deviation < b.deviation; };
  const auto by_gap = [](const HeadGap& a, const HeadGap& b) { return a.gap < b.gap; };
  const HeadGap loosest = *std::max_element(heads.begin(), heads.end(), by_deviation);
  const HeadGap closest = *std::min_element(heads.begin(), heads.end(), by_gap);
  Outcome outcome = cases.done(
      fmt::format("{} heads; largest tie deviation {:.0e} (layer {}, head {}), smallest gap {:.0e} (layer {}, head {}); "
                  "every head with --json",
                  heads.size(), loosest.deviation, loosest.layer, loosest.head, closest.gap, closest.layer, closest.head));
  outcome.heads = std::move(heads);
  return outcome;
}

}  // namespace

Outcome check_padded_heads(const BuiltModel& model) {
  return check_heads(model, {all_formulas_of_seven_tokens()[90]});
}
Outcome check_padded_heads_deep(const BuiltModel& model) {
  Rng rng = draw(1, Purpose::report, 15, 6000);
  std::vector<std::string> formulas = {random_formula(rng, 8, 3), random_formula(rng, 8, 3)};
  for (int i = 0; i < 128; i += 16) formulas.push_back(all_formulas_of_seven_tokens()[i]);
  return check_heads(model, formulas);
}

}  // namespace separatrix
