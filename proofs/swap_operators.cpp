// What one delta-rule step with the key (e_i - e_j) / sqrt 2 does to five registers, exactly.
#include "proofs/swap_operators.h"

#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/from_exact.h"
#include "proofs/swap_programs.h"
#include "proofs/token_runner.h"

namespace separatrix {
namespace {

constexpr int kRegisters = 5;
const RootTwo kHalfRoot(0, Rational(1, 2));  // 1 / sqrt 2

template <Field T>
Matrix<T> identity() {
  Matrix<T> m(kRegisters, kRegisters);
  for (int i = 0; i < kRegisters; ++i) m(i, i) = T(1);
  return m;
}

Row<RootTwo> swap_key(int i, int j, const RootTwo& entry) {
  Row<RootTwo> k(kRegisters, RootTwo(0));
  k[i] = entry, k[j] = RootTwo(0) - entry;
  return k;
}

/// I - erase k k^T, by the layer's own step from S = I.
Matrix<RootTwo> transition(const Row<RootTwo>& k, const RootTwo& erase) {
  Matrix<RootTwo> S = identity<RootTwo>();
  const Row<RootTwo> v(kRegisters, RootTwo(0));
  delta_step<RootTwo>(S, k, v, RootTwo(1), erase, RootTwo(1));
  return S;
}

/// (1 - c) I + c P_ij.
Matrix<RootTwo> mixed_swap(int i, int j, const RootTwo& c) {
  Matrix<RootTwo> m = identity<RootTwo>();
  for (const int x : {i, j}) m(x, x) = RootTwo(1) - c;
  m(i, j) = m(j, i) = c;
  return m;
}

template <class F>
void for_each_swap(const F& f) {
  for (int i = 0; i < kRegisters; ++i)
    for (int j = i + 1; j < kRegisters; ++j) f(i, j);
}

/// Words of n swaps at beta = 99/100: the state is the row times the product of the (1 - beta) I + beta P, and the entry of the
/// right register, at least beta^n, is ahead of every other one by 2 beta^n - 1.
void expect_lazy_words(Cases& cases, const RootTwo& entry) {
  const Rational beta(99, 100);
  for (int word = 0; word < 20; ++word) {
    Rng rng = draw(1, Purpose::report, 99, word);
    Matrix<RootTwo> S(1, kRegisters);
    S(0, 0) = RootTwo(1);
    Row<RootTwo> mean(S.row(0).begin(), S.row(0).end());
    RootTwo power = 1;
    int place = 0;
    for (int n = 1; n <= 40; ++n) {
      const auto [x, y] = random_swap_of(rng, kRegisters);
      delta_step<RootTwo>(S, swap_key(x, y, entry), Row<RootTwo>{RootTwo(0)}, RootTwo(1), RootTwo(2 * beta), RootTwo(1));
      const RootTwo a = mean[x], b = mean[y];
      mean[x] = RootTwo(1 - beta) * a + RootTwo(beta) * b, mean[y] = RootTwo(beta) * a + RootTwo(1 - beta) * b;
      power = power * RootTwo(beta);
      place = place == x ? y : place == y ? x : place;
    }
    for (int r = 0; r < kRegisters; ++r) {
      cases.expect(S(0, r) == mean[r], [&] { return fmt::format("word {}: register {} is not the mean of the walk", word, r); });
      cases.expect(r == place || !(S(0, place) - S(0, r) < power + power - RootTwo(1)),
                   [&] { return fmt::format("word {}: register {} is too close to the right one", word, r); });
    }
  }
}

}  // namespace

Outcome check_swap_operator(const RootTwo& entry) {
  Cases cases;
  for_each_swap([&](int i, int j) {
    const Row<RootTwo> k = swap_key(i, j, entry);
    const auto broken = [&](const char* what) { return [=] { return fmt::format("swap ({} {}): {}", i, j, what); }; };
    cases.expect(dot<RootTwo>(k, k) == RootTwo(1), broken("the key is not of length 1"));
    cases.expect(transition(k, 2) == mixed_swap(i, j, 1), broken("I - 2 k k^T is not the transposition"));
    cases.expect(transition(k, 1) == mixed_swap(i, j, RootTwo(Rational(1, 2))), broken("I - k k^T is not the average of both"));
    // Eigenvalue -1 on k itself, 1 on the sum direction.
    Matrix<RootTwo> S(1, kRegisters);
    std::copy(k.begin(), k.end(), S.row(0).begin());
    delta_step<RootTwo>(S, k, Row<RootTwo>{RootTwo(0)}, RootTwo(1), RootTwo(2), RootTwo(1));
    for (int x = 0; x < kRegisters; ++x) cases.expect(S(0, x) == RootTwo(0) - k[x], broken("k is not mapped to -k"));
  });
  return cases.done("all 10 transpositions of 5 registers, with and without the factor 2");
}

Outcome check_lazy_walk_of(const RootTwo& entry) {
  Cases cases;
  for (const Rational& beta : {Rational(1, 3), Rational(1, 2), Rational(9, 10), Rational(99, 100), Rational(1, 1)}) {
    for_each_swap([&](int i, int j) {
      cases.expect(transition(swap_key(i, j, entry), RootTwo(2 * beta)) == mixed_swap(i, j, beta),
                   [&] { return fmt::format("beta = {}, swap ({} {}): not (1 - beta) I + beta P", to_text(beta), i, j); });
    });
    // The same swap n times: right register minus wrong one is (2 beta - 1)^n.
    Matrix<RootTwo> S(1, kRegisters);
    S(0, 0) = RootTwo(1);
    RootTwo power = 1;
    for (int n = 1; n <= 100; ++n) {
      delta_step<RootTwo>(S, swap_key(0, 1, entry), Row<RootTwo>{RootTwo(0)}, RootTwo(1), RootTwo(2 * beta), RootTwo(1));
      power = power * RootTwo(2 * beta - 1);
      const RootTwo margin = n % 2 ? S(0, 1) - S(0, 0) : S(0, 0) - S(0, 1);
      cases.expect(margin == power, [&] { return fmt::format("beta = {}: margin after {} swaps", to_text(beta), n); });
    }
  }
  expect_lazy_words(cases, entry);
  return cases.done(
      "beta = 1/3, 1/2, 9/10, 99/100, 1: 10 transpositions each; margins up to n = 100, exactly; 20 random words of 40 swaps are "
      "the "
      "product of these means, with a margin of at least 2 beta^n - 1");
}

Outcome check_open_interval_of(const RootTwo& entry) {
  Cases cases;
  for (const Rational& eps : {Rational(1, 3), Rational(1, 100), Rational(1, 1000)})
    for_each_swap([&](int i, int j) {
      const Rational alpha = 1 - eps;
      // An orthonormal basis that begins with the swap's key: (e_i - e_j)/sqrt 2, (e_i + e_j)/sqrt 2, the other e_m.
      std::vector<Row<RootTwo>> basis{swap_key(i, j, entry), swap_key(i, j, entry)};
      basis[1][j] = entry;
      for (int m = 0; m < kRegisters; ++m)
        if (m != i && m != j) basis.emplace_back(kRegisters, RootTwo(0)), basis.back()[m] = RootTwo(1);
      Matrix<RootTwo> S = identity<RootTwo>();
      const Row<RootTwo> v(kRegisters, RootTwo(0));
      for (std::size_t m = 0; m < basis.size(); ++m) {
        const Rational beta = m == 0 ? 1 - eps : eps;
        delta_step<RootTwo>(S, basis[m], v, RootTwo(alpha), RootTwo(2 * beta), RootTwo(1));
      }
      Matrix<RootTwo> want = mixed_swap(i, j, 1);
      const RootTwo scale = alpha * alpha * alpha * alpha * alpha * (1 - 2 * eps);
      for (RootTwo& x : want.values()) x = x * scale;
      cases.expect(S == want, [&] { return fmt::format("eps = {}, swap ({} {}): not alpha^5 (1 - 2 eps) P", to_text(eps), i, j); });
    });
  return cases.done("10 transpositions at eps = 1/3, 1/100, 1/1000: five steps with every beta and alpha = 1 - eps in (0, 1)");
}

Outcome check_figure_six() {
  return check_swap_operator(kHalfRoot);
}

Outcome check_lazy_walk() {
  return check_lazy_walk_of(kHalfRoot);
}

Outcome check_open_interval() {
  return check_open_interval_of(kHalfRoot);
}

Outcome check_without_negative_eigenvalues(const BuiltModel& model) {
  BuiltModel weakened = model;
  for (Block& block : weakened.spec.blocks)
    if (auto* g = std::get_if<GatedDeltaRule>(&block.mixer)) g->neg_eigval = false;
  const int n = variables_of(model);
  const auto runner = token_runner<RootTwo>(weakened);
  Cases cases;
  for (int x = 0; x < n; ++x)
    for (int y = x + 1; y < n; ++y) {
      auto state = runner.start();
      runner.feed(state, header_words(n));
      runner.feed(state, swap_words(x, y));
      const auto at_x = runner.logits_after(state, question_words(x)), at_y = runner.logits_after(state, question_words(y));
      cases.expect(at_x == at_y, [&] { return fmt::format("`{}`: the two variables still differ", swap_words(x, y)); });
      cases.expect(runner.answer(at_x) != std::to_string(y) || runner.answer(at_y) != std::to_string(x),
                   [&] { return fmt::format("`{}` is answered rightly without negative eigenvalues", swap_words(x, y)); });
    }
  return cases.done("after one swap both variables give equal logits (margin 0), so one of them is wrong, for each pair");
}

}  // namespace separatrix
