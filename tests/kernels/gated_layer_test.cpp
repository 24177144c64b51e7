// The kernels of a whole gated delta rule layer (short convolutions, gates, delta rule, gated norm), joined as an executor joins
// them, against the generic layer: every output and every weight's gradient.
#include <fmt/format.h>

#include "kernels/gated_delta_rule/delta.h"
#include "kernels/gated_delta_rule/gates.h"
#include "kernels/gated_delta_rule/output.h"
#include "kernels/isa.h"
#include "kernels/sequence_sums.h"
#include "kernels/short_conv/short_conv.h"
#include "models/mixers/gated_delta_rule.h"
#include "models/numbers/var.h"
#include "tasks/rng.h"
#include "tests/catch.h"
#include "tests/kernels/yardstick.h"

using namespace separatrix;
using namespace separatrix::test;

namespace {

constexpr int width = 10, batch = 2;

struct Case {
  GatedDeltaRule settings;
  int length;
};

struct Result {
  std::vector<float> y;
  Weights<float> gradient;
};

Spec spec_of(const GatedDeltaRule& settings) {
  Spec spec;
  spec.vocab = 2, spec.width = width;
  spec.blocks = {Block{settings, Mlp{0, Activation::relu}, NormPlace::none}};
  spec.final_norm = false;
  return spec;
}

const std::string prefix = "model.layers.0.", at = prefix + "linear_attn.";

double uniform(Rng& rng, double low, double high) {
  return low + (high - low) * ((rng.next() + 0.5) / 4294967296.0);
}

Weights<float> random_weights(const Spec& spec, const GatedDeltaRule& settings) {
  Weights<float> w(spec);
  for (std::size_t p = 0; p < w.layout().size(); ++p) {
    Rng rng = draw(3, Purpose::test, 1, p);
    const std::string& name = w.layout()[p].name;
    // Direct gates are alpha = a . x itself: positive weights on positive inputs keep it in (0, 1).
    const bool direct = settings.gates == Gates::direct && name == at + "a_proj.weight";
    for (float& x : w[name]) x = static_cast<float>(direct ? uniform(rng, 0.05, 0.15) : uniform(rng, -0.8, 0.8));
  }
  return w;
}

/// (batch * length, columns) in [low, high).
Matrix<float> random_rows(std::size_t rows, std::size_t columns, std::uint32_t level, double low, double high) {
  Matrix<float> x(rows, columns);
  Rng rng = draw(4, Purpose::test, level, rows);
  for (float& e : x.values()) e = static_cast<float>(uniform(rng, low, high));
  return x;
}

template <class T>
Matrix<T> cast(const Matrix<float>& x) {
  Matrix<T> y(x.rows(), x.cols());
  for (std::size_t i = 0; i < x.values().size(); ++i) y.values()[i] = T(x.values()[i]);
  return y;
}

/// y of the generic layer and the gradient of sum (c y) by reverse mode, all in T.
template <class T>
std::pair<std::vector<T>, std::vector<T>> generic(const Case& c, const Weights<float>& w, const Matrix<float>& x,
                                                  const Matrix<float>& weight_of_y) {
  Tape<T> tape;
  Weights<Var<T>> v(spec_of(c.settings));
  for (std::size_t i = 0; i < w.values().size(); ++i) v.values()[i] = tape.input(T(w.values()[i]));
  const GatedDeltaRuleLayer<Var<T>> layer(c.settings, LayerWeights<Var<T>>{v, prefix});
  std::vector<T> y;
  Var<T> loss;
  for (int b = 0; b < batch; ++b) {
    auto state = layer.start();
    for (int t = 0; t < c.length; ++t) {
      const std::size_t r = std::size_t(b) * c.length + t;
      Row<Var<T>> in;
      for (float e : x.row(r)) in.push_back(Var<T>(T(e)));
      const Row<Var<T>> out = layer.step(state, in);
      for (int i = 0; i < width; ++i) {
        y.push_back(out[i].value);
        loss = loss + Var<T>(T(weight_of_y(r, i))) * out[i];
      }
    }
  }
  std::vector<T> gradient = tape.gradient(loss);
  gradient.resize(w.values().size());
  return {y, gradient};
}

/// Columns of a buffer in which the projections lie side by side: q k v z a b.
struct Columns {
  explicit Columns(const GatedDeltaRule& s)
      : key(s.key_heads * s.key_dim),
        value(s.value_heads * s.value_dim),
        heads(s.value_heads),
        total(2 * key + 2 * value + 2 * heads) {}
  int key, value, heads, total;
  int q = 0;
  int k() const { return key; }
  int v() const { return 2 * key; }
  int z() const { return 2 * key + value; }
  int a() const { return 2 * key + 2 * value; }
  int b() const { return a() + heads; }
};

class KernelLayer {
 public:
  KernelLayer(const Case& c, const Weights<float>& w, const Matrix<float>& x)
      : s_(c.settings),
        w_(w),
        x_(x),
        at_(c.settings),
        rows_(batch * c.length),
        projected_(rows_, at_.total, NAN),
        featured_(rows_, at_.total, NAN),
        o_(rows_, at_.value, NAN),
        out_(rows_, at_.value, NAN),
        gates_{batch, c.length, at_.heads},
        output_{batch, c.length, at_.heads, s_.value_dim, s_.output_norm, s_.output_gate},
        delta_{batch, c.length, s_.key_heads, s_.value_heads, s_.key_dim, s_.value_dim} {
    gates_.sigmoid = s_.gates == Gates::sigmoid, gates_.neg_eigval = s_.neg_eigval;
    form_ = {s_.scale_query ? 1 / std::sqrt(float(s_.key_dim)) : 1, s_.write == Write::beta, s_.erase};
    saved_.assign(delta_saved_size(delta_), NAN);
    workspace_.assign(delta_workspace_size(delta_), NAN);
  }

