// Integer formulas through delta-rule steps (Ben-Or and Cleve 1992), exactly over Q(sqrt 5) and in p-bit arithmetic.
// After T shears the state is phi^-T times the integer row (1, value, 0): the value is a ratio of registers.
#include "proofs/integer_formulas.h"

#include <array>
#include <cmath>
#include <map>
#include <sstream>

#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/log_float.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

/// The steps of all shears in numbers of type T.
template <Field T>
class Shears {
 public:
  template <class F>
  Shears(StepsOfShear steps_of_shear, const F& number) : zero_(number(0)), one_(number(1)) {
    for (int code = 0; code < 27; ++code) {
      const Shear shear{code / 9, code / 3 % 3, code % 3 - 1};
      if (shear.from == shear.to) continue;
      for (const ReflectionStep& step : steps_of_shear(shear)) {
        steps_[code].push_back({{}, number(step.alpha), number(step.erase)});
        for (const RootFive& x : step.key) steps_[code].back().key.push_back(number(x));
      }
    }
  }

  /// (1, 0, 0).
  Matrix<T> start_row() const {
    Matrix<T> S(1, 3, zero_);
    S(0, 0) = one_;
    return S;
  }
  /// S (rows, 3) through the steps of one shear.
  void apply(Matrix<T>& S, const Shear& shear) const {
    const Row<T> nothing(S.rows(), zero_);
    for (const Step& step : steps_[shear.from * 9 + shear.to * 3 + shear.factor + 1])
      delta_step<T>(S, step.key, nothing, step.alpha, step.erase, one_);
  }

 private:
  struct Step {
    Row<T> key;  // (3)
    T alpha, erase;
  };
  T zero_, one_;
  std::array<std::vector<Step>, 27> steps_;
};

Shears<RootFive> exact_shears(StepsOfShear steps_of_shear) {
  return {steps_of_shear, [](const RootFive& x) { return x; }};
}

Shears<LogFloat> rounded_shears(StepsOfShear steps_of_shear, int p) {
  return {steps_of_shear, [p](const RootFive& x) { return LogFloat(x, p); }};
}

std::string random_formula(Rng& rng, int depth) {
  if (depth == 0) return std::vector<std::string>{"-1", "1", "1", "0"}[rng.below(4)];
  const std::string gate = rng.below(2) ? "+ " : "* ", left = random_formula(rng, depth - 1);
  return gate + left + " " + random_formula(rng, depth - 1);
}

/// 2, squared `times` times.
std::string squared(int times) {
  if (times == 0) return "+ 1 1";
  return "* " + squared(times - 1) + " " + squared(times - 1);
}

std::string shear_text(const Shear& s) {
  return fmt::format("R_{} += {} R_{}", s.to, s.factor, s.from);
}

}  // namespace

std::int64_t integer_value(const std::string& formula) {
  std::istringstream in(formula);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  std::vector<std::int64_t> stack;
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    if (*word != "+" && *word != "*") {
      stack.push_back(std::stoi(*word));
      continue;
    }
    const std::int64_t first = stack.back();
    stack.pop_back();
    stack.back() = *word == "+" ? first + stack.back() : first * stack.back();
  }
  return stack.back();
}

Outcome check_shears(StepsOfShear steps_of_shear) {
  Cases cases;
  const RootFive scale = golden_ratio() - 1;
  const Shears<RootFive> shears = exact_shears(steps_of_shear);
  for (int from = 0; from < 3; ++from)
    for (int to = 0; to < 3; ++to)
      for (int factor = -1; factor <= 1 && from != to; ++factor) {
        const Shear shear{from, to, factor};
        Matrix<RootFive> S(3, 3), want(3, 3);
        for (int i = 0; i < 3; ++i) S(i, i) = 1, want(i, i) = scale;
        want(from, to) = scale * factor;
        shears.apply(S, shear);
        cases.expect(S == want, [&] { return fmt::format("{}: the steps do not make it", shear_text(shear)); });
        for (const ReflectionStep& step : steps_of_shear(shear)) {
          const RootFive twice_beta = step.erase * dot<RootFive>(step.key, step.key);
          cases.expect(!(step.alpha < 0) && !(RootFive(1) < step.alpha) && !(twice_beta < 0) && !(RootFive(2) < twice_beta),
                       [&] { return fmt::format("{}: alpha or beta is out of range", shear_text(shear)); });
        }
      }
  return cases.done("all 18 shears of three registers; every alpha in [0, 1], every 2 beta in [0, 2]");
}

