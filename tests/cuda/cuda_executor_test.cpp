// The device executor (a GPU's, or its emulation's): whole models against models/model.h in double, and training on the device.
#include <thread>

#include "kernels/adamw/adamw.h"
#include "kernels/cuda/executor.h"
#include "kernels/cuda/operations.h"
#include "tests/cuda/device.h"
#include "tests/kernels/model_check.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

std::unique_ptr<Executor> device(const Spec& spec, Precision precision = Precision::fp32) {
  return SIMT::make_device_executor(spec, precision);
}

void check_on_device(const Spec& spec, const Weights<float>& w, const Batch& batch) {
  check_model(spec, w, batch, *device(spec));
}

struct Training {
  std::vector<float> weights, first, second;
  std::vector<StepOutcome> steps;
};

/// Steps on the device; `reload` puts the weights there anew before each, so that no step is replayed from a recording.
Training train(const Spec& spec, const std::vector<Batch>& batches, bool reload, double loss_limit = 1e9) {
  const auto executor = device(spec);
  ResidentTraining& resident = *executor->resident();
  Training t{random_weights(spec).values(), {}, {}, {}};
  t.first.assign(t.weights.size(), 0), t.second = t.first;
  const std::vector<std::uint8_t> decayed(t.weights.size(), 1);
  resident.load(t.weights, t.first, t.second, decayed);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const AdamW settings{1e-2 / static_cast<double>(i + 1), 0.9, 0.98, 1e-8, 0.1};
    t.steps.push_back(resident.step(batches[i], settings, 0.5, loss_limit, static_cast<std::int64_t>(i) + 1));
    resident.fetch(t.weights, t.first, t.second);
    if (reload) resident.load(t.weights, t.first, t.second, decayed);
  }
  return t;
}

}  // namespace

TEST_CASE("the device executor has the loss and the gradients of the definition, for every block form") {
  for (const char* pattern : {"G", "A", "GGA"})
    for (const char* norm : {"pre", "post"})
      for (const char* qk : {"full", "head", "none"}) {
        if (std::string(pattern) == "G" && std::string(qk) != "full") continue;  // of attention only
        INFO(pattern << " " << norm << " " << qk);
        const Spec spec = small(pattern, norm, qk, std::string(qk) == "none" ? "none" : "rope");
        check_on_device(spec, random_weights(spec), random_batch(2, 9));
      }
}

TEST_CASE("the device executor where steps are almost reflections, beyond one chunk") {
  const Spec spec = small("GA", "post", "full", "rope");
  check_on_device(spec, random_weights(spec, 3), random_batch(1, 70));
}

TEST_CASE("the device executor with every setting of the layers the other way") {
  Spec spec = small("GA", "pre", "full", "learned");
  spec.learned_positions = 9, spec.final_norm = false;
  auto& g = std::get<GatedDeltaRule>(spec.blocks[0].mixer);
  g.conv = 2, g.silu = false, g.write = Write::plain, g.scale_query = false, g.output_norm = false, g.output_gate = false;
  g.neg_eigval = false, g.value_heads = 2 * g.key_heads;
  spec.blocks[1].norm = NormPlace::none, spec.blocks[1].mlp.activation = Activation::relu;
  check_on_device(spec, random_weights(spec), random_batch(2, 9));
  g.conv = 0, g.keys = Keys::as_given;
  Weights<float> w = random_weights(spec);
  for (float& x : w.values()) x *= 0.5f;
  check_on_device(spec, w, random_batch(2, 5));
  CHECK_THROWS_WITH(device(spec)->logits(w, random_batch(1, 10)), Catch::Contains("9 learned positions"));
}

