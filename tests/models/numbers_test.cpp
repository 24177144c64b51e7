#include <bit>
#include <cstring>
#include <limits>

#include "models/instances.h"
#include "models/numbers/big_float.h"
#include "models/numbers/from_exact.h"
#include "models/numbers/log_float.h"
#include "models/numbers/var.h"
#include "tasks/rng.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

/// A float of either sign with a magnitude near 1 (2^-8 .. 2^8) and random significand bits.
template <class F>
F random_number(Rng& rng) {
  const double m = 1 + rng.next() / 4294967296.0 + rng.next() / 4294967296.0 / 4294967296.0;
  const double x = std::ldexp(m, static_cast<int>(rng.below(17)) - 8);
  return static_cast<F>(rng.chance(1, 2) ? -x : x);
}

template <class F>
void check_against_hardware(int p) {
  Rng rng = draw(1, Purpose::test, 0, p);
  const auto same = [p](F hardware, const LogFloat& ours) {
    CHECK(ours.bits() == p);
    const F back = static_cast<F>(ours.to_double());
    CHECK(std::memcmp(&hardware, &back, sizeof(F)) == 0);
  };
  for (int i = 0; i < 4000; ++i) {
    const F x = random_number<F>(rng), y = i % 5 ? random_number<F>(rng) : std::nextafter(x, F(0)), z = std::fabs(x);
    const LogFloat a(x, p), b(y, p), c(z, p);
    same(x + y, a + b), same(x * y, a * b), same(x / y, a / b), same(std::sqrt(z), sqrt(c));
    if (x != y) same(x - y, a - b);
    REQUIRE((x < y) == (a < b));
  }
}

}  // namespace

TEST_CASE("a 24-bit LogFloat is float and a 53-bit LogFloat is double, bit for bit") {
  check_against_hardware<float>(24);
  check_against_hardware<double>(53);
}

TEST_CASE("a LogFloat rounds ties to even and keeps any exponent") {
  CHECK(LogFloat(1 + 1.0 / 256, 8) == LogFloat(1.0, 8));
  CHECK(LogFloat(1 + 3.0 / 256, 8) == LogFloat(1 + 1.0 / 64, 8));
  CHECK(LogFloat(255.75, 8) == LogFloat(256.0, 8));
  LogFloat x(0.5, 8);
  for (int i = 0; i < 20; ++i) x = x * x;  // 2^-1048576
  CHECK(LogFloat(0) < x);
  for (int i = 0; i < 20; ++i) x = sqrt(x);
  CHECK(x == LogFloat(0.5, 8));
}

TEST_CASE("constants take the precision of the number they meet, and two precisions do not mix") {
  const LogFloat third = LogFloat(1) / LogFloat(3);
  CHECK(third.bits() == 0);
  CHECK((third * LogFloat(1.0, 24)).to_double() == 1.0f / 3.0f);
  CHECK((LogFloat(1) - LogFloat(0.25, 11)).bits() == 11);
  CHECK((LogFloat(1) + LogFloat(1)) == LogFloat(2));
  CHECK_THROWS_AS(LogFloat(1.0, 8) + LogFloat(1.0, 11), Error);
  CHECK_THROWS_AS(LogFloat(1.0, 8) < LogFloat(1.0, 11), Error);
  CHECK_THROWS_AS(LogFloat(1.0, 63), Error);
  CHECK_THROWS_AS(LogFloat(1.0, 8) / LogFloat(0), Error);
}

TEST_CASE("exp and log1p of a LogFloat agree with the library's double to the last bit but one") {
  Rng rng = draw(2, Purpose::test, 0, 0);
  for (int i = 0; i < 300; ++i) {
    const double x = random_number<double>(rng) / 16;
    CHECK(std::fabs(exp(LogFloat(x, 53)).to_double() / std::exp(x) - 1) <= std::numeric_limits<double>::epsilon());
    const double y = std::fabs(x);
    CHECK(std::fabs(log1p(LogFloat(y, 53)).to_double() / std::log1p(y) - 1) <= std::numeric_limits<double>::epsilon());
    const LogFloat single(x, 24);
    CHECK(exp(single).to_double() == static_cast<float>(std::exp(single.to_double())));
  }
  CHECK(exp(LogFloat(0.0, 8)) == LogFloat(1.0, 8));
}

