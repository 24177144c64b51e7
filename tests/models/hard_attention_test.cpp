// Hard attention against its definition: all tokens scored one by one, the values of the highest added in their order.
#include "models/mixers/hard_attention.h"

#include <cmath>
#include <functional>

#include "models/numbers/log_float.h"
#include "models/numbers/root_two.h"
#include "tasks/rng.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

constexpr int kDim = 3;

template <Field T>
Row<T> by_definition(const Attention& s, const Row<T>& q, const std::vector<Row<T>>& keys, const std::vector<Row<T>>& values) {
  Row<T> scores;
  for (const Row<T>& k : keys) scores.push_back(hard_score<T>(s.hard_keys, q, k));
  std::vector<int> best;
  for (std::size_t t = 0; t < keys.size(); ++t)
    if (scores[t] == *std::max_element(scores.begin(), scores.end())) best.push_back(static_cast<int>(t));
  if (s.score == Score::leftmost) return values[best.front()];
  if (s.score == Score::rightmost) return values[best.back()];
  Row<T> mean(kDim, T(0));
  for (int i = 0; i < kDim; ++i) {
    for (const int t : best) mean[i] = mean[i] + values[t][i];
    mean[i] = mean[i] / T(static_cast<int>(best.size()));
  }
  return mean;
}

/// Keys of few values, so that many tokens share one, and others share its direction.
template <Field T>
void check_sequence(const Attention& s, int index, int tokens, const std::function<T(int)>& number) {
  Rng rng = draw(4, Purpose::report, 0, index);
  const auto row = [&](int from, int to) {
    Row<T> x;
    for (int i = 0; i < kDim; ++i) x.push_back(number(from + static_cast<int>(rng.below(to - from + 1))));
    return x;
  };
  HardHead<T> head(s.score, s.hard_keys);
  std::vector<Row<T>> keys, values;
  for (int t = 0; t < tokens; ++t) {
    keys.push_back(row(-1, 1)), values.push_back(row(-9, 9));
    if (const int longer = static_cast<int>(rng.below(8)); longer > 0)
      for (T& x : keys.back()) x = x * T(longer) / T(7);
    head.read(keys.back());
    const Row<T> q = row(-1, 1);
    CHECK(head.attend(q, [&](int of) { return std::span<const T>(values[of]); }) == by_definition<T>(s, q, keys, values));
  }
}

template <Field T>
void check_all(int tokens, const std::function<T(int)>& number) {
  int index = 0;
  for (const Score score : {Score::average_hard, Score::leftmost, Score::rightmost})
    for (const HardKeys form : {HardKeys::as_given, HardKeys::unit}) {
      Attention s;
      s.score = score, s.hard_keys = form;
      check_sequence<T>(s, ++index, tokens, number);
    }
}

}  // namespace

TEST_CASE("hard attention that tells keys apart is hard attention, to the last bit") {
  check_all<Rational>(60, [](int x) { return Rational(x, 3); });
  check_all<RootTwo>(60, [](int x) { return RootTwo(Rational(x), Rational(x, 2)); });
  // -1/3 + 2/7 + 1/21 = 0, in doubles in some orders only
  check_all<Rational>(60, [](int x) { return x < 0 ? Rational(x, 3) : x == 0 ? Rational(2, 7) : Rational(x, 21); });
  const Rational tiny = Rational(1, 1'000'000'000'000) * Rational(1, 1'000'000'000'000);  // what no double sees beside 1
  check_all<Rational>(12, [&](int x) { return x == 1 ? Rational(1) + tiny : Rational(x); });
  check_all<RootTwo>(12, [&](int x) { return x == -1 ? RootTwo(tiny, -1) : RootTwo(Rational(x), tiny * x); });
  Rational no_double = tiny;  // 10^-384: its double is 0
  for (int i = 0; i < 4; ++i) no_double = no_double * no_double;
  check_all<Rational>(5, [&](int x) { return x == 1 ? no_double : Rational(x); });
  check_all<Rational>(5, [&](int x) { return x == 1 ? 1 / no_double : Rational(x); });
  check_all<double>(80, [](int x) { return x / 3.0; });
  check_all<LogFloat>(80, [](int x) { return LogFloat(x / 3.0, 8); });
}

TEST_CASE("hard attention to scores that are no numbers is no number") {
  const double nan = std::nan("");
  const std::vector<Row<double>> values = {{1, 2, 3}, {4, 5, 6}};
  HardHead<double> head(Score::average_hard, HardKeys::as_given);
  for (const Row<double>& k : {Row<double>{1, 0, 0}, Row<double>{0, 1, 0}}) head.read(k);
  for (const double y : head.attend(Row<double>{nan, 1, 1}, [&](int t) { return std::span<const double>(values[t]); }))
    CHECK(std::isnan(y));
}
