#include "models/instances.h"

#include "models/numbers/var.h"
#include "tasks/rng.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

/// Weights drawn uniformly in [-scale, scale]; norm weights near 1.
Weights<double> random_weights(const Spec& spec, double scale) {
  Weights<double> w(spec);
  for (std::size_t p = 0; p < w.layout().size(); ++p) {
    Rng rng = draw(5, Purpose::test, 0, p);
    for (double& x : w[w.layout()[p].name]) {
      x = scale * (2.0 * rng.next() / 4294967296.0 - 1);
      if (w.layout()[p].shape.size() == 1) x += 1;
    }
  }
  return w;
}

Spec small(const std::string& pattern) {
  ModelOptions o;
  o.pattern = pattern, o.width = 8, o.heads = 2, o.head_dim = 4, o.hidden = 12;
  return make_spec(o, 7);
}

template <Field T>
T loss_of(const Spec& spec, const Weights<T>& w, std::span<const int> tokens) {
  const Matrix<T> out = logits(Model<T>(spec, w), tokens);
  T total(0);
  for (std::size_t t = 0; t < out.rows(); ++t) total = total + out(t, t % 7) * out(t, t % 7);
  return total;
}

}  // namespace

TEST_CASE("reverse-mode gradients of a whole hybrid equal central differences") {
  const Spec spec = small("GA");
  const std::vector<int> tokens{1, 4, 2, 2, 6};
  Weights<double> w = random_weights(spec, 0.5);
  Tape<double> tape;
  Weights<Var<double>> v(spec);
  for (std::size_t i = 0; i < w.values().size(); ++i) v.values()[i] = tape.input(w.values()[i]);
  const std::vector<double> gradient = tape.gradient(loss_of(spec, v, tokens));
  for (std::size_t i = 0; i < w.values().size(); i += 17) {
    const double h = 1e-6, keep = w.values()[i];
    w.values()[i] = keep + h;
    const double up = loss_of(spec, w, tokens);
    w.values()[i] = keep - h;
    const double down = loss_of(spec, w, tokens);
    w.values()[i] = keep;
    CHECK(gradient[i] == Approx((up - down) / (2 * h)).epsilon(1e-5).margin(1e-7));
  }
}

TEST_CASE("a spec survives its text form, and an unknown key is named") {
  const Spec spec = small("GAG");
  CHECK(parse_spec(to_text(spec)) == spec);
  std::string text = to_text(spec);
  text.replace(text.find("\"width\""), 7, "\"widht\"");
  CHECK_THROWS_WITH(parse_spec(text), Catch::Contains("width"));
}

TEST_CASE("the hybrid of Table 14 has the parameters its shapes say") {
  ModelOptions o;
  const Spec spec = make_spec(o, 100);
  const std::size_t d = 256, mlp = 3 * d * 1024;
  const std::size_t gdn = 2 * d * 256 + 3 * d * 512 + 2 * d * 4 + 8 + (256 + 256 + 512) * 4 + 128, attention = 4 * d * d + 2 * d;
  CHECK(parameter_count(spec) == 2 * 100 * d + d + 4 * (mlp + 2 * d) + 3 * gdn + attention);
}

TEST_CASE("delta_heads and key_dim make the state of a delta rule small and leave attention as it is") {
  ModelOptions o;
  o.pattern = "GA", o.width = 64, o.heads = 4, o.head_dim = 16, o.conv = 0;
  const Spec same = make_spec(o, 100);
  o.delta_heads = 1, o.key_dim = 8;
  const Spec small = make_spec(o, 100);
  CHECK(state_size(same, 10) == 4 * 16 * 32 + 10 * 2 * 64);
  CHECK(state_size(small, 10) == 1 * 8 * 16 + 10 * 2 * 64);
  CHECK(small.blocks[1] == same.blocks[1]);
  o.delta_heads = -1;
  CHECK_THROWS_WITH(make_spec(o, 100), Catch::Contains("positive"));
}

TEST_CASE("reading a token leaves the state that a step leaves, whatever the last block and wherever its norms are") {
  for (const std::string pattern : {"GA", "AG"})
    for (const std::string norm : {"post", "pre"}) {
      ModelOptions o;
      o.pattern = pattern, o.width = 8, o.heads = 2, o.head_dim = 4, o.hidden = 12, o.attention_norm = norm;
      const Spec spec = make_spec(o, 7);
      const Model<double> model(spec, random_weights(spec, 0.5));
      auto read = model.start(), stepped = model.start();
      for (const int token : {3, 1, 4, 1, 5}) {
        model.read(read, token);
        model.step(stepped, token);
        CHECK(read == stepped);
      }
      CHECK_THROWS_AS(model.read(read, 7), Error);
    }
}
