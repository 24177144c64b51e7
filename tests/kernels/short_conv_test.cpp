#include "kernels/short_conv/short_conv.h"

#include <omp.h>

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

}  // namespace

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
