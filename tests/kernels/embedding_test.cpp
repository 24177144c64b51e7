#include "kernels/embedding/embedding.h"

#include <omp.h>

#include "tasks/error.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

TEST_CASE("an embedding picks rows and its gradient adds them up in order, with any number of threads") {
  const int before = omp_get_max_threads();
  for (const std::ptrdiff_t width : {1, 3, 16, 65})
    for (const int count : {1, 2, 3}) {
      omp_set_num_threads(count);
      const std::ptrdiff_t rows = 100, vocab = 7, stride = width + 1;
      Rng rng = draw(7, Purpose::test, 0, 1);
      std::vector<std::int32_t> tokens;
      for (int i = 0; i < rows; ++i) tokens.push_back(static_cast<std::int32_t>(rng.below(7)));
      const std::vector<float> table = draws(static_cast<std::size_t>(vocab * width), 2);
      const std::vector<float> dx = draws(static_cast<std::size_t>(rows * stride), 3);
      std::vector<float> x = poison(static_cast<std::size_t>(rows * stride)), dtable(table.size(), 1.0f), expected = dtable;
      embedding_forward(rows, vocab, width, tokens.data(), table.data(), {x.data(), stride});
      embedding_backward(rows, width, tokens.data(), {dx.data(), stride}, dtable.data());
      bool picked = true;
      for (std::ptrdiff_t i = 0; i < rows; ++i)
        for (std::ptrdiff_t j = 0; j < width; ++j) {
          picked &= x[i * stride + j] == table[tokens[i] * width + j];
          expected[tokens[i] * width + j] += dx[i * stride + j];
        }
      CHECK(picked);
      CHECK(dtable == expected);
      embedding_forward(rows, vocab, width, tokens.data(), table.data(), {x.data(), stride}, true);
      CHECK(x[0] == 2 * table[tokens[0] * width]);
    }
  omp_set_num_threads(before);
}

TEST_CASE("a token outside the table is an error") {
  const std::vector<float> table(6);
  std::vector<float> x(3);
  for (const std::int32_t token : {-1, 2}) CHECK_THROWS_AS(embedding_forward(1, 2, 3, &token, table.data(), {x.data(), 3}), Error);
}
