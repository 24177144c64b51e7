// One head of hard attention.  Tokens of one key have one score, so keys are told apart once, when they come: a query is compared
// with the different keys only, and the values of a key's tokens are added up once for all queries that choose it.
#pragma once
#include <algorithm>
#include <numeric>
#include <type_traits>
#include <vector>

#include "models/mixers/score_screen.h"
#include "models/numbers/functions.h"

namespace separatrix {

/// The hard score of a key from q.k and |k|^2.
template <Field T>
T hard_score(HardKeys keys, const T& product, const T& square) {
  if (keys == HardKeys::as_given) return product;
  if (square == T(0)) return T(0);
  return (product < T(0) ? negative(product * product) : product * product) / square;
}
template <Field T>
T hard_score(HardKeys keys, std::span<const T> q, std::span<const T> k) {
  return hard_score<T>(keys, dot<T>(q, k), keys == HardKeys::unit ? dot<T>(k, k) : T(1));
}

/// Tokens in ascending order, and the sum of the values of the first `added` of them: (head_dim), or empty while added = 0.
template <Field T>
struct SummedTokens {
  std::vector<int> tokens;
  std::vector<Accumulator<T>> sum;
  std::size_t added = 0;
};

template <Field T>
class HardHead {
 public:
  HardHead(Score score, HardKeys form) : score_(score), form_(form) {}

  /// How many keys were read.
  std::size_t tokens() const { return all_.tokens.size(); }
  /// The key (head_dim) of the next token.
  void read(std::span<const T> key) {
    const int token = static_cast<int>(all_.tokens.size());
    all_.tokens.push_back(token);
    const auto place = std::lower_bound(order_.begin(), order_.end(), key, [&](int group, std::span<const T> k) {
      const std::span<const T> other = key_of(group, k.size());
      return std::lexicographical_compare(other.begin(), other.end(), k.begin(), k.end());
    });
    if (place != order_.end() && std::ranges::equal(key_of(*place, key.size()), key)) {
      groups_[*place].tokens.push_back(token);
      return;
    }
    order_.insert(place, static_cast<int>(groups_.size()));
    groups_.push_back({{token}, {}, 0});
    keys_.insert(keys_.end(), key.begin(), key.end());
    if constexpr (kScreened) screen_.add(key);
    squares_.push_back(form_ == HardKeys::unit ? dot<T>(key, key) : T(1));
  }

  /// The mean of the values of the tokens of largest score, or the value of the first or the last of them: (head_dim).
  /// value(t): of token t.  Sums run from the first token to the last and are divided once, so that counts stay whole numbers.
  template <class Value>
  Row<T> attend(std::span<const T> q, const Value& value) {
    const std::size_t dim = q.size();
    while (!q.empty() && q.back() == T(0)) q = q.first(q.size() - 1);
    if (q.empty()) return result(all_, dim, value);  // every score is 0
    const std::vector<int> best = highest(q, dim);
    if (best.size() == 1) return result(groups_[best[0]], dim, value);
    SummedTokens<T> tied;
    for (const int g : best) tied.tokens.insert(tied.tokens.end(), groups_[g].tokens.begin(), groups_[g].tokens.end());
    std::sort(tied.tokens.begin(), tied.tokens.end());
    return result(tied, dim, value);
  }

 private:
  static constexpr bool kScreened = !Real<T>;  // exact numbers, whose arithmetic is slow
  struct Nothing {};

  std::span<const T> key_of(int group, std::size_t dim) const { return {keys_.data() + group * dim, dim}; }

  /// The keys of largest score; none when a score is not a number.
  std::vector<int> highest(std::span<const T> q, std::size_t dim) const {
    std::vector<int> compared;
    if constexpr (kScreened) {
      compared = screen_.candidates(form_, q, dim);
      if (compared.size() == 1) return compared;
    } else {
      compared.resize(groups_.size());
      std::iota(compared.begin(), compared.end(), 0);
    }
    Row<T> scores;
    scores.reserve(compared.size());
    for (const int g : compared) scores.push_back(hard_score<T>(form_, dot<T>(q, key_of(g, dim)), squares_[g]));
    const T top = *std::max_element(scores.begin(), scores.end());
    std::vector<int> best;
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (scores[i] == top) best.push_back(compared[i]);
    return best;
  }

  template <class Value>
  Row<T> result(SummedTokens<T>& of, std::size_t dim, const Value& value) const {
    if (score_ != Score::average_hard && !of.tokens.empty()) {
      const std::span<const T> one = value(score_ == Score::leftmost ? of.tokens.front() : of.tokens.back());
      return Row<T>(one.begin(), one.end());
    }
    of.sum.resize(dim);
    for (; of.added < of.tokens.size(); ++of.added) {
      const std::span<const T> v = value(of.tokens[of.added]);
      for (std::size_t i = 0; i < dim; ++i) of.sum[i].add(v[i]);
    }
    Row<T> mean;
    for (const Accumulator<T>& sum : of.sum) mean.push_back(sum.value / T(static_cast<int>(of.tokens.size())));
    return mean;
  }

  Score score_;
  HardKeys form_;
  SummedTokens<T> all_;
  std::vector<SummedTokens<T>> groups_;  // one per different key, in the order of their first tokens
  std::vector<T> keys_;                  // (groups, head_dim)
  std::vector<T> squares_;               // (groups): |k|^2 where the form asks for it
  std::vector<int> order_;               // the groups by key
  [[no_unique_address]] std::conditional_t<kScreened, ScoreScreen<T>, Nothing> screen_;
};

}  // namespace separatrix
