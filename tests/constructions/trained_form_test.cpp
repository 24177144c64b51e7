// State-based recall in trained form, through the training kernels.
#include "experiments/harness/evaluate.h"
#include "kernels/executor.h"
#include "models/numbers/from_exact.h"
#include "proofs/claim.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

Tally through_kernels(const BuiltModel& built, Precision precision, TaskOptions options, int n, int samples) {
  const std::shared_ptr<Executor> executor = make_executor(built.spec, Device::cpu, precision);
  const Weights<float> weights = weights_as<float>(built.spec, built.weights);
  options.insert(built.options.begin(), built.options.end());
  Stream stream{11, Purpose::test};
  stream.samples = stream.batch = samples;
  return evaluate([&](const Batch& batch) { return executor->predict(weights, batch); }, *make_task(built.task, options), n,
                  stream);
}

}  // namespace

TEST_CASE("state-based recall in trained form is answered by the CPU's training kernels, in fp32 and where it is there in bf16") {
  const BuiltModel built = build_state_based_recall_in_trained_form(128);
  for (const Precision precision : {Precision::fp32, Precision::bf16}) try {
      for (const int n : {1, 2, 7, 32, 128}) {
        const Tally tally = through_kernels(built, precision, {}, n, 8);
        CHECK(tally.correct == tally.counted);
      }
      const Tally tally = through_kernels(built, precision, {{"bits", "100"}}, 400, 4);
      CHECK(tally.correct == tally.counted);
    } catch (const Error& error) {
      CHECK(precision == Precision::bf16);
      CHECK_THAT(error.what(), Catch::Matchers::Contains("AVX512_BF16"));
    }
}

TEST_CASE("other sizes of vocabulary, and sizes that cannot be built") {
  for (const int numbers : {2, 9, 200}) {
    const Tally tally = through_kernels(build_state_based_recall_in_trained_form(numbers), Precision::fp32, {}, numbers, 8);
    CHECK(tally.correct == tally.counted);
  }
  CHECK_THROWS_WITH(build_state_based_recall_in_trained_form(1), Catch::Matchers::Contains("from 2 to 65536"));
}

TEST_CASE("state-based recall in trained form needs its counters, its swaps and its look-up") {
  const auto without = [](const std::string& weight) {
    BuiltModel built = build_state_based_recall_in_trained_form(128);
    for (Exact& x : built.weights["model.layers." + weight]) x = 0;
    return check(find_claim("theorem_1_trained_form"), built);
  };
  CHECK(!without("0.linear_attn.k_conv1d.weight").holds());
  CHECK(!without("1.linear_attn.b_proj.weight").holds());
  CHECK(!without("2.self_attn.v_proj.weight").holds());
}
