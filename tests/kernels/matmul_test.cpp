#include "kernels/matmul/linear.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "kernels/cpu/blocks.h"
#include "kernels/parallel.h"
#include "tasks/error.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

/// A (rows, cols) inside a wider buffer, as operand and as seen through its transposition.
struct Side {
  std::ptrdiff_t rows, cols, stride;
  bool transposed;
  std::vector<float> data, rounded;  // as given, and as the product reads them
  Operand operand;

  Side(std::ptrdiff_t r, std::ptrdiff_t c, bool transpose, std::uint64_t stream, Precision precision)
      : rows(transpose ? c : r), cols(transpose ? r : c), stride(cols + 3), transposed(transpose) {
    data = draws(static_cast<std::size_t>(rows * stride), stream);
    operand.load(rows, cols, {data.data(), stride}, precision);
    for (const float x : data) rounded.push_back(precision == Precision::fp32 ? x : bf16(x));
  }
  float operator()(std::ptrdiff_t i, std::ptrdiff_t j) const {
    return rounded[static_cast<std::size_t>(transposed ? j * stride + i : i * stride + j)];
  }
  /// To nearest even in 8 significant bits, written independently of the kernel.
  static float bf16(float x) {
    int exponent;
    const float mantissa = std::frexp(x, &exponent);
    return std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8);
  }
};

template <class T>
std::vector<T> plain(const Side& a, const Side& b, std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k,
                     const std::vector<float>& start) {
  std::vector<T> c;
  for (std::ptrdiff_t i = 0; i < m; ++i)
    for (std::ptrdiff_t j = 0; j < n; ++j) {
      T sum = start.empty() ? T(0) : T(start[static_cast<std::size_t>(i * n + j)]);
      for (std::ptrdiff_t l = 0; l < k; ++l) sum += T(a(i, l)) * T(b(l, j));
      c.push_back(sum);
    }
  return c;
}

void check_product(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, bool ta, bool tb, bool accumulate, Precision precision) {
  INFO("m " << m << " n " << n << " k " << k << " transposed " << ta << tb << " accumulate " << accumulate << " "
            << precision_name(precision));
  const Side a(m, k, ta, 1, precision), b(k, n, tb, 2, precision);
  const std::size_t size = static_cast<std::size_t>(m * n);
  const std::vector<float> start = accumulate ? draws(size, 3) : std::vector<float>();
  const std::ptrdiff_t stride = n + 5;
  std::vector<float> wide = poison(static_cast<std::size_t>(m * stride)), c(size);
  const auto run = [&] {
    for (std::ptrdiff_t i = 0; accumulate && i < m; ++i) std::copy_n(start.data() + i * n, n, wide.data() + i * stride);
    matmul(a.operand.factor(), ta, b.operand.factor(), tb, {wide.data(), stride}, accumulate);
  };
  run();
  bool untouched = true;  // what lies between the rows
  for (std::ptrdiff_t i = 0; i < m; ++i) {
    std::copy_n(wide.data() + i * stride, n, c.data() + i * n);
    for (std::ptrdiff_t j = n; j < stride; ++j) untouched &= std::isnan(wide[static_cast<std::size_t>(i * stride + j)]);
  }
  CHECK(untouched);
  CHECK(yardstick(c, plain<float>(a, b, m, n, k, start), plain<double>(a, b, m, n, k, start)) < yardstick_limit);
  const std::vector<float> first = wide;
  run();
  CHECK(std::memcmp(first.data(), wide.data(), first.size() * sizeof(float)) == 0);
}

}  // namespace

TEST_CASE("a matrix product equals the double product for every transposition, stride and awkward size") {
  const bool native = isa() == Isa::avx512_bf16;
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    if (precision == Precision::bf16 && !native) continue;
    for (const auto& [m, n, k] : {std::array<int, 3>{1, 1, 1}, {2, 3, 1}, {3, 2, 63}, {63, 65, 64}, {100, 64, 65}, {65, 100, 3}})
      for (const int form : {0, 1, 2, 3, 4, 5, 6, 7}) check_product(m, n, k, form & 1, form & 2, form & 4, precision);
  }
}

