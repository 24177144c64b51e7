// What lies between the products of a layer on the device, beside the CPU's kernels: awkward sizes, rows that are aligned and rows
// that are not, more rows than blocks.
#include <fmt/format.h>

#include "kernels/cuda/operations.h"
#include "kernels/gated_delta_rule/gates.h"
#include "kernels/gated_delta_rule/output.h"
#include "kernels/matmul/cuda.h"
#include "kernels/mlp/mlp.h"
#include "kernels/sequence_sums.h"
#include "tests/catch.h"
#include "tests/cuda/device.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using testing::draws;
using testing::poison;

namespace {

using SIMT::DeviceArray;
using SIMT::DeviceRows;
using Tensors = std::vector<std::vector<float>>;

/// Sums of up to 5,000 numbers of size 1 in another order than the CPU's.
void check_near(const Tensors& got, const Tensors& wanted, const std::string& what) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t n = 0; n < got.size(); ++n) {
    REQUIRE(got[n].size() == wanted[n].size());
    double worst = 0, size = 1;
    for (std::size_t i = 0; i < got[n].size(); ++i) {
      const double away = std::abs(static_cast<double>(got[n][i]) - wanted[n][i]);
      worst = std::isfinite(got[n][i]) ? std::max(worst, away) : INFINITY;
      size = std::max(size, std::abs(static_cast<double>(wanted[n][i])));
    }
    INFO(what << ", tensor " << n << ": " << worst << " of " << size);
    CHECK(worst <= 1e-5 * size);
  }
}

/// on_device(integral_constant<size_t, gap>): with gaps between the rows and without, in every order of threads.
template <class F>
void check_on_device(F on_device, const Tensors& wanted, const std::string& what) {
  const Tensors apart = on_device(std::integral_constant<std::size_t, 3>{});
  check_near(apart, wanted, what);
  for (std::uint64_t way = 0; way < SIMT::other_thread_orders; ++way) {
    const SIMT::OtherThreadOrder order(way);
    INFO(what);
    const bool same = on_device(std::integral_constant<std::size_t, 0>{}) == apart;  // a difference would be printed for minutes
    CHECK(same);
  }
}

void check_conv(const ShortConvShape& s) {
  const std::size_t n = std::size_t(s.batch) * s.length, c = s.channels, weights = c * s.width;
  const std::vector<float> x = draws(n * c, 1), dy = draws(n * c, 2), w = draws(std::max<std::size_t>(weights, 1), 3);
  std::vector<float> y = poison(n * c), dx = poison(n * c), each = poison(s.batch * weights), dw(weights, 0.0f);
  std::vector<float> workspace = poison(short_conv_workspace_size(s));
  short_conv_forward(s, {x.data(), s.channels}, w.data(), {y.data(), s.channels}, workspace.data());
  short_conv_backward(s, {x.data(), s.channels}, w.data(), {dy.data(), s.channels}, {dx.data(), s.channels}, each.data(),
                      workspace.data());
  add_sequences(s.batch, static_cast<std::ptrdiff_t>(weights), each.data(), dw.data());
  const auto on_device = [&](auto gap) -> Tensors {
    const DeviceRows<float, decltype(gap)::value> in(x, c), d_out(dy, c), out(n, c), d_in(n, c);
    const DeviceArray<float> weight(w), d_weight = SIMT::poisoned(weights),
                                        scratch = SIMT::poisoned(SIMT::short_conv_scratch_size(s));
    SIMT::short_conv_forward({}, s, in.rows(), weight.data(), out.rows());
    SIMT::short_conv_backward({}, s, in.rows(), weight.data(), d_out.rows(), d_in.rows(), d_weight.data(), scratch.data());
    return {out.values(), d_in.values(), d_weight.download()};
  };
  check_on_device(on_device, {y, dx, dw}, fmt::format("batch {}, length {}, {} channels, width {}", s.batch, s.length, c, s.width));
}

