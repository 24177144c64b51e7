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

// The settings with which a mixer is small.  A new one needs its own here: what follows is checked for every mixer there is.
void shrink(GatedDeltaRule& g) {
  g.key_heads = g.value_heads = 2, g.key_dim = 4, g.value_dim = 8;
}
void shrink(Attention& a) {
  a.heads = 2, a.head_dim = 4;
}

template <class... Ms>
std::vector<Mixer> small_mixers(std::variant<Ms...>*) {
  std::vector<Mixer> all{Ms{}...};
  for (Mixer& mixer : all) std::visit([](auto& m) { shrink(m); }, mixer);
  return all;
}
std::vector<Mixer> small_mixers() {
  return small_mixers(static_cast<Mixer*>(nullptr));
}

/// A block of each of these mixers.
Spec spec_of(const std::vector<Mixer>& mixers, NormPlace norm = NormPlace::pre) {
  Spec spec;
  spec.vocab = 7, spec.width = 8;
  for (const Mixer& mixer : mixers) spec.blocks.push_back({mixer, Mlp{12}, norm});
  return spec;
}

template <Field T>
T loss_of(const Spec& spec, const Weights<T>& w, std::span<const int> tokens) {
  const Matrix<T> out = logits(Model<T>(spec, w), tokens);
  T total(0);
  for (std::size_t t = 0; t < out.rows(); ++t) total = total + out(t, t % 7) * out(t, t % 7);
  return total;
}

}  // namespace

TEST_CASE("reverse-mode gradients of a model with every mixer equal central differences") {
  const Spec spec = spec_of(small_mixers());
  const std::vector<int> tokens{1, 4, 2, 2, 6};
  Weights<double> w = random_weights(spec, 0.5);
  Tape<double> tape;
  Weights<Var<double>> v(spec);
  for (std::size_t i = 0; i < w.values().size(); ++i) v.values()[i] = tape.input(w.values()[i]);
  const std::vector<double> gradient = tape.gradient(loss_of(spec, v, tokens));
  for (std::size_t i = 0; i < w.values().size(); i += 7) {
    const double h = 1e-6, keep = w.values()[i];
    w.values()[i] = keep + h;
    const double up = loss_of(spec, w, tokens);
    w.values()[i] = keep - h;
    const double down = loss_of(spec, w, tokens);
    w.values()[i] = keep;
    CHECK(gradient[i] == Approx((up - down) / (2 * h)).epsilon(1e-5).margin(1e-7));
  }
}

TEST_CASE("a spec survives its text form, and an unknown key or mixer is named") {
  for (const Mixer& mixer : small_mixers()) {
    INFO(name_of(mixer));
    CHECK(parse_spec(to_text(spec_of({mixer}))) == spec_of({mixer}));
    CHECK(layout(spec_of({mixer}))[2].name.find(".0." + std::visit([](const auto& m) { return std::string(m.prefix); }, mixer)) !=
          std::string::npos);
  }
  const Spec spec = small("GAG");
  CHECK(parse_spec(to_text(spec)) == spec);
  std::string other = to_text(spec);
  other.replace(other.find("\"attention\""), 11, "\"atention\"");
  CHECK_THROWS_WITH(parse_spec(other), Catch::Contains("unknown mixer 'atention'; did you mean 'attention'?"));
  std::string text = to_text(spec);
  text.replace(text.find("\"width\""), 7, "\"widht\"");
  CHECK_THROWS_WITH(parse_spec(text), Catch::Contains("width"));
}

TEST_CASE("linear attention is the delta rule that never erases: settings, text and a step by hand") {
  const Spec linear = small("L"), delta = small("G");
  CHECK(parse_spec(to_text(linear)) == linear);
  CHECK(to_text(delta).find("erase") == std::string::npos);  // so that older specs keep their hash
  CHECK(layout(linear) == layout(delta));
  CHECK(forward_flops_per_token(linear, 8) < forward_flops_per_token(delta, 8));
  GatedDeltaRule g;
  g.key_heads = g.value_heads = 1, g.key_dim = 2, g.value_dim = 1, g.conv = 0,
  g.silu = g.scale_query = g.output_norm = g.output_gate = false;
  g.gates = Gates::direct, g.keys = Keys::as_given, g.write = Write::beta, g.neg_eigval = g.erase = false;
  // x = (1, 0), (0, 1): k = x, v = 3 and 5, alpha = 1/2, beta = 1: S = (3, 0), then (3/2, 5); with q = (1, 1) o = 3, then 13/2.
  Spec spec = spec_of({g});
  spec.width = 2, spec.vocab = 2, spec.blocks[0].mlp.hidden = 0, spec.blocks[0].norm = NormPlace::none, spec.final_norm = false;
  Weights<double> w(spec);
  const auto set = [&](const std::string& name, const std::vector<double>& values) {
    std::copy(values.begin(), values.end(), w[name].begin());
  };
  set("model.embed_tokens.weight", {1, 0, 0, 1}), set("lm_head.weight", {1, 0, 0, 1});
  const std::string at = "model.layers.0.linear_attn.";
  set(at + "q_proj.weight", {1, 1, 1, 1}), set(at + "k_proj.weight", {1, 0, 0, 1}), set(at + "v_proj.weight", {3, 5});
  set(at + "a_proj.weight", {0.5, 0.5}), set(at + "b_proj.weight", {1, 1}), set(at + "o_proj.weight", {1, 0});
  const Matrix<double> out = logits(Model<double>(spec, w), std::vector<int>{0, 1});
  CHECK(out(0, 0) == 1 + 3);
  CHECK(out(1, 0) == 0 + 6.5);
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
  for (const Mixer& first : small_mixers())
    for (const Mixer& last : small_mixers())
      for (const NormPlace norm : {NormPlace::post, NormPlace::pre}) {
        INFO(fmt::format("{}, {}", name_of(first), name_of(last)));
        const Spec spec = spec_of({first, last}, norm);
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