TEST_CASE("rational arithmetic is exact before and after it outgrows 64 bits") {
  const Rational third(1, 3), big = Rational(1, 3'000'000'007) * Rational(1, 4'000'000'007);
  CHECK(third + third + third == 1);
  CHECK(big * Rational(3'000'000'007, 1) * Rational(4'000'000'007, 1) == 1);
  CHECK(big * Rational(1, 7) < big);
  CHECK(to_text(big) == "1/12000000049000000049");
  CHECK(parse_rational(to_text(big)) == big);
  CHECK(to_text(Rational(6, -8)) == "-3/4");
  CHECK(parse_rational("-3/4") == Rational(-3, 4));
  CHECK(Rational(std::numeric_limits<std::int64_t>::min(), -1) - Rational(1, 1) ==
        Rational(std::numeric_limits<std::int64_t>::max(), 1));
  CHECK_THROWS_AS(parse_rational("3/0"), Error);
  CHECK_THROWS_AS(parse_rational("x"), Error);
  CHECK_THROWS_AS(parse_rational("3/"), Error);
  CHECK_THROWS_AS(third / 0, Error);
  // sum_{k <= 60} 1 / (k (k + 1)) = 60 / 61 telescopes, whatever the size of the partial sums' terms.
  Rational s = 0, product = 1;
  for (int k = 1; k <= 60; ++k) s = s + Rational(1, k) * Rational(1, k + 1), product = product * Rational(k, k + 1);
  CHECK(s == Rational(60, 61));
  CHECK(product == Rational(1, 61));
  Rational up = 1;
  for (int k = 1; k <= 40; ++k) up = up * k;  // 40! needs 160 bits
  for (int k = 1; k <= 40; ++k) up = up / k;
  CHECK(up == 1);
}

TEST_CASE("rational arithmetic is Boost's, at the ends of 64 bits too") {
  Rng rng = draw(5, Purpose::test, 0, 0);
  const auto whole = [&] {
    const int bits = static_cast<int>(rng.below(65));
    if (bits == 64) return rng.chance(1, 2) ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
    const std::uint64_t x = (std::uint64_t{rng.next()} << 32 | rng.next()) >> (64 - std::max(bits, 1));
    return static_cast<std::int64_t>(x);
  };
  const auto number = [&] {
    const std::int64_t below = whole();
    return Rational(whole(), below == 0 ? 1 : below);
  };
  const auto same = [](const Rational& ours, const decltype(Rational::Big::value)& boost) {
    CHECK(ours == Rational(Rational::Big{boost}));
    CHECK(to_text(ours) == boost.str());
  };
  for (int i = 0; i < 5000; ++i) {
    const Rational x = number(), y = i % 7 ? number() : x;
    const auto a = x.big().value, b = y.big().value;
    same(x + y, a + b), same(x - y, a - b), same(x * y, a * b);
    if (!y.is_zero()) same(x / y, a / b);
    CHECK((x < y) == (a < b));
  }
}

TEST_CASE("every double is a rational number, and the nearest double leads back") {
  Rng rng = draw(3, Purpose::test, 0, 0);
  for (int i = 0; i < 500; ++i) {
    const double x = random_number<double>(rng) * std::ldexp(1.0, static_cast<int>(rng.below(400)) - 200);
    CHECK(to_double(round_cast<Rational>(x)) == x);
    const auto n = static_cast<std::int64_t>(rng.next()), d = static_cast<std::int64_t>(rng.next()) + 1;
    CHECK(to_double(Rational(n, d)) == static_cast<double>(n) / static_cast<double>(d));
  }
  CHECK(round_cast<Rational>(-0.75) == Rational(-3, 4));
  CHECK_THROWS_AS(round_cast<Rational>(std::numeric_limits<double>::infinity()), Error);
}

TEST_CASE("a + b sqrt 2 is an ordered field") {
  const RootTwo root(0, 1), x(Rational(1, 2), Rational(-3, 4));
  CHECK(root * root == RootTwo(2));
  CHECK(x / x == RootTwo(1));
  CHECK((x / root) * root == x);
  // 1393/985 and 3363/2378 are convergents of sqrt 2, below and above.
  CHECK(RootTwo(Rational(1393, 985)) < root);
  CHECK(root < RootTwo(Rational(3363, 2378)));
  CHECK(!(root < root));
  CHECK(x < RootTwo(0));
  CHECK(to_double(root) == std::sqrt(2.0));
  for (const char* text : {"1/2-3/4r2", "-3/4", "5", "-7/9r2", "1r2", "-1/2+1/3r2"}) CHECK(to_text(parse_root_two(text)) == text);
  CHECK_THROWS_AS(parse_root_two("1/2+r2x"), Error);
}

TEST_CASE("a + b sqrt 5 is an ordered field, and the golden ratio lies between its convergents") {
  const RootFive phi = golden_ratio(), x(Rational(-2, 3), Rational(1, 7));
  CHECK(phi * phi == phi + 1);
  CHECK(1 / phi == phi - 1);
  CHECK(x / x == RootFive(1));
  CHECK((x / phi) * phi == x);
  int below = 1, above = 1;  // Fibonacci: F(2n) / F(2n - 1) < phi < F(2n + 1) / F(2n)
  for (int i = 0; i < 20; ++i) {
    CHECK(RootFive(Rational(above, below)) < phi);
    above += below, below = above - below;
    CHECK(phi < RootFive(Rational(above, below)));
    above += below, below = above - below;
  }
  CHECK(!(phi < phi));
  CHECK(x < RootFive(0));
  CHECK(to_double(phi) == (1 + std::sqrt(5.0)) / 2);
  for (const char* text : {"1/2-3/4r5", "-3/4", "-7/9r5", "1r5"}) CHECK(to_text(parse_root<5>(text)) == text);
  CHECK_THROWS_AS(parse_root<5>("1r2"), Error);
}