void check_norm(const NormShape& s, bool accumulate) {
  const std::size_t rows = s.rows, row = s.width * s.groups, parts = s.rows * s.groups;
  const std::vector<float> x = draws(rows * row, 1), dy = draws(rows * row, 2), w = draws(s.width, 3),
                           before = draws(rows * row, 4);
  std::vector<float> y = before, dx = before, rstd = poison(parts), dw(s.width, 0.5f);
  const auto stride = static_cast<std::ptrdiff_t>(row);
  rms_norm_forward(s, {x.data(), stride}, w.data(), {y.data(), stride}, rstd.data(),
                   accumulate ? Rows<const float>{before.data(), stride} : Rows<const float>{});
  rms_norm_backward(s, {dy.data(), stride}, {x.data(), stride}, w.data(), rstd.data(), {dx.data(), stride}, dw.data(), accumulate);
  const auto on_device = [&](auto gap) -> Tensors {
    const DeviceRows<float, decltype(gap)::value> in(x, row), d_out(dy, row), out(rows, row), residual(before, row),
        d_in(before, row);
    const DeviceArray<float> weight(w), d_weight(std::vector<float>(s.width, 0.5f)),
        r = SIMT::poisoned(parts), scratch = SIMT::poisoned(SIMT::sums_scratch_size(s.width));
    const Rows<const float> from = in.rows();
    SIMT::rms_norm_forward({}, s, from, weight.data(), out.rows(), r.data(),
                           accumulate ? Rows<const float>(residual.rows()) : Rows<const float>{});
    const DeviceRows<SIMT::bf16, decltype(gap)::value> rounded(rows, row);
    SIMT::rms_norm_backward({}, s, d_out.rows(), in.rows(), weight.data(), r.data(), d_in.rows(), d_weight.data(), scratch.data(),
                            accumulate, rounded.rows());
    CHECK(rounded.values() == SIMT::to_floats(SIMT::to_type<SIMT::bf16>(d_in.values())));
    return {out.values(), d_in.values(), d_weight.download(), r.download()};
  };
  check_on_device(on_device, {y, dx, dw, rstd}, fmt::format("{} rows of {} parts of {}", s.rows, s.groups, s.width));
}

void check_output(const DeltaOutputShape& s) {
  const std::size_t n = std::size_t(s.batch) * s.length, row = std::size_t(s.heads) * s.value_dim, dim = s.value_dim;
  const std::vector<float> o = draws(n * row, 1), z = draws(n * row, 2), dy = draws(n * row, 3), w = draws(dim, 4);
  std::vector<float> y = poison(n * row), d_o = poison(n * row), dz = poison(n * row), dw(dim, 0.0f), each = poison(s.batch * dim);
  std::vector<float> workspace = poison(delta_output_workspace_size(s));
  const auto stride = static_cast<std::ptrdiff_t>(row);
  delta_output_forward(s, {o.data(), stride}, w.data(), {z.data(), stride}, {y.data(), stride});
  delta_output_backward(s, {o.data(), stride}, w.data(), {z.data(), stride}, {dy.data(), stride}, {d_o.data(), stride}, each.data(),
                        {dz.data(), stride}, workspace.data());
  if (s.norm) add_sequences(s.batch, static_cast<std::ptrdiff_t>(dim), each.data(), dw.data());
  const auto on_device = [&](auto gap) -> Tensors {
    const DeviceRows<float, decltype(gap)::value> in(o, row), gate(z, row), d_out(dy, row), out(n, row), d_in(n, row),
        d_gate(n, row);
    const DeviceArray<float> weight(w), d_weight(std::vector<float>(dim, 0.0f)),
        scratch = SIMT::poisoned(n * s.heads + SIMT::sums_scratch_size(dim));
    SIMT::delta_output_forward({}, s, in.rows(), weight.data(), gate.rows(), out.rows());
    SIMT::delta_output_backward({}, s, in.rows(), weight.data(), gate.rows(), d_out.rows(), d_in.rows(), d_weight.data(),
                                d_gate.rows(), scratch.data());
    Tensors all{out.values(), d_in.values(), d_weight.download()};
    if (s.gate) all.push_back(d_gate.values());
    return all;
  };
  Tensors wanted{y, d_o, dw};
  if (s.gate) wanted.push_back(dz);
  check_on_device(on_device, wanted, fmt::format("{} heads of {}, norm {}, gate {}", s.heads, dim, s.norm, s.gate));
}

