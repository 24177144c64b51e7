// Rows of tables and matrices on the device: embedding forward and backward, picked rows, and models that run on picked tokens.
#include <numeric>

#include "kernels/adamw/adamw.h"
#include "kernels/cuda/executor.h"
#include "kernels/cuda/operations.h"
#include "tests/cuda/device.h"
#include "tests/kernels/model_check.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

/// Of `vocab` words the first is every second token, the last never comes (when there are several).
std::vector<std::int32_t> skewed(std::size_t count, int vocab) {
  Rng rng = draw(3, Purpose::test, 4, count);
  std::vector<std::int32_t> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(rng.below(2) == 0 ? 0 : static_cast<std::int32_t>(rng.below(std::max(1, vocab - 1))));
  return tokens;
}

void check_embedding(std::size_t count, int vocab, std::size_t width) {
  INFO(count << " tokens, " << vocab << " words, width " << width);
  const std::vector<std::int32_t> tokens = skewed(count, vocab);
  const std::vector<float> table = draws(vocab * width, 1), dx = draws(count * width, 2), before = draws(table.size(), 3);
  const SIMT::DeviceArray<std::int32_t> tokens_there(tokens);
  const SIMT::DeviceArray<float> table_there(table), gradient(before);
  const SIMT::DeviceRows<float> x(count, width), dx_there(dx, width);
  const auto n = static_cast<std::ptrdiff_t>(count), w = static_cast<std::ptrdiff_t>(width);
  SIMT::embedding_forward({}, n, w, tokens_there.data(), table_there.data(), x.rows());
  SIMT::embedding_backward({}, n, vocab, w, tokens_there.data(), dx_there.rows(), gradient.data());
  std::vector<float> picked, plain = before;
  std::vector<double> exact(before.begin(), before.end());
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t at = tokens[i] * width + j;
      picked.push_back(table[at]);
      plain[at] += dx[i * width + j], exact[at] += dx[i * width + j];
    }
  CHECK(x.values() == picked);
  const std::vector<float> result = gradient.download();
  CHECK(yardstick(result, plain, exact) < yardstick_limit);
  if (vocab > 1) CHECK(std::equal(result.end() - w, result.end(), before.end() - w));  // the word that never comes
  for (std::uint64_t way = 0; way < SIMT::other_thread_orders; ++way) {
    const SIMT::OtherThreadOrder order(way);
    const SIMT::DeviceArray<float> again(before);
    SIMT::embedding_backward({}, n, vocab, w, tokens_there.data(), dx_there.rows(), again.data());
    CHECK(again.download() == result);
  }
}

/// Only the tokens `counted` of a batch count.
Batch few_counted(int sequences, int length, const std::vector<std::size_t>& counted) {
  Batch batch = random_batch(sequences, length);
  std::fill(batch.mask.begin(), batch.mask.end(), 0);
  for (const std::size_t i : counted) batch.mask[i] = 1;
  for (std::size_t i = 0; i < batch.targets.size(); ++i)
    if (!batch.mask[i]) batch.targets[i] = -1;
  return batch;
}

}  // namespace

TEST_CASE("an embedding on the device picks rows, and its gradient adds up as many as come, in the same order always") {
  check_embedding(1, 1, 1);
  check_embedding(31, 3, 33);
  check_embedding(33, 4, 32);
  check_embedding(1024, 2, 5);
  check_embedding(2500, 3, 40);
}

TEST_CASE("rows are picked and put back among zeros on the device") {
  const std::size_t count = 70, cols = 33;
  const std::vector<std::int32_t> rows{0, 2, 3, 40, 69, 0};  // the last fills up
  std::vector<std::int32_t> places(count, -1);
  for (std::size_t j = 0; j + 1 < rows.size(); ++j) places[rows[j]] = static_cast<std::int32_t>(j);
  const std::vector<float> x = draws(count * cols, 1);
  const SIMT::DeviceRows<float> x_there(x, cols), picked(rows.size(), cols), back(count, cols);
  const SIMT::DeviceArray<std::int32_t> rows_there(rows), places_there(places);
  SIMT::gather_rows({}, rows.size(), cols, rows_there.data(), x_there.rows(), picked.rows());
  SIMT::scatter_rows({}, count, cols, places_there.data(), picked.rows(), back.rows());
  std::vector<float> expected, all(count * cols, 0.0f);
  for (const std::int32_t row : rows) expected.insert(expected.end(), x.begin() + row * cols, x.begin() + (row + 1) * cols);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (places[i / cols] >= 0) all[i] = x[i];
  CHECK(picked.values() == expected);
  CHECK(back.values() == all);
}

TEST_CASE(
    "what follows the last mixer runs on the tokens that count, however few, with loss, gradients and answers of the definition") {
  for (const char* pattern : {"GA", "AG"})
    for (const bool mlp : {true, false}) {
      Spec spec = small(pattern, mlp ? "pre" : "post", "full", "rope");
      if (!mlp) spec.blocks.back().mlp.hidden = 0;
      const Weights<float> w = random_weights(spec);
      const auto device = SIMT::make_device_executor(spec, Precision::fp32);
      const auto cpu = make_cpu_executor(spec, Precision::fp32);
      for (const std::vector<std::size_t>& counted : {std::vector<std::size_t>{69}, {0, 17, 18, 35, 139}}) {
        const Batch batch = few_counted(2, 70, counted);
        check_model(spec, w, batch, *device);
        CHECK(device->predict(w, batch) == cpu->predict(w, batch));
      }
      const Batch none = few_counted(2, 70, {});
      CHECK(device->predict(w, none) == std::vector<std::int32_t>(140, -1));
      CHECK_THROWS_WITH(device->resident()->step(none, {}, 0, 1e9, 1), Catch::Contains("without a counted position"));
    }
}

TEST_CASE("one recorded step serves batches with nearly as many counted tokens") {
  const Spec spec = small("GA", "pre", "full", "rope");
  std::vector<std::size_t> many(50);
  std::iota(many.begin(), many.end(), 40);
  // The largest first, for memory that grows forgets what was recorded; of each number one step runs unrecorded, the second is
  // recorded, what comes then is replayed.
  std::vector<Batch> batches;
  for (const std::vector<std::size_t>& counted : {many, {3, 5, 139}, {1, 2}, {0, 7, 8, 70, 99}, many, {12}, {100}})
    batches.push_back(few_counted(2, 70, counted));
  const auto train = [&](bool reload) {
    const auto executor = SIMT::make_device_executor(spec, Precision::fp32);
    std::vector<float> weights = random_weights(spec).values(), first(weights.size()), second(weights.size());
    const std::vector<std::uint8_t> decayed(weights.size(), 1);
    executor->resident()->load(weights, first, second, decayed);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      executor->resident()->step(batches[i], {1e-2, 0.9, 0.98, 1e-8, 0.1}, 0.5, 1e9, static_cast<std::int64_t>(i) + 1);
      executor->resident()->fetch(weights, first, second);
      if (reload) executor->resident()->load(weights, first, second, decayed);  // forgets what was recorded
    }
    return weights;
  };
  CHECK(train(false) == train(true));
}