TEST_CASE("a long inner sum is the same in two runs on two threads") {
  const int before = omp_get_max_threads();
  omp_set_num_threads(2);
  check_product(64, 65, 5000, true, false, true, Precision::fp32);
  if (isa() == Isa::avx512_bf16) check_product(64, 65, 5000, true, false, true, Precision::bf16);
  omp_set_num_threads(before);
}

TEST_CASE("a product of sizes that do not fit is an error") {
  const Side a(2, 3, false, 1, Precision::fp32), b(2, 3, false, 2, Precision::fp32);
  std::vector<float> c(9);
  CHECK_THROWS_AS(matmul(a.operand.factor(), false, b.operand.factor(), false, {c.data(), 3}), Error);
  LinearWeight weight;
  weight.load(2, 3, {b.data.data(), b.stride}, Precision::fp32);
  CHECK_THROWS_AS(weight.backward(a.operand.factor(), {c.data(), 3}), Error);
  if (isa() != Isa::avx512_bf16) return;
  const Side rounded(2, 3, false, 1, Precision::bf16);
  CHECK_THROWS_AS(weight.forward(rounded.operand.factor(), {c.data(), 2}), Error);
  weight.load(2, 3, {b.data.data(), b.stride}, Precision::bf16);
  CHECK_THROWS_AS(weight.forward(rounded.operand.factor(), {c.data(), 2}), Error);  // not laid out
  weight.order_backward();
  CHECK_THROWS_AS(weight.backward(rounded.operand.factor(), {c.data(), 3}), Error);
}

namespace {

/// y = x W^T, dx = dy W and dW += dy^T x, with x and dy taken in blocks of `block` rows, against the double products.
void check_linear(std::ptrdiff_t rows, std::ptrdiff_t in, std::ptrdiff_t out, std::ptrdiff_t block, Precision precision,
                  bool ordered) {
  INFO("rows " << rows << " in " << in << " out " << out << " blocks of " << block << " " << precision_name(precision)
               << (ordered ? " laid out" : ""));
  const Side x(rows, in, false, 1, precision), w(out, in, false, 2, precision), w_t(in, out, true, 2, precision);
  const Side dy(rows, out, false, 3, precision), dy_t(out, rows, true, 3, precision);
  LinearWeight weight;
  const std::vector<float> stale = draws(static_cast<std::size_t>(out * in), 6);
  weight.load(out, in, {stale.data(), in}, precision);  // of the step before
  weight.order_forward(), weight.order_backward();
  weight.load(out, in, {w.data.data(), w.stride}, precision);
  if (ordered) weight.order_forward(), weight.order_backward();
  const auto size = [](std::ptrdiff_t a, std::ptrdiff_t b) { return static_cast<std::size_t>(a * b); };
  const std::vector<float> start = draws(size(rows, in), 4), d_start = draws(size(out, in), 5);
  std::vector<float> y = poison(size(rows, out)), dx = start, dw = d_start;
  for (std::ptrdiff_t first = 0; first < rows; first += block) {
    const std::ptrdiff_t count = std::min(block, rows - first);
    weight.forward(x.operand.factor().part_rows(first, count), {y.data() + first * out, out});
    weight.backward(dy.operand.factor().part_rows(first, count), {dx.data() + first * in, in}, true);
  }
  linear_backward_weight(dy.operand.factor(), x.operand.factor(), {dw.data(), in});
  CHECK(yardstick(y, plain<float>(x, w_t, rows, out, in, {}), plain<double>(x, w_t, rows, out, in, {})) < yardstick_limit);
  CHECK(yardstick(dx, plain<float>(dy, w, rows, in, out, start), plain<double>(dy, w, rows, in, out, start)) < yardstick_limit);
  CHECK(yardstick(dw, plain<float>(dy_t, x, out, in, rows, d_start), plain<double>(dy_t, x, out, in, rows, d_start)) <
        yardstick_limit);
}

}  // namespace

TEST_CASE("a linear layer equals the double products for every size of a block and any number of threads") {
  const int before = omp_get_max_threads();
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    if (precision == Precision::bf16 && isa() != Isa::avx512_bf16) continue;
    for (const int count : {1, 3}) {
      omp_set_num_threads(count);
      for (const auto& [rows, in, out] : {std::array<int, 3>{1, 1, 1}, {5, 3, 4}, {37, 22, 7}, {130, 64, 200}, {33, 256, 96}})
        for (const std::ptrdiff_t block : {1, 16, 61, 130})
          for (const bool ordered : {true, false})
            if (ordered || precision == Precision::fp32) check_linear(rows, in, out, block, precision, ordered);
    }
  }
  omp_set_num_threads(before);
}

