#include "kernels/short_conv/short_conv.h"

#include <omp.h>

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
  short_conv_backward(s, {x.data(), s.channels}, weight.data(), {d_y.data(), s.channels}, {r.d_x.data(), s.channels},
                      r.d_weight.data(), workspace.data());
  return r;
}

/// The definition at the top of short_conv.h, token by token; y, then the gradients of sum (d_y y), the weight's added to `start`.
template <class T>
struct Plain {
  std::vector<T> y, d_x, d_weight;

  Plain(const ShortConvShape& s, const std::vector<float>& x, const std::vector<float>& weight, const std::vector<float>& d_y,
        const std::vector<float>& start) {
    Tape<T> tape;
    std::vector<Var<T>> in, w;
    for (const float e : x) in.push_back(tape.input(T(e)));
    for (const float e : weight) w.push_back(tape.input(T(e)));
    Var<T> loss;
    for (int row = 0; row < s.batch * s.length; ++row) {
      const std::vector<Var<T>> out = token(s, in, w, row);
      for (int c = 0; c < s.channels; ++c) {
        y.push_back(out[c].value);
        loss = loss + Var<T>(T(d_y[static_cast<std::size_t>(row) * s.channels + c])) * out[c];
      }
    }
    const std::vector<T> gradient = tape.gradient(loss);
    d_x.assign(gradient.begin(), gradient.begin() + static_cast<std::ptrdiff_t>(x.size()));
    for (std::size_t i = 0; i < weight.size(); ++i) d_weight.push_back(T(start[i]) + gradient[x.size() + i]);
  }

  static std::vector<Var<T>> token(const ShortConvShape& s, const std::vector<Var<T>>& x, const std::vector<Var<T>>& w, int row) {
    std::vector<Var<T>> out;
    for (int c = 0; c < s.channels; ++c) {
      Var<T> u = s.width > 0 ? Var<T>(T(0)) : x[static_cast<std::size_t>(row) * s.channels + c];
      for (int j = 0; j < s.width; ++j) {
        const int back = s.width - 1 - j;
        if (back <= row % s.length) u = u + w[c * s.width + j] * x[static_cast<std::size_t>(row - back) * s.channels + c];
      }
      out.push_back(s.silu ? u / (Var<T>(T(1)) + exp(Var<T>(T(0)) - u)) : u);
    }
    for (int c = 0; s.unit_dim > 0 && c < s.channels; c += s.unit_dim) {
      Var<T> square{T(1e-6)};
      for (int i = c; i < c + s.unit_dim; ++i) square = square + out[i] * out[i];
      for (int i = c; i < c + s.unit_dim; ++i) out[i] = out[i] / sqrt(square);
    }
    return out;
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
