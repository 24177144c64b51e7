#include "models/model.h"

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

namespace {

/// Width 4, one token, a mixer that adds nothing, and two ReLU MLPs of one unit; `groups` are read normed.
Spec two_mlps(const std::vector<NormGroup>& groups) {
  Attention nothing;
  nothing.heads = nothing.head_dim = 1;
  nothing.score = Score::average_hard, nothing.position = Position::none, nothing.qk_norm = QkNorm::none;
  const Mlp mlp{1, Activation::relu, groups};
  Spec spec;
  spec.vocab = 1, spec.width = 4, spec.final_norm = false, spec.norm_eps = 0;
  spec.blocks = {{nothing, mlp, NormPlace::groups, {}, {mlp}}};
  return spec;
}

}  // namespace

TEST_CASE("each group is divided by its own root mean square, a group of zeros stays zero, and MLPs follow one another") {
  const Spec spec = two_mlps({{0, 2}, {3, 1}});
  Weights<double> w(spec);
  std::ranges::copy(std::vector<double>{3, 4, 10, 0}, w["model.embed_tokens.weight"].begin());
  std::ranges::copy(std::vector<double>{5, 5, 1, 1}, w["model.layers.0.mlp.up_proj.weight"].begin());
  w["model.layers.0.mlp.down_proj.weight"][3] = -1;  // writes coordinate 3
  w["model.layers.0.more.0.mlp.up_proj.weight"][3] = -2;
  w["model.layers.0.more.0.mlp.down_proj.weight"][2] = 1;
  const Model<double> model(spec, w);
  auto state = model.start();
  const Row<double> x = model.trace(state, 0).back();
  const double first = 5 * (3 + 4) / std::sqrt(12.5) + 10 + 0;  // coordinate 2 is in no group
  CHECK(x[3] == Approx(-first).epsilon(1e-15));
  CHECK(x[2] == Approx(10 + 2).epsilon(1e-15));  // the sign of coordinate 3 is -1
  CHECK((x[0] == 3 && x[1] == 4));
}

TEST_CASE("normed groups and further MLPs survive the text form, and wrong ones are refused") {
  const Spec spec = two_mlps({{0, 2}, {3, 1}});
  CHECK(parse_spec(to_text(spec)) == spec);
  std::string text = to_text(spec);
  text.replace(text.find("more_mlps"), 9, "more_mlqs");
  CHECK_THROWS_WITH(parse_spec(text), Catch::Contains("did you mean 'more_mlps'"));
  CHECK_THROWS_WITH(layout(two_mlps({{3, 2}})), Catch::Contains("outside the width 4"));
  Spec pre = two_mlps({});
  pre.blocks[0].norm = NormPlace::pre;
  CHECK_THROWS_WITH(layout(pre), Catch::Contains("more_mlps need norm = none or groups"));
  pre.blocks[0].more_mlps.clear();
  pre.blocks[0].groups = {{0, 2}};
  CHECK_THROWS_WITH(layout(pre), Catch::Contains("norm is not 'groups'"));
  CHECK(to_text(small("GA")).find("groups") == std::string::npos);  // other specs keep their text
}

TEST_CASE("a zero key scores 0 for hard attention, and ties with it share the weight") {
  Attention a;
  a.heads = 1, a.head_dim = 1;
  a.score = Score::average_hard, a.position = Position::none, a.qk_norm = QkNorm::none;
  Spec spec;
  spec.vocab = 3, spec.width = 3, spec.final_norm = false;
  spec.blocks = {{a, Mlp{0, Activation::relu}, NormPlace::none}};
  Weights<double> w(spec);
  const std::vector<double> embedding = {-1, 1, 0, 0, 3, 0, 1, 8, 0};  // (key, value, -): below zero, zero, above zero
  std::ranges::copy(embedding, w["model.embed_tokens.weight"].begin());
  const std::string at = "model.layers.0.self_attn.";
  w[at + "k_proj.weight"][0] = 1, w[at + "v_proj.weight"][1] = 1, w[at + "o_proj.weight"][2] = 1;
  const auto last = [&](double query, const std::vector<int>& tokens) {
    Weights<double> v = w;
    v[at + "q_proj.weight"][1] = query;  // the query is a multiple of the value
    const Model<double> model(spec, v);
    auto state = model.start();
    Row<double> x;
    for (const int token : tokens) x = model.trace(state, token).back();
    return x[2];
  };
  CHECK(last(1, {0, 1, 1}) == 3);           // zero keys beat the negative one
  CHECK(last(1, {0, 1, 2, 1}) == 8);        // a positive score wins
  CHECK(last(0, {0, 1, 2, 1}) == 15. / 4);  // a zero query scores 0 everywhere
  CHECK(last(-1, {0, 1, 2}) == 1);
}
