// Normed groups, several MLPs in a block, and keys of zeros: what hand-built programs use beyond trained models.
#include "models/instances.h"
#include "tests/catch.h"

using namespace separatrix;

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
  CHECK(to_text(make_spec(ModelOptions{}, 7)).find("groups") == std::string::npos);  // other specs keep their text
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
