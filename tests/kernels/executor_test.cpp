// Whole models on the CPU executor against models/model.h in double, loss and every gradient.
#include "kernels/cpu/groups.h"
#include "tests/kernels/model_check.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

void check_model(const Spec& spec, const Weights<float>& w, const Batch& batch) {
  testing::check_model(spec, w, batch, *make_cpu_executor(spec, Precision::fp32));
}

}  // namespace

TEST_CASE("the CPU executor has the loss and the gradients of the definition, for every block form") {
  for (const char* pattern : {"G", "A", "GGGA", "AG", "L", "LA"})
    for (const char* norm : {"pre", "post"})
      for (const char* qk : {"full", "head", "none"}) {
        INFO(pattern << " " << norm << " " << qk);
        const Spec spec = small(pattern, norm, qk, std::string(qk) == "none" ? "none" : "rope");
        check_model(spec, random_weights(spec), random_batch(2, 9));
      }
}

TEST_CASE("the CPU executor has the loss and the gradients of the definition, whichever tokens count") {
  for (const char* pattern : {"G", "A", "GA"})
    for (const NormPlace norm : {NormPlace::pre, NormPlace::post, NormPlace::none})
      for (const int every : {1, 4, 1000}) {  // all tokens; some; the first of the first sequence alone
        INFO(pattern << " norm " << static_cast<int>(norm) << " every " << every);
        Spec spec = small(pattern, "pre", "full", "rope");
        for (Block& block : spec.blocks) block.norm = norm, block.mlp.hidden = every == 4 ? 0 : block.mlp.hidden;
        Batch batch = random_batch(2, 5);
        for (std::size_t i = 0; i < batch.mask.size(); ++i) batch.mask[i] = i % static_cast<std::size_t>(every) == 0;
        check_model(spec, random_weights(spec), batch);
      }
}

TEST_CASE("the CPU executor gives the same in groups of any size: loss, gradients, predictions, logits and residual streams") {
  const Spec spec = small("GAG", "pre", "head", "rope");
  const Weights<float> w = random_weights(spec);
  Batch batch = random_batch(5, 7);
  std::fill_n(batch.mask.begin() + 7, 14, 0);  // nothing counts in the second and third sequence
  const auto whole = make_cpu_executor(spec, Precision::fp32, 1000);
  for (const std::ptrdiff_t tokens : {1, 14, 20, 34}) {  // groups of 1; 2, 2, 1; 2, 2, 1; 3 and 2 sequences
    INFO(tokens);
    const auto executor = make_cpu_executor(spec, Precision::fp32, tokens);
    testing::check_model(spec, w, batch, *executor);
    CHECK(executor->predict(w, batch) == whole->predict(w, batch));
    const auto close = [](const Matrix<float>& a, const Matrix<float>& b) {
      REQUIRE(a.values().size() == b.values().size());
      for (std::size_t i = 0; i < a.values().size(); ++i) CHECK(a.values()[i] == Approx(b.values()[i]).epsilon(1e-4).margin(1e-5));
    };
    close(executor->logits(w, batch), whole->logits(w, batch));
    const auto layers = executor->layers(w, batch), expected = whole->layers(w, batch);
    REQUIRE(layers.size() == 4);
    for (std::size_t b = 0; b < 4; ++b) close(layers[b], expected[b]);
  }
}

TEST_CASE(
    "groups are whole sequences in their order, as few and as equal as can be, a whole number for every thread where they can") {
  for (const int sequences : {1, 2, 5, 64})
    for (const int length : {1, 7, 40})
      for (const std::ptrdiff_t tokens : {1, 39, 100, 4096})
        for (const std::ptrdiff_t threads : {1, 2, 3}) {
          const Batch batch = random_batch(sequences, length);
          Batch joined{0, length, {}, {}, {}};
          const std::ptrdiff_t allowed = std::max<std::ptrdiff_t>(1, tokens / length), part = allowed < threads ? 1 : threads;
          std::ptrdiff_t least = sequences, most = 0;
          const std::vector<Batch> parts = groups(batch, tokens, threads);
          for (const Batch& group : parts) {
            CHECK(group.tokens.size() == static_cast<std::size_t>(group.batch * length));
            CHECK((group.batch % part == 0 || &group == &parts.back()));
            const std::ptrdiff_t filled = (group.batch + part - 1) / part * part;  // the last part may be short
            least = std::min(least, filled), most = std::max(most, filled), joined.batch += group.batch;
            joined.tokens.insert(joined.tokens.end(), group.tokens.begin(), group.tokens.end());
            joined.targets.insert(joined.targets.end(), group.targets.begin(), group.targets.end());
            joined.mask.insert(joined.mask.end(), group.mask.begin(), group.mask.end());
          }
          CHECK(joined.batch == sequences);
          CHECK((joined.tokens == batch.tokens && joined.targets == batch.targets && joined.mask == batch.mask));
          CHECK((most <= allowed && most - least <= part));
          CHECK(static_cast<std::ptrdiff_t>(parts.size() - 1) * (allowed / part * part) < sequences);  // no fewer would do
        }
}