TEST_CASE("an exact weight goes to its own field, to every number type that rounds, and nowhere else") {
  const Exact root_two = RootTwo(1, Rational(-1, 2)), phi = golden_ratio(), half = Rational(1, 2);
  CHECK(from_exact<RootTwo>(root_two) == RootTwo(1, Rational(-1, 2)));
  CHECK(from_exact<RootFive>(phi) == golden_ratio());
  CHECK(from_exact<RootFive>(half) == RootFive(Rational(1, 2)));
  CHECK(from_exact<Rational>(half) == Rational(1, 2));
  CHECK(from_exact<double>(phi) == to_double(golden_ratio()));
  CHECK(LogFloat(phi, 24).to_double() == static_cast<float>(to_double(golden_ratio())));
  CHECK_THROWS_WITH(from_exact<RootTwo>(phi), Catch::Matchers::Contains("--numbers root5"));
  CHECK_THROWS_WITH(from_exact<RootFive>(root_two), Catch::Matchers::Contains("--numbers root2"));
  CHECK_THROWS_WITH(from_exact<Rational>(phi), Catch::Matchers::Contains("1/2+1/2r5"));
  for (const char* text : {"1/2-3/4r5", "1-1/2r2", "5/7"}) CHECK(to_text(parse_exact(text)) == text);
  CHECK(Exact(RootFive(3)) == Exact(RootTwo(3)));
  CHECK(!(Exact(RootFive(0, 1)) == Exact(RootTwo(0, 1))));
}

// --- the layers over every number type ---

namespace {

template <class T>
T weight_from(double x) {
  return round_cast<T>(x);
}
template <>
LogFloat weight_from<LogFloat>(double x) {
  return LogFloat(x, 40);
}

/// Logits of a fixed small hybrid with dyadic weights, as doubles.
template <class T>
std::vector<double> hybrid_logits(const Spec& spec) {
  Weights<T> w(spec);
  Rng rng = draw(4, Purpose::test, 0, 0);
  for (T& x : w.values()) x = weight_from<T>((static_cast<int>(rng.below(33)) - 16) / 32.0);
  const std::vector<int> tokens{1, 4, 2, 2, 0, 3};
  std::vector<double> out;
  const Matrix<T> y = logits(Model<T>(spec, w), std::span<const int>(tokens));
  for (const T& x : y.values()) out.push_back(to_double(x));
  return out;
}

Spec production_form() {
  ModelOptions o;
  o.pattern = "GA", o.width = 8, o.heads = 2, o.head_dim = 4, o.hidden = 6;
  return make_spec(o, 5);
}

Spec theory_form() {
  Spec spec = production_form();
  auto& g = std::get<GatedDeltaRule>(spec.blocks[0].mixer);
  g.silu = g.scale_query = g.output_norm = g.output_gate = false;
  g.gates = Gates::direct, g.keys = Keys::as_given, g.write = Write::plain;
  auto& a = std::get<Attention>(spec.blocks[1].mixer);
  a.score = Score::average_hard, a.hard_keys = HardKeys::unit, a.position = Position::none, a.qk_norm = QkNorm::none;
  for (Block& b : spec.blocks) b.norm = NormPlace::none, b.mlp.activation = Activation::relu;
  spec.final_norm = false;
  return spec;
}

using Fields = std::tuple<float, double, Rational, RootTwo, RootFive, BigFloat<113>, LogFloat, Var<double>>;
using Reals = std::tuple<float, double, BigFloat<113>, LogFloat, Var<double>>;
template <class T>
constexpr double bits_error = std::is_same_v<T, float> ? 1e-5 : 1e-10;  // 24 bits, or at least 40, and a margin for the sums

}  // namespace

TEMPLATE_LIST_TEST_CASE("a hybrid in theory form computes the same over every field", "", Fields) {
  const std::vector<double> exact = hybrid_logits<Rational>(theory_form()), ours = hybrid_logits<TestType>(theory_form());
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(ours[i] == Approx(exact[i]).epsilon(0).margin(bits_error<TestType>));
}

TEMPLATE_LIST_TEST_CASE("a hybrid in production form computes the same over every real number type", "", Reals) {
  const std::vector<double> wide = hybrid_logits<BigFloat<200>>(production_form()),
                            ours = hybrid_logits<TestType>(production_form());
  for (std::size_t i = 0; i < wide.size(); ++i) CHECK(ours[i] == Approx(wide[i]).epsilon(0).margin(bits_error<TestType>));
}

TEST_CASE("softmax over rational numbers is refused, when it is compiled and when it is asked for at run time") {
  static_assert(Field<Rational> && Field<RootTwo> && Field<LogFloat> && Field<BigFloat<113>>);
  static_assert(!Real<Rational> && !Real<RootTwo>);
  static_assert(Real<LogFloat> && Real<BigFloat<113>> && Real<float>);
  Spec spec = theory_form();
  std::get<Attention>(spec.blocks[1].mixer).score = Score::softmax;
  CHECK_THROWS_WITH(hybrid_logits<Rational>(spec), Catch::Matchers::Contains("softmax attention"));
  CHECK_NOTHROW(hybrid_logits<LogFloat>(spec));
}