  Result run(const Matrix<float>& weight_of_y) {
    forward();
    Result r{linear(out_, w_.matrix(at("o_proj.weight"))).values(), Weights<float>(spec_of(s_))};
    backward(weight_of_y, r.gradient);
    return r;
  }

 private:
  struct Projection {
    const char *projection, *conv;
    int column, size, unit;
  };
  std::vector<Projection> features() const {
    const int unit = s_.keys == Keys::unit ? s_.key_dim : 0;
    return {{"q_proj.weight", "q_conv1d.weight", 0, at_.key, unit},
            {"k_proj.weight", "k_conv1d.weight", at_.k(), at_.key, unit},
            {"v_proj.weight", "v_conv1d.weight", at_.v(), at_.value, 0}};
  }
  static std::string at(const std::string& name) { return ::at + name; }
  Rows<float> part(Matrix<float>& m, int column) const { return {m.values().data() + column, std::ptrdiff_t(m.cols())}; }
  const float* vector(const std::string& name) const { return w_.has(at(name)) ? w_[at(name)].data() : nullptr; }
  ShortConvShape conv(const Projection& p) const { return {batch, delta_.length, p.size, s_.conv, s_.silu, p.unit}; }

  void project(const std::string& name, int column) {
    const Matrix<float> y = linear(x_, w_.matrix(at(name)));
    for (std::size_t i = 0; i < y.rows(); ++i)
      for (std::size_t j = 0; j < y.cols(); ++j) projected_(i, column + j) = y(i, j);
  }

  DeltaInput delta_input() {
    return {part(featured_, 0), part(featured_, at_.k()), part(featured_, at_.v()), part(featured_, at_.a()),
            part(featured_, at_.b())};
  }

  void forward() {
    for (const Projection& p : features()) {
      project(p.projection, p.column);
      std::vector<float> workspace(short_conv_workspace_size(conv(p)), NAN);
      short_conv_forward(conv(p), part(projected_, p.column), vector(p.conv), part(featured_, p.column), workspace.data());
    }
    if (s_.output_gate) project("g_proj.weight", at_.z());
    project("a_proj.weight", at_.a()), project("b_proj.weight", at_.b());
    delta_gates_forward(gates_, part(projected_, at_.a()), part(projected_, at_.b()), vector("A_log"), vector("dt_bias"),
                        part(featured_, at_.a()), part(featured_, at_.b()));
    delta_forward(delta_, form_, delta_input(), part(o_, 0), nullptr, saved_.data(), workspace_.data());
    delta_output_forward(output_, part(o_, 0), vector("o_norm.weight"), part(projected_, at_.z()), part(out_, 0));
  }

  void backward(const Matrix<float>& weight_of_y, Weights<float>& gradient) {
    Matrix<float> d(rows_, at_.total, NAN), d_out(rows_, at_.value, 0);
    const Matrix<float> w_o = w_.matrix(at("o_proj.weight"));
    for (int r = 0; r < rows_; ++r)
      for (int j = 0; j < at_.value; ++j)
        for (int i = 0; i < width; ++i) d_out(r, j) += weight_of_y(r, i) * w_o(i, j);
    products(weight_of_y, 0, width, out_, gradient[at("o_proj.weight")]);

    std::vector<float> workspace(delta_output_workspace_size(output_), NAN);
    std::vector<float> d_norm(std::size_t{1} * delta_.batch * delta_.value_dim, NAN);
    delta_output_backward(output_, part(o_, 0), vector("o_norm.weight"), part(projected_, at_.z()), part(d_out, 0), part(d_out, 0),
                          d_norm.data(), part(d, at_.z()), workspace.data());
    if (s_.output_norm) add_sequences(delta_.batch, delta_.value_dim, d_norm.data(), gradient[at("o_norm.weight")].data());
    delta_backward(delta_, form_, delta_input(), saved_.data(), part(d_out, 0), nullptr,
                   {part(d, 0), part(d, at_.k()), part(d, at_.v()), part(d, at_.a()), part(d, at_.b())}, workspace_.data());
    std::vector<double> d_a_log(std::size_t{1} * gates_.batch * gates_.heads, NAN), d_dt_bias(d_a_log.size(), NAN);
    delta_gates_backward(gates_, part(projected_, at_.a()), part(projected_, at_.b()), vector("A_log"), vector("dt_bias"),
                         part(d, at_.a()), part(d, at_.b()), part(d, at_.a()), part(d, at_.b()), d_a_log.data(), d_dt_bias.data());
    if (gates_.sigmoid) {
      add_sequences(gates_.batch, gates_.heads, d_a_log.data(), gradient[at("A_log")].data());
      add_sequences(gates_.batch, gates_.heads, d_dt_bias.data(), gradient[at("dt_bias")].data());
    }
    for (const Projection& p : features()) {
      std::vector<float> scratch(short_conv_workspace_size(conv(p)), NAN);
      const ShortConvShape shape = conv(p);
      std::vector<float> d_conv(std::size_t{1} * shape.batch * shape.channels * shape.width, NAN);
      short_conv_backward(shape, part(projected_, p.column), vector(p.conv), part(d, p.column), part(d, p.column), d_conv.data(),
                          scratch.data());
      if (s_.conv > 0) add_sequences(shape.batch, shape.channels * shape.width, d_conv.data(), gradient[at(p.conv)].data());
      products(d, p.column, p.size, x_, gradient[at(p.projection)]);
    }
    if (s_.output_gate) products(d, at_.z(), at_.value, x_, gradient[at("g_proj.weight")]);
    products(d, at_.a(), at_.heads, x_, gradient[at("a_proj.weight")]);
    products(d, at_.b(), at_.heads, x_, gradient[at("b_proj.weight")]);
  }