void check_gates(const DeltaGatesShape& s) {
  const std::size_t n = std::size_t(s.batch) * s.length, h = s.heads;
  std::vector<float> a = draws(n * h, 1);
  const std::vector<float> b = draws(n * h, 2), log = draws(h, 3), bias = draws(h, 4), dg = draws(n * h, 5),
                           dbeta = draws(n * h, 6);
  if (!s.sigmoid)
    for (float& e : a) e = std::abs(e) + 0.1f;  // a gate
  std::vector<float> g = poison(n * h), beta = g, da = g, db = g, d_log(h, 0.0f), d_bias(h, 0.0f);
  std::vector<double> each_log(s.batch * h), each_bias(s.batch * h);
  const auto stride = static_cast<std::ptrdiff_t>(h);
  delta_gates_forward(s, {a.data(), stride}, {b.data(), stride}, log.data(), bias.data(), {g.data(), stride},
                      {beta.data(), stride});
  delta_gates_backward(s, {a.data(), stride}, {b.data(), stride}, log.data(), bias.data(), {dg.data(), stride},
                       {dbeta.data(), stride}, {da.data(), stride}, {db.data(), stride}, each_log.data(), each_bias.data());
  for (std::size_t i = 0; s.sigmoid && i < each_log.size(); ++i)
    d_log[i % h] += static_cast<float>(each_log[i]), d_bias[i % h] += static_cast<float>(each_bias[i]);
  const auto on_device = [&](auto gap) -> Tensors {
    constexpr std::size_t apart = decltype(gap)::value;
    const DeviceRows<float, apart> in_a(a, h), in_b(b, h), d_g(dg, h), d_beta(dbeta, h), out_g(n, h), out_beta(n, h), d_a(n, h),
        d_b(n, h);
    const DeviceArray<float> a_log(log), dt(bias), of_log(std::vector<float>(h, 0.0f)), of_bias(std::vector<float>(h, 0.0f)),
        scratch = SIMT::poisoned(SIMT::sums_scratch_size(2 * h));
    SIMT::delta_gates_forward<float>({}, s, in_a.rows(), in_b.rows(), a_log.data(), dt.data(), out_g.rows(), out_beta.rows());
    SIMT::delta_gates_backward({}, s, in_a.rows(), in_b.rows(), a_log.data(), dt.data(), d_g.rows(), d_beta.rows(), d_a.rows(),
                               d_b.rows(), of_log.data(), of_bias.data(), scratch.data());
    return {out_g.values(), out_beta.values(), d_a.values(), d_b.values(), of_log.download(), of_bias.download()};
  };
  check_on_device(on_device, {g, beta, da, db, d_log, d_bias}, fmt::format("{} tokens, {} heads", n, h));
}

void check_mlp(std::size_t rows, std::size_t hidden) {
  const auto n = static_cast<std::ptrdiff_t>(rows), h = static_cast<std::ptrdiff_t>(hidden);
  const std::vector<float> x = draws(rows * 2 * hidden, 1), up = draws(rows * hidden, 2), dy = draws(rows * hidden, 3);
  std::vector<float> y = poison(rows * hidden), dx = poison(x.size()), ry = y, rx = y;
  swiglu_forward(n, h, {x.data(), 2 * h}, {y.data(), h}),
      swiglu_backward(n, h, {x.data(), 2 * h}, {dy.data(), h}, {dx.data(), 2 * h});
  relu_forward(n, h, {up.data(), h}, {ry.data(), h}), relu_backward(n, h, {up.data(), h}, {dy.data(), h}, {rx.data(), h});
  const auto on_device = [&](auto gap) -> Tensors {
    constexpr std::size_t g = decltype(gap)::value;
    const DeviceRows<float, g> in(x, 2 * hidden), before(up, hidden), d_out(dy, hidden), out(rows, hidden), relu(rows, hidden),
        d_relu(rows, hidden), same(rows, hidden);
    SIMT::swiglu_forward({}, n, h, in.rows(), out.rows());
    SIMT::swiglu_backward({}, n, h, in.rows(), d_out.rows(), in.rows());  // in place
    SIMT::relu_forward({}, n, h, before.rows(), relu.rows());
    SIMT::relu_backward({}, n, h, before.rows(), d_out.rows(), d_relu.rows());
    SIMT::copy_rows({}, n, h, before.rows(), same.rows());
    return {out.values(), in.values(), relu.values(), d_relu.values(), same.values()};
  };
  check_on_device(on_device, {y, dx, ry, rx, up}, fmt::format("{} rows of {}", rows, hidden));
}

}  // namespace