Outcome check_integer_formulas(StepsOfShear steps_of_shear) {
  Cases cases;
  std::size_t longest = 0;
  const Shears<RootFive> shears = exact_shears(steps_of_shear);
  const auto check_one = [&](const std::string& formula, int depth) {
    const std::vector<Shear> word = integer_formula_word(formula);
    longest = std::max(longest, word.size());
    cases.expect(word.size() <= std::size_t{1} << 2 * depth, [&] { return fmt::format("`{}`: {} shears", formula, word.size()); });
    Matrix<RootFive> S = shears.start_row();
    for (const Shear& shear : word) shears.apply(S, shear);
    const RootFive value = integer_value(formula);
    cases.expect(S(0, 2).is_zero() && !S(0, 0).is_zero() && S(0, 1) == value * S(0, 0),
                 [&] { return fmt::format("`{}` is {}, the registers say otherwise", formula, integer_value(formula)); });
  };
  const int per_depth[] = {4, 30, 30, 30, 20, 10};
  for (int depth = 0; depth <= 5; ++depth)
    for (int i = 0; i < per_depth[depth] && cases.failures() == 0; ++i) {
      Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(depth), 100 + i);
      check_one(random_formula(rng, depth), depth);
    }
  for (int times = 0; times <= 4 && cases.failures() == 0; ++times) check_one(squared(times), times + 1);
  return cases.done(
      fmt::format("124 random formulas of depth <= 5 and 2^1 .. 2^16 by squaring, exactly; longest word {} shears", longest));
}

namespace {

/// Whether p-bit arithmetic finds the value, by the nearest integer to the ratio of registers.
bool evaluates(StepsOfShear steps_of_shear, const std::string& formula, int p) {
  const Shears<LogFloat> shears = rounded_shears(steps_of_shear, p);
  Matrix<LogFloat> S = shears.start_row();
  for (const Shear& shear : integer_formula_word(formula)) shears.apply(S, shear);
  if (S(0, 0) == LogFloat(0)) return false;
  return std::nearbyint((S(0, 1) / S(0, 0)).to_double()) == static_cast<double>(integer_value(formula));
}

}  // namespace

Outcome check_integer_bits(StepsOfShear steps_of_shear) {
  Cases cases;
  std::string found;
  for (int times = 1; times <= 3; ++times) {
    const std::string formula = squared(times);
    const int bits = (1 << times) + 1;  // of 2^(2^times)
    for (int p = 2; p < bits; ++p)
      cases.expect(!evaluates(steps_of_shear, formula, p),
                   [&] { return fmt::format("{} bits find {}", p, integer_value(formula)); });
    int p = bits;
    while (p < LogFloat::max_bits && !evaluates(steps_of_shear, formula, p)) ++p;
    cases.expect(evaluates(steps_of_shear, formula, p), [&] { return fmt::format("no p finds {}", integer_value(formula)); });
    found += fmt::format("{}{} ({} bits): first found with {} bits", found.empty() ? "" : ", ", integer_value(formula), bits, p);
  }
  return cases.done(found);
}

