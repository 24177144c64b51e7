#include "proofs/bounded_attention.h"

namespace separatrix {
namespace {

Range plus(const Range& a, const Range& b) {
  return {a.lo + b.lo, a.hi + b.hi};
}

Range hull(const Range& a, const Range& b) {
  return {b.lo < a.lo ? b.lo : a.lo, a.hi < b.hi ? b.hi : a.hi};
}

/// w x for one row of a weight; numbers that w does not read do not count.
Range dot(std::span<const RootTwo> w, std::span<const Range> x) {
  Range sum;
  for (std::size_t i = 0; i < w.size(); ++i) {
    if (w[i].is_zero()) continue;
    const Range term{w[i] * x[i].lo, w[i] * x[i].hi};
    sum = plus(sum, w[i] < RootTwo(0) ? Range{term.hi, term.lo} : term);
  }
  return sum;
}

Ranges matvec(const Matrix<RootTwo>& w, std::span<const Range> x) {
  Ranges y;
  for (std::size_t i = 0; i < w.rows(); ++i) y.push_back(dot(w.row(i), x));
  return y;
}

Ranges ranges_of(std::span<const RootTwo> x) {
  return Ranges(x.begin(), x.end());
}

void add_to(Ranges& x, const Ranges& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = plus(x[i], y[i]);
}

/// Key and value of one head at one token.
struct Seen {
  std::span<const Range> key, value;
  bool sure;
};

/// What one head can score at a token.  `below` says that `most` is not reached.
struct ScoreRange {
  RootTwo least, most;
  bool below = false;
};

ScoreRange score(HardKeys form, const Row<RootTwo>& q, std::span<const Range> key) {
  if (form == HardKeys::as_given) {
    const Range s = dot(q, key);
    return {s.lo, s.hi};
  }
  Row<RootTwo> k;
  bool exact = true, off_plane = false;
  for (std::size_t i = 0; i < q.size(); ++i) {
    exact = exact && key[i].exact();
    off_plane = off_plane || (q[i].is_zero() && key[i].without_zero());
    k.push_back(key[i].lo);
  }
  const RootTwo square = separatrix::dot<RootTwo>(q, q);
  if (!exact) return {RootTwo(0) - square, square, off_plane};
  const RootTwo product = separatrix::dot<RootTwo>(q, k), length = separatrix::dot<RootTwo>(k, k);
  const RootTwo s = hard_score<RootTwo>(form, product, length);
  return {s, s};
}

/// The average over the tokens of largest score, or one of them: between the values of those that may have it.
Ranges head_output(HardKeys form, std::span<const Range> query, const std::vector<Seen>& seen) {
  Row<RootTwo> q;
  bool exact = true;
  for (const Range& x : query) exact = exact && x.exact(), q.push_back(x.lo);
  std::vector<ScoreRange> scores;
  const RootTwo* top = nullptr;  // what is surely reached
  for (const Seen& token : seen) scores.push_back(exact ? score(form, q, token.key) : ScoreRange{});
  for (std::size_t t = 0; t < seen.size(); ++t)
    if (seen[t].sure && (!top || *top < scores[t].least)) top = &scores[t].least;
  Ranges out;
  for (std::size_t t = 0; t < seen.size(); ++t) {
    if (exact && (scores[t].most < *top || (scores[t].below && scores[t].most == *top))) continue;
    if (out.empty()) out.assign(seen[t].value.begin(), seen[t].value.end());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = hull(out[i], seen[t].value[i]);
  }
  return out;
}

struct BlockWeights {
  Matrix<RootTwo> q, k, v, o, up, down;
};

BlockWeights weights_of(const Weights<RootTwo>& w, const Block& b, int block) {
  const auto matrix = [&](const char* name) { return w.matrix(fmt::format("model.layers.{}.{}.weight", block, name)); };
  BlockWeights all{
      matrix("self_attn.q_proj"), matrix("self_attn.k_proj"), matrix("self_attn.v_proj"), matrix("self_attn.o_proj"), {}, {}};
  if (b.mlp.hidden > 0) all.up = matrix("mlp.up_proj"), all.down = matrix("mlp.down_proj");
  return all;
}

/// One attention block, for all later tokens at once.
class BoundedBlock {
 public:
  BoundedBlock(const Block& block, BlockWeights w, const AttentionLayer<RootTwo>::State& header, int assert_token)
      : block_(block), attention_(std::get<Attention>(block.mixer)), w_(std::move(w)), assert_token_(assert_token) {
    for (const Row<RootTwo>& k : header.keys) header_keys_.push_back(ranges_of(k));
    for (const Row<RootTwo>& v : header.values) header_values_.push_back(ranges_of(v));
  }

