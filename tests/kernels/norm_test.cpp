#include "kernels/norm/norm.h"

#include <omp.h>

#include "models/blocks/norm.h"
#include "models/numbers/var.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

constexpr double eps = 1e-6;

struct Case {
  std::ptrdiff_t rows, width, groups;
  std::size_t size() const { return static_cast<std::size_t>(rows * width * groups); }
  NormShape shape() const { return {rows, width, groups, static_cast<float>(eps)}; }
  std::ptrdiff_t stride() const { return width * groups; }
};

/// y | dx | dweight
template <class T>
using Results = std::array<std::vector<T>, 3>;

template <class T>
Results<T> layer(const Case& c, const std::vector<float>& x, const std::vector<float>& w, const std::vector<float>& dy) {
  Tape<T> tape;
  Row<Var<T>> weight, inputs;
  for (const float e : w) weight.push_back(tape.input(T(e)));
  for (const float e : x) inputs.push_back(tape.input(T(e)));
  Results<T> results;
  Var<T> objective(T(0));
  for (std::ptrdiff_t i = 0; i < c.rows * c.groups; ++i) {
    const std::span<const Var<T>> part(inputs.data() + i * c.width, static_cast<std::size_t>(c.width));
    const Row<Var<T>> y = rms_norm<Var<T>>(part, weight, round_cast<Var<T>>(eps));
    for (std::ptrdiff_t j = 0; j < c.width; ++j) {
      results[0].push_back(y[j].value);
      objective = objective + y[j] * Var<T>(T(dy[i * c.width + j]));
    }
  }
  const std::vector<T> gradient = tape.gradient(objective);
  for (const auto& e : inputs) results[1].push_back(gradient[e.index]);
  for (const auto& e : weight) results[2].push_back(gradient[e.index]);
  return results;
}

Results<float> kernel(const Case& c, const std::vector<float>& x, const std::vector<float>& w, const std::vector<float>& dy) {
  std::vector<float> y = poison(c.size()), dx = poison(c.size()), rstd = poison(static_cast<std::size_t>(c.rows * c.groups));
  std::vector<float> dweight(w.size(), 0.0f);
  rms_norm_forward(c.shape(), {x.data(), c.stride()}, w.data(), {y.data(), c.stride()}, rstd.data());
  rms_norm_backward(c.shape(), {dy.data(), c.stride()}, {x.data(), c.stride()}, w.data(), rstd.data(), {dx.data(), c.stride()},
                    dweight.data());
  return {y, dx, dweight};
}

}  // namespace

TEST_CASE("RMS norm and its gradients equal the layer in double at awkward sizes") {
  for (const Case& c : {Case{1, 1, 1}, {2, 2, 1}, {3, 3, 1}, {63, 65, 1}, {64, 63, 1}, {65, 64, 1}, {100, 100, 1}, {5, 20, 3}}) {
    INFO("rows " << c.rows << " width " << c.width << " groups " << c.groups);
    const std::vector<float> x = draws(c.size(), 1, 3), w = draws(static_cast<std::size_t>(c.width), 2), dy = draws(c.size(), 3);
    const auto exact = layer<double>(c, x, w, dy);
    const auto plain = layer<float>(c, x, w, dy);
    for_each_isa([&] {
      const Results<float> seen = kernel(c, x, w, dy);
      for (int i = 0; i < 3; ++i) {
        INFO("tensor " << i << " of y, dx, dweight");
        CHECK(yardstick(seen[i], plain[i], exact[i]) < yardstick_limit);
      }
    });
  }
}

TEST_CASE("the gradient of a norm's weight does not depend on the number of threads") {
  const Case c{5000, 65, 1};
  const std::vector<float> x = draws(c.size(), 1), w = draws(65, 2), dy = draws(c.size(), 3);
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const Results<float> one = kernel(c, x, w, dy);
  omp_set_num_threads(3);
  CHECK(one == kernel(c, x, w, dy));
  omp_set_num_threads(before);
}

TEST_CASE("RMS norm that adds to its output, or works in place, computes what the plain form does") {
  const Case c{7, 19, 1};
  const std::vector<float> x = draws(c.size(), 1), f = draws(c.size(), 2), w = draws(19, 3), dy = draws(c.size(), 4);
  const std::ptrdiff_t s = c.stride();
  std::vector<float> expected = poison(c.size()), rstd = poison(7);
  for_each_isa([&] {
    rms_norm_forward(c.shape(), {x.data(), s}, w.data(), {expected.data(), s}, rstd.data());
    std::vector<float> stream = f;
    rms_norm_forward(c.shape(), {x.data(), s}, w.data(), {stream.data(), s}, rstd.data(), {stream.data(), s});
    for (std::size_t i = 0; i < c.size(); ++i) CHECK(stream[i] == f[i] + expected[i]);
    std::vector<float> dx = poison(c.size()), added = f, in_place = dy, dw(19), dw2(19), dw3(19);
    rms_norm_backward(c.shape(), {dy.data(), s}, {x.data(), s}, w.data(), rstd.data(), {dx.data(), s}, dw.data());
    rms_norm_backward(c.shape(), {dy.data(), s}, {x.data(), s}, w.data(), rstd.data(), {added.data(), s}, dw2.data(), true);
    rms_norm_backward(c.shape(), {in_place.data(), s}, {x.data(), s}, w.data(), rstd.data(), {in_place.data(), s}, dw3.data());
    for (std::size_t i = 0; i < c.size(); ++i) CHECK(added[i] == f[i] + dx[i]);
    CHECK(in_place == dx);
    CHECK((dw == dw2 && dw == dw3));
  });
}