namespace {

/// R_1 += R_0 and R_0 += R_1 in any order take the row (1, 1) to every pair of coprime numbers once: 2^n rows after n shears.
constexpr Shear kTurns[2] = {{0, 1, 1}, {1, 0, 1}};

/// A word of turns: its bits, first letter lowest.
struct TurnWord {
  unsigned bits;
  int length;
};

/// (1, 1, 0) and then the word.
template <Field T>
Matrix<T> after_word(const Shears<T>& shears, const TurnWord& word) {
  Matrix<T> S = shears.start_row();
  shears.apply(S, kTurns[0]);
  for (int i = 0; i < word.length; ++i) shears.apply(S, kTurns[word.bits >> i & 1]);
  return S;
}

/// And then the inverse shears of another word, last first: exactly, that leads back to R_0 = R_1 after this word alone.
template <Field T>
Matrix<T> after_both(const Shears<T>& shears, const TurnWord& word, const TurnWord& undone) {
  Matrix<T> S = after_word(shears, word);
  for (int i = undone.length - 1; i >= 0; --i) {
    const Shear s = kTurns[undone.bits >> i & 1];
    shears.apply(S, {s.from, s.to, -s.factor});
  }
  return S;
}

/// The first two words of one length with the same state; none up to `longest` letters gives two equal words.
std::pair<TurnWord, TurnWord> first_collision(const Shears<LogFloat>& shears, int longest) {
  for (int length = 1; length <= longest; ++length) {
    std::map<std::string, unsigned> word_of;
    for (unsigned bits = 0; bits < 1u << length; ++bits) {
      const Matrix<LogFloat> S = after_word(shears, {bits, length});
      std::string state;
      for (const LogFloat& x : S.values()) state += fmt::format("{:a} ", x.to_double());
      const auto [other, is_new] = word_of.emplace(state, bits);
      if (!is_new) return {{other->second, length}, {bits, length}};
    }
  }
  return {};
}

}  // namespace

Outcome check_shear_states(const Shear& one, const Shear& other) {
  using Row3 = std::array<std::int64_t, 3>;
  const auto through = [&](Row3 r, unsigned bits, int length, bool undo) {
    for (int i = 0; i < length; ++i) {
      const Shear& s = bits >> (undo ? length - 1 - i : i) & 1 ? other : one;
      r[s.to] += (undo ? -s.factor : s.factor) * r[s.from];
    }
    return r;
  };
  Cases cases;
  for (int length = 1; length <= 8; ++length)
    for (unsigned word = 0; word < 1u << length; ++word)
      for (unsigned undone = 0; undone < 1u << length; ++undone) {
        const Row3 end = through(through({1, 1, 0}, word, length, false), undone, length, true);
        cases.expect((end[0] == end[1]) == (word == undone),
                     [&] { return fmt::format("words {:#x} and {:#x} of {} shears", word, undone, length); });
      }
  return cases.done("undoing a word leads back to R_0 = R_1 after that word alone, among all words of its length, n = 1 .. 8");
}

Outcome check_shear_collisions(StepsOfShear steps_of_shear) {
  Cases cases;
  std::string found;
  const Shears<RootFive> exact = exact_shears(steps_of_shear);
  for (const int p : {4, 6, 8, 11}) {
    const Shears<LogFloat> rounded = rounded_shears(steps_of_shear, p);
    const auto [one, other] = first_collision(rounded, 14);
    if (!cases.expect(one.length > 0, [&] { return fmt::format("p = {}: no two words of up to 14 shears meet", p); })) continue;
    const Matrix<RootFive> back = after_both(exact, one, one), elsewhere = after_both(exact, other, one);
    cases.expect(back(0, 0) == back(0, 1) && !(elsewhere(0, 0) == elsewhere(0, 1)),
                 [&] { return fmt::format("p = {}: the suffix does not tell the two words apart", p); });
    cases.expect(after_both(rounded, one, one) == after_both(rounded, other, one),
                 [&] { return fmt::format("p = {}: equal states part", p); });
    found += fmt::format("p = {}: {:#x} and {:#x} of {} shears, ", p, one.bits, other.bits, one.length);
  }
  return cases.done(found + "each pair in one state; undoing the first leads back to R_0 = R_1 after the first alone");
}

}  // namespace separatrix