TEST_CASE("the short convolution on the device at lengths around its runs of tokens, every width, odd channels") {
  std::size_t turn = 0;
  for (const int length : {1, 2, 3, 31, 32, 33, 36, 70})
    for (const int width : {0, 1, 2, 3, 4, 5}) {
      const int channels = std::vector{1, 2, 7, 20}[turn++ % 4];
      check_conv({2, length, channels, width, turn % 3 != 0, 0});
    }
  check_conv({1, 40, 270, 4, true, 0});  // more channels than a block has
  check_conv({1, 9, 12, 4, true, 6});    // unit norm: v1
}

TEST_CASE("RMSNorm on the device at every width, of whole rows and of parts, added to what is there or not, and over many rows") {
  std::size_t turn = 0;
  for (const std::ptrdiff_t width : {1, 2, 33, 64, 65, 256, 300, 1024, 1100})
    for (const std::ptrdiff_t groups : {1, 3}) check_norm({turn % 2 == 0 ? 1 : 11, width, groups, 1e-6f}, turn++ % 3 == 0);
  check_norm({4200, 6, 1, 1e-6f}, true);  // more than 512 blocks of 8 rows
}

TEST_CASE("the gated output norm on the device at every dimension, with norm and gate and without, and over many tokens") {
  std::size_t turn = 0;
  for (const int dim : {1, 6, 64, 65, 128, 192, 256, 300}) {
    check_output({2, 5, turn % 2 == 0 ? 1 : 3, dim, true, true, 1e-5f});
    check_output({1, 3, 2, dim, turn % 2 == 0, turn++ % 2 == 1, 1e-5f});
  }
  check_output({1, 1500, 3, 4, true, true, 1e-5f});
}

TEST_CASE("the gates of the delta rule on the device with any number of heads, direct ones too, and over many tokens") {
  for (const int heads : {1, 3, 4, 30, 33}) check_gates({2, 5, heads, true, heads % 2 == 0});
  check_gates({1, 7, 3, false, true});
  check_gates({1, 4200, 30, true, true});  // more tokens than 512 blocks have at once
}

TEST_CASE("activations of an MLP and copies on the device at widths that are packets and widths that are not") {
  for (const std::size_t hidden : {1, 3, 4, 8, 33, 64, 1030}) check_mlp(hidden == 8 ? 300 : 5, hidden);
}

TEST_CASE("rounding to bf16 on the device at every width") {
  for (const std::size_t cols : {1, 7, 8, 9, 64, 2051}) {
    const std::size_t rows = cols == 8 ? 600 : 3;
    const std::vector<float> x = draws(rows * cols, cols);
    const auto check = [&](auto gap) {
      const DeviceRows<float, decltype(gap)::value> in(x, cols);
      const DeviceRows<SIMT::bf16, decltype(gap)::value> out(rows, cols);
      SIMT::round_rows({}, static_cast<std::ptrdiff_t>(rows), static_cast<std::ptrdiff_t>(cols), in.rows(), out.rows());
      CHECK(out.values() == SIMT::to_floats(SIMT::to_type<SIMT::bf16>(x)));
    };
    check(std::integral_constant<std::size_t, 3>{});
    check(std::integral_constant<std::size_t, 0>{});
  }
}

TEST_CASE("matrices of different sizes rounded to bf16 at once are those rounded one by one") {
  using SIMT::bf16;
  std::vector<DeviceRows<float, 0>> in;
  std::vector<DeviceRows<bf16>> out, one;
  std::vector<SIMT::Rounding> all;
  const std::vector<std::pair<std::size_t, std::size_t>> sizes{{3, 9}, {300, 16}, {1, 1}, {40, 100}};
  for (const auto& [rows, cols] : sizes) {
    in.emplace_back(draws(rows * cols, rows), cols), out.emplace_back(rows, cols), one.emplace_back(rows, cols);
    all.push_back({in.back().rows(), out.back().rows(), static_cast<int>(rows), static_cast<int>(cols)});
    SIMT::round_rows({}, static_cast<std::ptrdiff_t>(rows), static_cast<std::ptrdiff_t>(cols), in.back().rows(), one.back().rows());
  }
  SIMT::round_matrices({}, all.data(), static_cast<int>(all.size()));
  for (std::size_t m = 0; m < all.size(); ++m) CHECK(out[m].values() == one[m].values());
  CHECK_THROWS_WITH(SIMT::round_matrices({}, all.data(), 65), Catch::Contains("65 matrices"));
}