TEST_CASE("the residual stream after every block is that of the definition, and logits follow from the last") {
  const Spec spec = small("GAG", "pre", "head", "rope");
  const Weights<float> w = random_weights(spec);
  const Batch batch = random_batch(2, 7);
  const auto reference = make_reference_executor(spec), fast = make_cpu_executor(spec, Precision::fp32);
  const std::vector<Matrix<float>> truth = reference->layers(w, batch), layers = fast->layers(w, batch);
  REQUIRE(truth.size() == 4);
  REQUIRE(layers.size() == 4);
  const Model<float> model(spec, w);
  auto state = model.start();
  const std::vector<Row<float>> first = model.trace(state, batch.tokens[0]);
  for (std::size_t b = 0; b < 4; ++b) {
    CHECK(Row<float>(truth[b].row(0).begin(), truth[b].row(0).end()) == first[b]);
    for (std::size_t i = 0; i < truth[b].values().size(); ++i)
      CHECK(layers[b].values()[i] == Approx(truth[b].values()[i]).epsilon(1e-4).margin(1e-5));
  }
}

TEST_CASE("learned positions have the gradients of the definition, and an example beyond them is an error") {
  Spec spec = small("GA", "pre", "full", "learned");
  spec.learned_positions = 9;
  check_model(spec, random_weights(spec), random_batch(2, 9));
  const auto executor = make_cpu_executor(spec, Precision::fp32);
  CHECK_THROWS_WITH(executor->logits(random_weights(spec), random_batch(1, 10)), Catch::Matchers::Contains("9 learned positions"));
}

TEST_CASE("the CPU executor has the gradients of the definition where steps are almost reflections") {
  const Spec spec = small("GG", "post", "full", "rope");
  check_model(spec, random_weights(spec, 3), random_batch(1, 70));
}

TEST_CASE("two runs of the CPU executor give the same bits, also after a batch of another size") {
  const Spec spec = small("GA", "post", "full", "rope");
  const Weights<float> w = random_weights(spec);
  Weights<float> first(spec), second(spec), other(spec);
  const auto executor = make_cpu_executor(spec, Precision::fp32);
  executor->loss_and_gradient(w, random_batch(3, 17), first);
  executor->loss_and_gradient(w, random_batch(5, 30), other);
  executor->loss_and_gradient(w, random_batch(3, 17), second);
  CHECK(first.values() == second.values());
}

TEST_CASE("predictions are the argmax of the logits where the mask counts") {
  const Spec spec = small("GA", "post", "full", "rope");
  const Weights<float> w = random_weights(spec);
  const Batch batch = random_batch(2, 12);
  const auto executor = make_cpu_executor(spec, Precision::fp32);
  const Matrix<float> out = executor->logits(w, batch);
  const std::vector<std::int32_t> predicted = executor->predict(w, batch);
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const auto row = out.row(i);
    CHECK(predicted[i] == (batch.mask[i] ? static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin()) : -1));
  }
}

TEST_CASE("the CPU executor refuses what it has no kernel for") {
  Spec spec = small("A", "post", "full", "rope");
  std::get<Attention>(spec.blocks[0].mixer).score = Score::average_hard;
  CHECK_THROWS_WITH(make_cpu_executor(spec, Precision::fp32), Catch::Contains("hard attention"));
  CHECK_THROWS_WITH(make_executor(spec, Device::cuda, Precision::fp32),
                    Catch::Contains("built without CUDA") || Catch::Contains("CUDA device"));
  Spec grouped = small("AA", "post", "full", "rope");
  grouped.blocks[1].norm = NormPlace::groups;
  CHECK_THROWS_WITH(make_cpu_executor(grouped, Precision::fp32), Catch::Contains("normed groups or several MLPs"));
}

TEST_CASE("the CPU executor in bf16 stays near fp32, loss and gradients, where rows of fp32 matrices would have gaps") {
  if (isa() != Isa::avx512_bf16) return;
  for (const char* pattern : {"GA", "AG"})
    for (const char* norm : {"pre", "post", "none"}) {
      ModelOptions o;
      o.pattern = pattern, o.width = 64, o.heads = 2, o.head_dim = 32, o.hidden = 128;
      if (std::string(norm) != "none") o.attention_norm = norm;
      Spec spec = make_spec(o, 40);
      if (std::string(norm) == "none")
        for (Block& block : spec.blocks) block.norm = NormPlace::none;
      Weights<float> w = random_weights(spec), fp32(spec), bf16(spec);
      for (const Parameter& p : w.layout())
        if (p.shape.size() > 1)
          for (float& x : w[p.name]) x *= 0.25f;
      const Batch batch = random_batch(2, 40);
      const double loss = make_cpu_executor(spec, Precision::fp32)->loss_and_gradient(w, batch, fp32);
      const double rounded = make_cpu_executor(spec, Precision::bf16)->loss_and_gradient(w, batch, bf16);
      double difference = 0, size = 0;
      for (std::size_t i = 0; i < fp32.values().size(); ++i)
        difference += std::pow(bf16.values()[i] - fp32.values()[i], 2), size += std::pow(fp32.values()[i], 2);
      INFO(pattern << " " << norm);
      CHECK(rounded == Approx(loss).epsilon(0.02));
      CHECK(difference > 0);
      CHECK(std::sqrt(difference / size) < 0.1);  // 2^-9 per operand, through two blocks and back
    }
}