  /// out (columns, x columns) = d[:, first, first + columns)^T x
  void products(const Matrix<float>& d, int first, int columns, const Matrix<float>& x, std::span<float> out) const {
    for (int i = 0; i < columns; ++i)
      for (std::size_t j = 0; j < x.cols(); ++j) {
        float sum = 0;
        for (int r = 0; r < rows_; ++r) sum += d(r, first + i) * x(r, j);
        out[i * x.cols() + j] = sum;
      }
  }

  GatedDeltaRule s_;
  const Weights<float>& w_;
  const Matrix<float>& x_;
  Columns at_;
  int rows_;
  Matrix<float> projected_, featured_, o_, out_;  // (batch * length, ...)
  DeltaGatesShape gates_;
  DeltaOutputShape output_;
  DeltaShape delta_;
  DeltaForm form_;
  std::vector<float> saved_, workspace_;
};

std::vector<std::pair<std::string, Case>> cases() {
  GatedDeltaRule production;
  production.key_heads = 2, production.value_heads = 2, production.key_dim = 4, production.value_dim = 6;
  GatedDeltaRule grouped = production, bare = production, no_conv = production, definition = production, wide = production,
                 linear = production;
  grouped.value_heads = 4, grouped.neg_eigval = false;
  bare.output_norm = bare.output_gate = bare.silu = false, bare.conv = 2;
  no_conv.conv = 0;
  definition.conv = 0, definition.silu = definition.scale_query = definition.output_norm = definition.output_gate = false;
  definition.gates = Gates::direct, definition.keys = Keys::as_given, definition.write = Write::plain;
  linear.erase = linear.neg_eigval = false;
  wide.key_heads = wide.value_heads = 1, wide.key_dim = 17, wide.value_dim = 33;
  return {{"production", {production, 12}},  {"length 1", {production, 1}}, {"length 2", {production, 2}},
          {"grouped", {grouped, 9}},         {"bare", {bare, 9}},           {"no convolution", {no_conv, 9}},
          {"Definition 1", {definition, 9}}, {"odd widths", {wide, 9}},     {"linear attention", {linear, 9}}};
}

}  // namespace

TEST_CASE("the kernels of a gated delta rule layer equal the generic layer, output and gradient of every weight, on every set") {
  const Isa before = isa();
  for (const auto& [name, c] : cases()) {
    const Spec spec = spec_of(c.settings);
    const Weights<float> w = random_weights(spec, c.settings);
    const bool direct = c.settings.gates == Gates::direct;
    const Matrix<float> x = random_rows(batch * c.length, width, 1, direct ? 0.2 : -1, 1);
    const Matrix<float> weight_of_y = random_rows(batch * c.length, width, 2, -1, 1);
    const auto [truth_y, truth_d] = generic<double>(c, w, x, weight_of_y);
    const auto [plain_y, plain_d] = generic<float>(c, w, x, weight_of_y);
    for (Isa set : {Isa::sse2, Isa::avx2, Isa::avx512}) {
      if (set > machine_isa()) continue;
      set_isa(set);
      const Result kernel = KernelLayer(c, w, x).run(weight_of_y);
      INFO(name << ", " << isa_name(set));
      CHECK(yardstick(kernel.y, plain_y, truth_y) <= 8);  // worst seen 3.2
      for (const Parameter& p : w.layout()) {
        if (p.name.find(at) == std::string::npos) continue;
        const auto cut = [&](const auto& v) {
          return std::decay_t<decltype(v)>(v.begin() + p.offset, v.begin() + p.offset + p.size);
        };
        INFO(p.name);
        CHECK(yardstick(cut(kernel.gradient.values()), cut(plain_d), cut(truth_d)) <= 8);  // worst seen 4.1
      }
    }
    set_isa(before);
  }
}