TEST_CASE("the device executor in bf16 stays near the CPU's fp32, and its logits, layers and predictions agree with the CPU's") {
  const Spec spec = small("GA", "pre", "full", "rope");
  const Weights<float> w = random_weights(spec);
  const Batch batch = random_batch(2, 12);
  const auto cpu = make_cpu_executor(spec, Precision::fp32), fp32 = device(spec), bf16 = device(spec, Precision::bf16);
  const Matrix<float> truth = cpu->logits(w, batch), logits = fp32->logits(w, batch), rounded = bf16->logits(w, batch);
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < truth.values().size(); ++i) {
    CHECK(logits.values()[i] == Approx(truth.values()[i]).epsilon(1e-4).margin(1e-5));
    largest = std::max(largest, std::abs(static_cast<double>(truth.values()[i])));
    error = std::max(error, std::abs(static_cast<double>(rounded.values()[i]) - truth.values()[i]));
  }
  CHECK(error > 0);
  CHECK(error < 0.1 * largest);  // 2^-9 per operand, through two blocks
  CHECK(fp32->predict(w, batch) == cpu->predict(w, batch));
  const std::vector<Matrix<float>> layers = fp32->layers(w, batch), expected = cpu->layers(w, batch);
  REQUIRE(layers.size() == expected.size());
  for (std::size_t b = 0; b < layers.size(); ++b)
    for (std::size_t i = 0; i < layers[b].values().size(); ++i)
      CHECK(layers[b].values()[i] == Approx(expected[b].values()[i]).epsilon(1e-4).margin(1e-5));
}

TEST_CASE(
    "activations in bf16 on the device move loss and gradient as little as weights moved in their eighth bit do, for every block "
    "form") {
  const auto distance = [](const std::vector<float>& x, const std::vector<float>& y) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      difference += std::pow(static_cast<double>(x[i]) - y[i], 2), size += std::pow(static_cast<double>(y[i]), 2);
    return std::sqrt(difference / size);
  };
  for (const char* pattern : {"G", "GAG", "A"})
    for (const char* norm : {"pre", "post"})
      for (const char* qk : {"full", "head", "none"}) {
        if (std::string(pattern) == "G" && std::string(qk) != "full") continue;  // of attention only
        const Spec spec = small(pattern, norm, qk, "rope");
        Weights<float> w = random_weights(spec), plain(spec), rounded(spec);
        for (const Parameter& p : w.layout())
          if (p.shape.size() > 1)
            for (float& x : w[p.name]) x *= 0.5f;  // else moving anything at all turns the gradient
        const Batch batch = random_batch(2, 12);
        const double loss = device(spec)->loss_and_gradient(w, batch, plain);
        const double bf16_loss = device(spec, Precision::bf16)->loss_and_gradient(w, batch, rounded);
        double moved_by = 0;  // the most of some draws: a single one may be lucky
        for (std::uint64_t draw = 0; draw < 6; ++draw) {
          Weights<float> moved = w, gradient(spec);
          const std::vector<float> way = draws(w.values().size(), 20 + draw, 0x1p-8);
          for (std::size_t i = 0; i < way.size(); ++i) moved.values()[i] *= 1 + way[i];
          device(spec)->loss_and_gradient(moved, batch, gradient);
          moved_by = std::max(moved_by, distance(gradient.values(), plain.values()));
        }
        INFO(pattern << " " << norm << " " << qk);
        const double error = distance(rounded.values(), plain.values());
        CHECK(error > 0);
        CHECK(error < 2 * moved_by);
        CHECK(bf16_loss == Approx(loss).epsilon(0.01));
      }
}

TEST_CASE("a recorded step does what an unrecorded one does, with new numbers and batches, also after a larger batch") {
  const Spec spec = small("GA", "pre", "head", "rope");
  std::vector<Batch> batches;
  for (const int length : {9, 9, 9, 14, 9, 9, 14}) batches.push_back(random_batch(2, length));
  for (std::size_t i = 0; i < batches.size(); ++i)
    std::rotate(batches[i].tokens.begin(), batches[i].tokens.begin() + 1 + i, batches[i].tokens.end());
  const Training replayed = train(spec, batches, false), plain = train(spec, batches, true);
  CHECK(replayed.weights == plain.weights);
  CHECK(replayed.second == plain.second);
  CHECK(replayed.weights != random_weights(spec).values());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    CHECK(replayed.steps[i].loss == plain.steps[i].loss);
    CHECK(replayed.steps[i].updated);
  }
  CHECK(replayed.steps.back().loss != replayed.steps[4].loss);
  for (std::uint64_t way = 0; way < SIMT::other_thread_orders; ++way) {
    const SIMT::OtherThreadOrder order(way);
    CHECK(train(spec, batches, false).weights == replayed.weights);
  }
}