TEST_CASE("rows of a matrix lie an odd number of cache lines apart, short ones without gaps") {
  for (const std::ptrdiff_t cols : {1, 4, 15}) CHECK(row_stride<float>(cols) == cols);
  for (std::ptrdiff_t cols = 16; cols < 3000; ++cols) {
    const std::ptrdiff_t stride = row_stride<float>(cols);
    if (stride < cols || stride >= cols + 32 || stride % 16 != 0 || stride / 16 % 2 != 1)
      FAIL(cols << " columns, stride " << stride);
  }
}

TEST_CASE("a parallel loop takes every turn once, on one core each, and hands the first error on") {
  const int before = omp_get_max_threads();
  omp_set_num_threads(3);
  std::vector<int> turns(50), most(50);
  in_parallel(50, [&](std::ptrdiff_t i) { ++turns[i], most[i] = threads(); });
  CHECK(turns == std::vector<int>(50, 1));
  CHECK(most == std::vector<int>(50, 1));
  CHECK(threads() == 3);
  CHECK_THROWS_AS(in_parallel(50, [](std::ptrdiff_t i) { i == 20 ? fail("no") : void(); }), Error);
  omp_set_num_threads(before);
}

TEST_CASE("blocks of tokens are all tokens once, as many for every thread") {
  const int before = omp_get_max_threads();
  for (const int count : {1, 2, 5}) {
    omp_set_num_threads(count);
    for (const std::ptrdiff_t tokens : {0, 1, 15, 16, 17, 880, 2750})
      for (const std::ptrdiff_t width : {4, 256, 2048})
        for (const Precision precision : {Precision::fp32, Precision::bf16}) {
          std::vector<int> seen(tokens);
          std::vector<std::ptrdiff_t> of_thread(count);
          std::mutex lock;
          for_blocks(tokens, width, precision, [&](const TokenBlock& b) {
            const std::lock_guard hold(lock);
            CHECK(b.count <= block_tokens(width, precision));
            of_thread[b.thread] += b.count;
            for (std::ptrdiff_t i = b.first; i < b.first + b.count; ++i) ++seen[i];
          });
          CHECK(seen == std::vector<int>(tokens, 1));
          CHECK(*std::max_element(of_thread.begin(), of_thread.end()) <= tokens / count + 128);
        }
  }
  omp_set_num_threads(before);
}

TEST_CASE("the three products of a linear layer are y = x W^T and its gradients") {
  const std::ptrdiff_t rows = 5, in = 3, out = 4;
  const std::vector<float> x = draws(15, 1), w = draws(12, 2), dy = draws(20, 3);
  std::vector<float> y = poison(20), dx = poison(15), dw(12, 1.0f);
  Operand ox, ody;
  LinearWeight weight;
  ox.load(rows, in, {x.data(), in}, Precision::fp32), weight.load(out, in, {w.data(), in}, Precision::fp32);
  ody.load(rows, out, {dy.data(), out}, Precision::fp32);
  weight.forward(ox.factor(), {y.data(), out});
  weight.backward(ody.factor(), {dx.data(), in});
  linear_backward_weight(ody.factor(), ox.factor(), {dw.data(), in});
  for (int i = 0; i < rows; ++i)
    for (int o = 0; o < out; ++o) {
      double sum = 0;
      for (int j = 0; j < in; ++j) sum += static_cast<double>(x[i * in + j]) * w[o * in + j];
      CHECK(y[i * out + o] == Approx(sum).margin(1e-6));
    }
  for (int j = 0; j < in; ++j) {
    for (int i = 0; i < rows; ++i) {
      double sum = 0;
      for (int o = 0; o < out; ++o) sum += static_cast<double>(dy[i * out + o]) * w[o * in + j];
      CHECK(dx[i * in + j] == Approx(sum).margin(1e-6));
    }
    for (int o = 0; o < out; ++o) {
      double sum = 1;
      for (int i = 0; i < rows; ++i) sum += static_cast<double>(dy[i * out + o]) * x[i * in + j];
      CHECK(dw[o * in + j] == Approx(sum).margin(1e-6));
    }
  }
}
