#include "kernels/short_conv/short_conv.h"

#include <omp.h>

#include "kernels/sequence_sums.h"
#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/var.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

struct Result {
  std::vector<float> y, d_x, d_weight;
  bool operator==(const Result&) const = default;
};

Result run(const ShortConvShape& s, int thread_count) {
  omp_set_num_threads(thread_count);
  const std::size_t size = static_cast<std::size_t>(s.batch) * s.length * s.channels, weights = std::size_t(s.channels) * s.width;
  const std::vector<float> x = draws(size, 1), d_y = draws(size, 2), weight = draws(weights, 3);
  Result r{poison(size), poison(size), draws(weights, 4)};
  std::vector<float> workspace = poison(short_conv_workspace_size(s));
  short_conv_forward(s, {x.data(), s.channels}, weight.data(), {r.y.data(), s.channels}, workspace.data());
  workspace = poison(workspace.size());
  std::vector<float> each = poison(s.batch * weights);
  short_conv_backward(s, {x.data(), s.channels}, weight.data(), {d_y.data(), s.channels}, {r.d_x.data(), s.channels}, each.data(),
                      workspace.data());
  add_sequences(s.batch, static_cast<std::ptrdiff_t>(weights), each.data(), r.d_weight.data());
  return r;
}

/// The layer's own definition, token by token: y, then the gradients of sum (d_y y), the weight's added to `start`.
template <class T>
struct Plain {
  std::vector<T> y, d_x, d_weight;

  Plain(const ShortConvShape& s, const std::vector<float>& x, const std::vector<float>& weight, const std::vector<float>& d_y,
        const std::vector<float>& start) {
    Tape<T> tape;
    std::vector<Var<T>> in;
    for (const float e : x) in.push_back(tape.input(T(e)));
    Matrix<Var<T>> w(s.channels, s.width);
    for (std::size_t i = 0; i < weight.size(); ++i) w.values()[i] = tape.input(T(weight[i]));
    const ShortConv<Var<T>> convolution(w);
    Var<T> loss;
    for (int b = 0; b < s.batch; ++b) {
      auto state = s.width > 0 ? convolution.start() : typename ShortConv<Var<T>>::State{};
      for (int t = 0; t < s.length; ++t) {
        const auto at = in.begin() + (std::ptrdiff_t{b} * s.length + t) * s.channels;
        Row<Var<T>> out(at, at + s.channels);
        if (s.width > 0) out = convolution.step(state, out);
        for (Var<T>& e : out)
          if (s.silu) e = silu(e);
        for (int c = 0; s.unit_dim > 0 && c < s.channels; c += s.unit_dim) make_unit<Var<T>>(std::span(out).subspan(c, s.unit_dim));
        for (const Var<T>& e : out) loss = loss + Var<T>(T(d_y[y.size()])) * e, y.push_back(e.value);
      }
    }
    const std::vector<T> gradient = tape.gradient(loss);
    d_x.assign(gradient.begin(), gradient.begin() + static_cast<std::ptrdiff_t>(x.size()));
    for (std::size_t i = 0; i < weight.size(); ++i) d_weight.push_back(T(start[i]) + gradient[x.size() + i]);
  }
};

}  // namespace

TEST_CASE("the short convolution and its gradients equal the definition, for heads and tiles of any width") {
  // Tiles have 512 channels, or as many whole heads as fit; blocks have 8 tokens (sequence.h).
  const std::vector<ShortConvShape> shapes{{2, 1, 5, 4, true, 0},      {1, 7, 13, 4, true, 13},   {2, 8, 560, 4, true, 20},
                                           {1, 9, 1200, 4, true, 600}, {2, 17, 530, 4, true, 0},  {1, 24, 40, 16, true, 8},
                                           {2, 19, 24, 3, false, 12},  {1, 12, 33, 0, true, 11},  {2, 3, 20, 16, false, 0},
                                           {1, 40, 513, 2, true, 171}, {1, 11, 520, 0, false, 0}, {2, 16, 528, 1, true, 24}};
  for_each_isa([&] {
    for (const ShortConvShape& s : shapes) {
      INFO("batch " << s.batch << " length " << s.length << " channels " << s.channels << " width " << s.width << " unit "
                    << s.unit_dim);
      const std::size_t size = static_cast<std::size_t>(s.batch) * s.length * s.channels;
      const std::size_t weights = static_cast<std::size_t>(s.channels) * s.width;
      const std::vector<float> x = draws(size, 1), d_y = draws(size, 2), weight = draws(weights, 3), start = draws(weights, 4);
      const Plain<float> plain(s, x, weight, d_y, start);
      const Plain<double> exact(s, x, weight, d_y, start);
      const Result r = run(s, 1);
      CHECK(yardstick(r.y, plain.y, exact.y) < yardstick_limit);
      CHECK(yardstick(r.d_x, plain.d_x, exact.d_x) < yardstick_limit);
      CHECK(yardstick(r.d_weight, plain.d_weight, exact.d_weight) < yardstick_limit);
    }
  });
}

TEST_CASE("the short convolution gives the same bits for any number of threads") {
  const int before = omp_get_max_threads();
  for_each_isa([&] {
    for (const int unit : {0, 8, 24})
      for (const int channels : {72, 200 / (unit > 0 ? unit : 1) * std::max(1, unit)}) {
        INFO("unit " << unit << " channels " << channels);
        const ShortConvShape shape{3, 37, channels, 4, true, unit};
        const Result one = run(shape, 1);
        for (const std::vector<float>* v : {&one.y, &one.d_x, &one.d_weight})
          for (const float e : *v) REQUIRE(std::isfinite(e));
        for (const int count : {2, 3, 5, 16}) CHECK(run(shape, count) == one);
      }
  });
  omp_set_num_threads(before);
}
