// Decoding with state against the parallel forward, token by token.
#include "kernels/decoder.h"

#include "models/instances.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::testing;

namespace {

Spec spec_of(const std::string& pattern, const std::string& norm, const std::string& qk_norm, const std::string& position,
             int conv) {
  ModelOptions o;
  o.pattern = pattern, o.width = 20, o.heads = 2, o.head_dim = 6, o.hidden = 14, o.key_dim = 5, o.conv = conv;
  o.attention_norm = norm, o.qk_norm = qk_norm, o.position = position, o.max_positions = 80;
  return make_spec(o, 13);
}

/// Weights with which every part of a layer matters.
template <class T>
Weights<T> random_weights(const Spec& spec) {
  Weights<T> w(spec);
  const std::vector<float> values = draws(w.values().size(), 11, 0.6);
  std::copy(values.begin(), values.end(), w.values().begin());
  for (const Parameter& p : w.layout())
    if (p.shape.size() == 1)
      for (T& x : w[p.name]) x += 1;
  return w;
}

}  // namespace

TEST_CASE("every decoded token has the logits of the parallel forward, for every block form") {
  constexpr int length = 70;
  Batch batch{1, length, {}, std::vector<std::int32_t>(length), std::vector<std::uint8_t>(length, 1)};
  Rng rng = draw(3, Purpose::test, 0, 0);
  for (int t = 0; t < length; ++t) batch.tokens.push_back(static_cast<std::int32_t>(rng.below(13)));
  for (const auto& spec :
       {spec_of("GA", "post", "full", "rope", 4), spec_of("AG", "pre", "head", "none", 2), spec_of("GG", "pre", "full", "rope", 0),
        spec_of("AA", "post", "none", "learned", 4), spec_of("LA", "post", "full", "rope", 4)}) {
    INFO(to_text(spec));
    const Weights<float> weights = random_weights<float>(spec);
    const Matrix<double> truth =
        logits(Model<double>(spec, random_weights<double>(spec)), std::vector<int>(batch.tokens.begin(), batch.tokens.end()));
    const Matrix<float> plain = make_executor(spec, Device::reference, Precision::fp32)->logits(weights, batch);
    const Matrix<float> parallel = make_executor(spec, Device::cpu, Precision::fp32)->logits(weights, batch);
    const auto fast = make_decoder(spec, weights, Device::cpu), reference = make_decoder(spec, weights, Device::reference);
    std::vector<float> decoded;
    for (int t = 0; t < length; ++t) {
      const auto row = plain.row(t);
      CHECK(reference->step(batch.tokens[t]) == std::vector<float>(row.begin(), row.end()));
      const std::vector<float> step = fast->step(batch.tokens[t]);
      decoded.insert(decoded.end(), step.begin(), step.end());
    }
    CHECK(yardstick(decoded, plain.values(), truth.values()) <= yardstick_limit);
    CHECK(yardstick(parallel.values(), plain.values(), truth.values()) <= yardstick_limit);
  }
}

TEST_CASE("grouped values and plain writes decode as the parallel forward") {
  Spec spec = spec_of("GG", "pre", "full", "rope", 4);
  for (Block& block : spec.blocks) {
    auto& g = std::get<GatedDeltaRule>(block.mixer);
    g.value_heads = 4, g.neg_eigval = false, g.output_gate = false, g.output_norm_eps = 1e-2;
  }
  std::get<GatedDeltaRule>(spec.blocks[1].mixer).write = Write::plain;
  const Weights<float> weights = random_weights<float>(spec);
  const std::vector<int> tokens = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const Matrix<double> truth = logits(Model<double>(spec, random_weights<double>(spec)), tokens);
  const Matrix<float> plain = logits(Model<float>(spec, weights), tokens);
  const auto decoder = make_decoder(spec, weights, Device::cpu);
  std::vector<float> decoded;
  for (const int token : tokens) {
    const std::vector<float> step = decoder->step(token);
    decoded.insert(decoded.end(), step.begin(), step.end());
  }
  CHECK(yardstick(decoded, plain.values(), truth.values()) <= yardstick_limit);
}

TEST_CASE("a decoder refuses what it has no kernel for, foreign tokens, and positions beyond the learned ones") {
  Spec spec = spec_of("A", "post", "full", "learned", 4);
  spec.learned_positions = 2;
  const Weights<float> weights = random_weights<float>(spec);
  for (const Device device : {Device::cpu, Device::reference}) {
    const auto decoder = make_decoder(spec, weights, device);
    decoder->step(0), decoder->step(12);
    CHECK_THROWS_WITH(decoder->step(0), Catch::Matchers::Contains("beyond the 2 learned positions"));
    CHECK_THROWS_AS(make_decoder(spec, weights, device)->step(13), Error);
  }
  CHECK_THROWS_WITH(make_decoder(spec, weights, Device::cuda), Catch::Matchers::Contains("no decoder"));
  std::get<Attention>(spec.blocks[0].mixer).score = Score::leftmost;
  CHECK_THROWS_WITH(make_decoder(spec, weights, Device::cpu), Catch::Matchers::Contains("hard attention"));
}