  void step(std::map<LaterToken, Ranges>& rows) {
    for (const auto& [token, x] : rows) keys_[token] = matvec(w_.k, x), values_[token] = matvec(w_.v, x);
    for (auto& [token, x] : rows) {
      const Ranges q = matvec(w_.q, x);
      Ranges heads;
      for (int h = 0; h < attention_.heads; ++h)
        for (Range& y : head_output(attention_.hard_keys, part(q, h), seen_from(token, h))) heads.push_back(std::move(y));
      add_to(x, matvec(w_.o, heads));
      if (block_.mlp.hidden == 0) continue;
      Ranges hidden = matvec(w_.up, x);
      for (Range& r : hidden) r = {relu(r.lo), relu(r.hi)};
      add_to(x, matvec(w_.down, hidden));
    }
  }

 private:
  std::span<const Range> part(const Ranges& x, int head) const {
    return {x.data() + head * attention_.head_dim, static_cast<std::size_t>(attention_.head_dim)};
  }

  std::vector<Seen> seen_from(const LaterToken& token, int h) const {
    std::vector<Seen> seen;
    for (std::size_t t = 0; t < header_keys_.size(); ++t)
      seen.push_back({part(header_keys_[t], h), part(header_values_[t], h), true});
    for (const auto& [other, key] : keys_) {
      if (other.asserted && !token.asserted) continue;  // comes later
      const bool itself = other.id == token.id && other.asserted == token.asserted;
      const bool assert_came = other.id == assert_token_ && token.asserted;
      seen.push_back({part(key, h), part(values_.at(other), h), itself || assert_came});
    }
    return seen;
  }

  Block block_;
  Attention attention_;
  BlockWeights w_;
  int assert_token_;
  std::vector<Ranges> header_keys_, header_values_;
  std::map<LaterToken, Ranges> keys_, values_;
};

}  // namespace

int leading_attention_blocks(const Spec& spec) {
  int count = 0;
  for (std::size_t i = 0; i < spec.blocks.size(); ++i)
    if (std::holds_alternative<Attention>(spec.blocks[i].mixer) && ++count != static_cast<int>(i) + 1)
      fail("the search needs attention blocks, then delta-rule blocks");
  return count;
}

std::map<LaterToken, Ranges> bounded_rows(const Spec& spec, const Weights<RootTwo>& weights, const Model<RootTwo>::State& header,
                                          const LaterTokens& later) {
  const Matrix<RootTwo> embedding = weights.matrix("model.embed_tokens.weight");
  std::map<LaterToken, Ranges> rows;
  for (const int id : later.of_swaps) rows[{id, false}] = ranges_of(embedding.row(id));
  for (const int id : later.of_asserts) rows[{id, true}] = ranges_of(embedding.row(id));
  for (int i = 0; i < leading_attention_blocks(spec); ++i) {
    const Block& b = spec.blocks[i];
    const Attention& a = std::get<Attention>(b.mixer);
    if (a.score == Score::softmax || a.position != Position::none || a.qk_norm != QkNorm::none || b.norm != NormPlace::none ||
        b.mlp.activation != Activation::relu || !b.more_mlps.empty() || spec.learned_positions > 0)
      fail("block {}: only hard attention without positions and norms is bounded", i);
    BoundedBlock(b, weights_of(weights, b, i), std::get<AttentionLayer<RootTwo>::State>(header.mixers[i]), later.assert_token)
        .step(rows);
  }
  return rows;
}

}  // namespace separatrix
