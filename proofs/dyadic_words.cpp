// Long words of swaps in p-bit arithmetic with the keys of dyadic_keys.h: the state stays bit-identical to the exact one.
//   one step a swap           S (I - 2 k k^T): S is the permuted row
//   open interval, six steps  k_1 = k_ij with beta = 3/4, an orthonormal basis k_2 .. k_6 of the rest with beta = 1/4, alpha = 1/2:
//                             the product is 2^-6 (1 - 2 / 4) times the swap, so S is 2^-7n times the permuted row
#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/log_float.h"
#include "proofs/dyadic_keys.h"
#include "proofs/swap_programs.h"

namespace separatrix {
namespace {

using Rows = std::vector<Row<LogFloat>>;

Row<LogFloat> rounded(const SixVector& x, int p) {
  Row<LogFloat> y;
  for (const Rational& e : x) y.push_back(LogFloat(RootTwo(e), p));
  return y;
}

/// k_ij, k+_ij and the same two for the other two pairs of axes: an orthonormal basis of entries 0, 1/2, 1.
Rows basis_of(int i, int j, const Rational& half, int p) {
  std::vector<int> axes{i, j};
  for (int m = 0; m < kSixDim; ++m)
    if (m != i && m != j) axes.push_back(m);
  Rows basis;
  for (int pair = 0; pair < kSixDim; pair += 2)
    for (const int sign : {-1, 1}) basis.push_back(rounded(turned_pair(axes[pair], axes[pair + 1], sign, half), p));
  return basis;
}

struct Loop {
  Matrix<LogFloat> S;
  Values values;
};

Loop loaded(const Rational& half, int p) {
  Loop loop{Matrix<LogFloat>(1, kSixDim, LogFloat(0.0, p)), initial_values(kSixVariables)};
  const LogFloat one(1.0, p), zero(0.0, p);
  for (int j = 0; j < kSixVariables; ++j)
    delta_step<LogFloat>(loop.S, rounded(turned_pair(j, kSixVariables, 1, half), p), Row<LogFloat>{LogFloat(j * 1.0, p)}, one, zero,
                         one);
  return loop;
}

/// Whether the state reads `scale` times the values.
bool reads(const Loop& loop, const LogFloat& scale, int p) {
  for (int j = 0; j < kSixVariables; ++j) {
    SixVector axis(kSixDim);
    axis[j] = 1;
    if (!(dot<LogFloat>(loop.S.row(0), rounded(turned(axis), p)) == LogFloat(loop.values[j] * 1.0, p) * scale)) return false;
  }
  return true;
}

/// Random swaps; all registers are read after every `every` of them.
void follow(Cases& cases, const Rational& half, int p, int swaps, int every, bool open_interval) {
  std::map<std::pair<int, int>, Rows> bases;
  for (int i = 0; i < kSixVariables; ++i)
    for (int j = i + 1; j < kSixVariables; ++j) bases[{i, j}] = basis_of(i, j, half, p);
  Loop loop = loaded(half, p);
  const LogFloat one(1.0, p), first(open_interval ? 1.5 : 2.0, p), rest(0.5, p);
  const LogFloat alpha(open_interval ? 0.5 : 1.0, p), shrink(open_interval ? 0x1p-7 : 1.0, p);
  const Row<LogFloat> nothing{LogFloat(0.0, p)};
  LogFloat scale = one;
  Rng rng = draw(4, Purpose::report, static_cast<std::uint32_t>(p), open_interval);
  for (int n = 1; n <= swaps && cases.failures() == 0; ++n) {
    const auto [x, y] = random_swap_of(rng, kSixVariables);
    const Rows& basis = bases.at({std::min(x, y), std::max(x, y)});
    delta_step<LogFloat>(loop.S, basis[0], nothing, alpha, first, one);
    for (std::size_t m = 1; m < basis.size() && open_interval; ++m)
      delta_step<LogFloat>(loop.S, basis[m], nothing, alpha, rest, one);
    scale = scale * shrink;
    std::swap(loop.values[x], loop.values[y]);
    if (n % every == 0)
      cases.expect(reads(loop, scale, p), [&] { return fmt::format("{} bits: the state after {} swaps is not exact", p, n); });
  }
}

}  // namespace

Outcome check_dyadic_words_of(const Rational& half, int swaps) {
  Cases cases;
  for (const int p : {8, 11, 24}) follow(cases, half, p, swaps, swaps / 1000, false);
  return cases.done(
      fmt::format("one random word of {} swaps in 8-, 11- and 24-bit arithmetic, every register read exactly each {} swaps", swaps,
                  swaps / 1000));
}

Outcome check_dyadic_words() {
  return check_dyadic_words_of(Rational(1, 2), 20000);
}

Outcome check_dyadic_words_deep() {
  return check_dyadic_words_of(Rational(1, 2), 1000000);
}

Outcome check_open_interval_words_of(const Rational& half) {
  Cases cases;
  for (const int p : {11, 24}) follow(cases, half, p, 10000, 10, true);
  return cases.done(
      "one random word of 10000 swaps in 11- and 24-bit arithmetic: the state is 2^-7n times the permuted row, exactly, each 10 "
      "swaps");
}

Outcome check_open_interval_words() {
  return check_open_interval_words_of(Rational(1, 2));
}

}  // namespace separatrix