TEST_CASE("several trainings at once, each on a thread and a stream of its own, have the bits of one alone") {
  const Spec spec = small("GA", "pre", "head", "rope"), other = small("AG", "post", "full", "rope");
  std::vector<Batch> batches;
  for (const int length : {9, 9, 9, 14, 9}) batches.push_back(random_batch(2, length));
  const Training alone = train(spec, batches, false), other_alone = train(other, batches, false);
  std::vector<Training> together(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < together.size(); ++i)
    threads.emplace_back([&, i] { together[i] = train(i % 2 ? other : spec, batches, false); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < together.size(); ++i) {
    CHECK(together[i].weights == (i % 2 ? other_alone : alone).weights);
    CHECK(together[i].second == (i % 2 ? other_alone : alone).second);
  }
}

TEST_CASE("a loss above the limit or a weight that is not finite makes no update on the device") {
  const Spec spec = small("A", "pre", "full", "rope");
  const Training stopped = train(spec, {random_batch(2, 9)}, false, 1e-3);
  CHECK(!stopped.steps[0].updated);
  CHECK(stopped.weights == random_weights(spec).values());
}

TEST_CASE("AdamW on the device follows its equations") {
  const std::size_t n = 1000;
  std::vector<float> w = draws(n, 1), g = draws(n, 2), m = draws(n, 3), v = draws(n, 4);
  for (float& x : v) x = std::abs(x);
  std::vector<std::uint8_t> decayed(n);
  for (std::size_t i = 0; i < n; ++i) decayed[i] = i % 3 == 0;
  const double lr = 1e-2, t = 7, clip = 2, b1 = 0.9, b2 = 0.98, eps = 1e-8, decay = 0.1;
  const auto follow = [&]<class N>(N) {
    double norm = 0;
    for (const float x : g) norm += double(x) * x;
    norm = std::sqrt(norm);
    std::vector<N> out;
    for (std::size_t i = 0; i < n; ++i) {
      const N x = N(g[i]) * N(std::min(1.0, clip / (norm + 1e-6))), first = N(b1) * N(m[i]) + N(1 - b1) * x;
      const N second = N(b2) * N(v[i]) + N(1 - b2) * x * x, keep = decayed[i] ? N(1 - lr * decay) : N(1);
      out.push_back(keep * N(w[i]) - N(lr / (1 - std::pow(b1, t))) * first / (std::sqrt(second / N(1 - std::pow(b2, t))) + N(eps)));
    }
    return out;
  };
  SIMT::DeviceArray<float> weights(w), gradient(g), first(m), second(v);
  SIMT::DeviceArray<std::uint8_t> decays(decayed);
  SIMT::DeviceArray<double> scratch(SIMT::norm_blocks);
  const auto f = [](double x) { return static_cast<float>(x); };
  const SIMT::DeviceArray<SIMT::StepNumbers> numbers(
      std::vector<SIMT::StepNumbers>{{f(b1), f(1 - b1), f(b2), f(1 - b2), f(eps), f(lr / (1 - std::pow(b1, t))),
                                      f(1 / std::sqrt(1 - std::pow(b2, t))), f(lr * decay), f(clip), 1, 1e9f, 0.5, 0, 1, 0}});
  SIMT::adamw({}, static_cast<std::ptrdiff_t>(n), gradient.data(), decays.data(), first.data(), second.data(), weights.data(),
              scratch.data(), numbers.data());
  CHECK(yardstick(weights.download(), follow(0.0f), follow(0.0)) < yardstick_limit);
  CHECK(numbers.download()[0].updated == 1);
}

TEST_CASE("the device executor refuses what it has no kernel for") {
  Spec spec = small("A", "post", "full", "rope");
  std::get<Attention>(spec.blocks[0].mixer).score = Score::average_hard;
  CHECK_THROWS_WITH(device(spec), Catch::Contains("hard attention"));
  Spec wide = small("G", "post", "full", "rope");
  std::get<GatedDeltaRule>(wide.blocks[0].mixer).key_dim = 160;
  CHECK_THROWS_WITH(device(wide), Catch::Contains("160/"));
  Spec grouped = small("AA", "post", "full", "rope");
  grouped.blocks[1].norm = NormPlace::groups;
  CHECK_THROWS_WITH(device(grouped), Catch::Contains("normed groups or several MLPs"));
  CHECK_THROWS_WITH(device(small("GL", "post", "full", "rope")), Catch::Contains("does not erase (block 1)"));
}
