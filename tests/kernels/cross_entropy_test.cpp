#include "kernels/cross_entropy/cross_entropy.h"

#include <omp.h>

#include "tasks/error.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

struct Case {
  std::ptrdiff_t rows, vocab;
  double scale;
  std::vector<float> logits;
  std::vector<std::int32_t> targets;
  std::vector<std::uint8_t> mask;

  Case(std::ptrdiff_t r, std::ptrdiff_t v, double sharpness)
      : rows(r), vocab(v), logits(draws(static_cast<std::size_t>(r * v), 1, sharpness)) {
    Rng rng = draw(7, Purpose::test, 1, 2);
    int counted = 0;
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
      mask.push_back(i == 0 || rng.chance(2, 3));
      targets.push_back(mask.back() ? static_cast<std::int32_t>(rng.below(static_cast<std::uint32_t>(vocab))) : -5);
      counted += mask.back();
    }
    scale = 1.0 / counted;
  }
};

/// Gradient (rows, vocab), then the loss.
template <class T>
std::vector<T> plain(const Case& c) {
  std::vector<T> gradient;
  T loss = 0;
  for (std::ptrdiff_t i = 0; i < c.rows; ++i) {
    const float* z = c.logits.data() + i * c.vocab;
    T top = z[0], total = 0;
    for (std::ptrdiff_t j = 0; j < c.vocab; ++j) top = std::max(top, T(z[j]));
    for (std::ptrdiff_t j = 0; j < c.vocab; ++j) total += std::exp(T(z[j]) - top);
    for (std::ptrdiff_t j = 0; j < c.vocab; ++j) {
      const T p = std::exp(T(z[j]) - top) / total;
      gradient.push_back(c.mask[i] ? (p - (j == c.targets[i])) * T(c.scale) : 0);
    }
    if (c.mask[i]) loss += std::log(total) + top - z[c.targets[i]];
  }
  gradient.push_back(loss * T(c.scale));
  return gradient;
}

}  // namespace

TEST_CASE("cross-entropy, its gradient and its mask equal the double computation at awkward sizes") {
  for (const std::ptrdiff_t vocab : {1, 2, 3, 15, 16, 17, 63, 64, 65, 100})
    for (const double sharpness : {1.0, 30.0}) {
      INFO("vocab " << vocab << " sharpness " << sharpness);
      const Case c(64, vocab, sharpness);
      for_each_isa([&] {
        const std::ptrdiff_t stride = vocab + 2;
        std::vector<float> z = poison(static_cast<std::size_t>(c.rows * stride)), seen;
        for (std::ptrdiff_t i = 0; i < c.rows; ++i) std::copy_n(c.logits.data() + i * vocab, vocab, z.data() + i * stride);
        const double loss = cross_entropy(c.rows, vocab, {z.data(), stride}, c.targets.data(), c.mask.data(), c.scale);
        for (std::ptrdiff_t i = 0; i < c.rows; ++i) seen.insert(seen.end(), z.data() + i * stride, z.data() + i * stride + vocab);
        seen.push_back(static_cast<float>(loss));
        CHECK(yardstick(seen, plain<float>(c), plain<double>(c)) < yardstick_limit);
      });
    }
}

TEST_CASE("the loss does not depend on the number of threads") {
  const Case c(1001, 33, 3);
  std::vector<double> losses;
  const int before = omp_get_max_threads();
  for (const int count : {1, 2, 3}) {
    omp_set_num_threads(count);
    std::vector<float> z = c.logits;
    losses.push_back(cross_entropy(c.rows, c.vocab, {z.data(), c.vocab}, c.targets.data(), c.mask.data(), c.scale));
  }
  omp_set_num_threads(before);
  CHECK((losses[0] == losses[1] && losses[0] == losses[2]));
}

TEST_CASE("a counted target outside the vocabulary is an error, an uncounted one is not read") {
  std::vector<float> z(6, 0.0f);
  const std::vector<std::int32_t> targets{3, 1};
  const std::vector<std::uint8_t> both{1, 1}, second{0, 1};
  CHECK_THROWS_AS(cross_entropy(2, 3, {z.data(), 3}, targets.data(), both.data(), 0.5), Error);
  CHECK(cross_entropy(2, 3, {z.data(), 3}, targets.data(), second.data(), 1) == Approx(std::log(3.0)));
  const std::vector<float> gradient{0, 0, 0, 1 / 3.0f, -2 / 3.0f, 1 / 3.0f};
  for (int i = 0; i < 6; ++i) CHECK(z[i] == Approx(gradient[i]));
}

TEST_CASE("argmax takes the smallest id of equals and -1 where nothing counts") {
  const std::vector<float> z{1, 5, 5, 2, /**/ 7, 7, 7, 7, /**/ -3, -2, -1, 0, /**/ 9, 0, 0, 0};
  const std::vector<std::uint8_t> mask{1, 1, 1, 0};
  std::vector<std::int32_t> out(4, 99);
  argmax(4, 4, {z.data(), 4}, mask.data(), out.data());
  CHECK(out == std::vector<std::int32_t>{1, 0, 3, -1});
}
