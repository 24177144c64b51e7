// Parameters of a spec, their order in memory, and what a spec costs.
#include "models/spec.h"

#include "tasks/nearest.h"

namespace separatrix {
namespace {

/// Collects parameters one after the other.
class LayoutBuilder {
 public:
  void add(const std::string& name, std::vector<std::int64_t> shape) {
    std::size_t size = 1;
    for (const std::int64_t axis : shape) size *= static_cast<std::size_t>(axis);
    parameters_.push_back({name, std::move(shape), offset_, size});
    offset_ += size;
  }
  std::vector<Parameter> take() { return std::move(parameters_); }

 private:
  std::vector<Parameter> parameters_;
  std::size_t offset_ = 0;
};

void add_mixer(LayoutBuilder& out, const std::string& at, const GatedDeltaRule& g, int width) {
  const int keys = g.key_heads * g.key_dim, values = g.value_heads * g.value_dim;
  const std::string p = fmt::format("{}{}.", at, g.prefix);
  out.add(p + "q_proj.weight", {keys, width});
  out.add(p + "k_proj.weight", {keys, width});
  out.add(p + "v_proj.weight", {values, width});
  if (g.output_gate) out.add(p + "g_proj.weight", {values, width});
  out.add(p + "a_proj.weight", {g.value_heads, width});
  out.add(p + "b_proj.weight", {g.value_heads, width});
  if (g.gates == Gates::sigmoid) {
    out.add(p + "A_log", {g.value_heads});
    out.add(p + "dt_bias", {g.value_heads});
  }
  if (g.conv > 0) {
    out.add(p + "q_conv1d.weight", {keys, 1, g.conv});
    out.add(p + "k_conv1d.weight", {keys, 1, g.conv});
    out.add(p + "v_conv1d.weight", {values, 1, g.conv});
  }
  if (g.output_norm) out.add(p + "o_norm.weight", {g.value_dim});
  out.add(p + "o_proj.weight", {width, values});
}

void add_mixer(LayoutBuilder& out, const std::string& at, const Attention& a, int width) {
  const int inner = a.heads * a.head_dim;
  const std::string p = fmt::format("{}{}.", at, a.prefix);
  for (const char* name : {"q_proj", "k_proj", "v_proj"}) out.add(p + name + ".weight", {inner, width});
  out.add(p + "o_proj.weight", {width, inner});
  if (a.qk_norm != QkNorm::none) {
    const int size = a.qk_norm == QkNorm::full ? inner : a.head_dim;
    out.add(p + "q_norm.weight", {size});
    out.add(p + "k_norm.weight", {size});
  }
}

void check_groups(const std::string& at, const std::vector<NormGroup>& groups, const Block& block, int width) {
  if (!groups.empty() && block.norm != NormPlace::groups) fail("spec: {}groups are given, but norm is not 'groups'", at);
  for (const NormGroup& g : groups)
    if (g.first < 0 || g.size < 1 || g.first > width - g.size)
      fail("spec: {}group of {} coordinates from {}: outside the width {}", at, g.size, g.first, width);
}

void add_mlp(LayoutBuilder& out, const std::string& at, const Mlp& mlp, int width) {
  if (mlp.activation == Activation::swiglu) out.add(at + "mlp.gate_proj.weight", {mlp.hidden, width});
  out.add(at + "mlp.up_proj.weight", {mlp.hidden, width});
  out.add(at + "mlp.down_proj.weight", {width, mlp.hidden});
}

void add_more_mlps(LayoutBuilder& out, const std::string& at, const Block& block, int width) {
  const bool normed = block.norm == NormPlace::pre || block.norm == NormPlace::post;
  if (normed && !block.more_mlps.empty()) fail("spec: {}more_mlps need norm = none or groups", at);
  for (std::size_t i = 0; i < block.more_mlps.size(); ++i) {
    check_groups(at, block.more_mlps[i].groups, block, width);
    add_mlp(out, more_mlp_name(at, i), block.more_mlps[i], width);
  }
}

void add_block(LayoutBuilder& out, const std::string& at, const Block& block, int width) {
  check_groups(at, block.groups, block, width);
  check_groups(at, block.mlp.groups, block, width);
  if (block.norm == NormPlace::pre) out.add(at + "input_layernorm.weight", {width});
  std::visit([&](const auto& mixer) { add_mixer(out, at, mixer, width); }, block.mixer);
  if (block.norm == NormPlace::post) out.add(at + "post_attention_layernorm.weight", {width});
  if (block.mlp.hidden > 0) {
    if (block.norm == NormPlace::pre) out.add(at + "post_attention_layernorm.weight", {width});
    add_mlp(out, at, block.mlp, width);
    if (block.norm == NormPlace::post) out.add(at + "post_feedforward_layernorm.weight", {width});
  }
  add_more_mlps(out, at, block, width);
}

/// Multiply-adds per token outside the projections.
double core_products(const GatedDeltaRule& g, int) {
  // Chunkwise form with chunks of 64 (Yang et al. 2024): 3 K V + C (2 K + 2 V) per token and head.
  // Without erasure the products K K^T, (I + L)^{-1} V and K S fall away.
  const double k = g.key_dim, v = g.value_dim;
  const double per_head = g.erase ? 3 * k * v + 64 * (2 * k + 2 * v) : 2 * k * v + 64 * (k + v);
  return g.value_heads * per_head + g.conv * (2.0 * g.key_heads * k + g.value_heads * v);
}
double core_products(const Attention& a, int length) {
  return a.heads * a.head_dim * (length + 1.0);
}

std::size_t kept(const GatedDeltaRule& g, int) {
  const std::size_t keys = static_cast<std::size_t>(g.key_heads) * g.key_dim,
                    values = static_cast<std::size_t>(g.value_heads) * g.value_dim;
  const std::size_t tail = g.conv > 0 ? (g.conv - 1) * (2 * keys + values) : 0;
  return values * g.key_dim + tail;
}
std::size_t kept(const Attention& a, int length) {
  return std::size_t{2} * a.heads * a.head_dim * length;
}

}  // namespace

std::string more_mlp_name(const std::string& block, std::size_t i) {
  return fmt::format("{}more.{}.", block, i);
}

std::vector<Parameter> layout(const Spec& spec) {
  LayoutBuilder out;
  out.add("model.embed_tokens.weight", {spec.vocab, spec.width});
  if (spec.learned_positions > 0) out.add("model.position_embeddings.weight", {spec.learned_positions, spec.width});
  for (std::size_t i = 0; i < spec.blocks.size(); ++i)
    add_block(out, fmt::format("model.layers.{}.", i), spec.blocks[i], spec.width);
  if (spec.final_norm) out.add("model.norm.weight", {spec.width});
  out.add("lm_head.weight", {spec.vocab, spec.width});
  return out.take();
}

std::size_t parameter_count(const Spec& spec) {
  const std::vector<Parameter> all = layout(spec);
  return all.back().offset + all.back().size;
}

std::size_t state_size(const Spec& spec, int length) {
  std::size_t total = 0;
  for (const Block& block : spec.blocks) total += std::visit([&](const auto& mixer) { return kept(mixer, length); }, block.mixer);
  return total;
}

double forward_flops_per_token(const Spec& spec, int length) {
  double products = 0;
  for (const Parameter& p : layout(spec))
    if (p.shape.size() == 2 && p.name.find("embed") == std::string::npos) products += static_cast<double>(p.size);
  for (const Block& block : spec.blocks)
    products += std::visit([&](const auto& mixer) { return core_products(mixer, length); }, block.mixer);
  return 2 * products;
}

double read_out_flops_per_token(const Spec& spec) {
  const std::string last_mlp = fmt::format("model.layers.{}.mlp.", spec.blocks.size() - 1);
  double products = 0;
  for (const Parameter& p : layout(spec))
    if (p.name.starts_with(last_mlp) || p.name == "lm_head.weight") products += static_cast<double>(p.size);
  return 2 * products;
}

std::string preset_pattern(const std::string& preset) {
  if (preset == "transformer") return "AAAA";
  if (preset == "gdn") return "GGGG";
  if (preset == "hybrid") return "GGGA";  // Table 14: three delta-rule blocks, then attention
  fail("unknown model preset '{}'; did you mean '{}'? (transformer, gdn, hybrid)", preset,
       nearest(preset, {"transformer", "gdn", "hybrid"}));
}

const char* pattern_letters() {
  return "G (gated delta rule), L (gated linear attention: it never erases) and A (attention)";
}

namespace {

Block make_block(char letter, const ModelOptions& o) {
  const Mlp mlp{o.hidden, Activation::swiglu};
  if (letter == 'G' || letter == 'L') {
    GatedDeltaRule g;
    g.key_heads = g.value_heads = o.delta_heads > 0 ? o.delta_heads : o.heads;
    g.key_dim = o.key_dim > 0 ? o.key_dim : o.head_dim;
    g.value_dim = o.expand_v * g.key_dim;
    g.conv = o.conv;
    g.erase = letter == 'G';
    g.neg_eigval = o.neg_eigval;
    return {g, mlp, NormPlace::pre};
  }
  if (letter != 'A') fail("unknown layer letter '{}' in the pattern '{}'; wanted {}", letter, o.pattern, pattern_letters());
  Attention a;
  a.heads = o.heads;
  a.head_dim = o.head_dim;
  a.rope_theta = o.rope_theta;
  a.position = o.position == "rope" ? Position::rope : Position::none;
  a.qk_norm = o.qk_norm == "full" ? QkNorm::full : o.qk_norm == "head" ? QkNorm::head : QkNorm::none;
  return {a, mlp, o.attention_norm == "pre" ? NormPlace::pre : NormPlace::post};
}

void require_one_of(const char* what, const std::string& value, const std::vector<std::string>& known) {
  for (const std::string& k : known)
    if (k == value) return;
  fail("{} = '{}' is not known; did you mean '{}'? ({})", what, value, nearest(value, known), fmt::join(known, ", "));
}

}  // namespace

Spec make_spec(const ModelOptions& o, int vocab) {
  require_one_of("model.position", o.position, {"rope", "none", "learned"});
  require_one_of("model.attention_norm", o.attention_norm, {"post", "pre"});
  require_one_of("model.qk_norm", o.qk_norm, {"full", "head", "none"});
  if (o.expand_v != 1 && o.expand_v != 2) fail("model.expand_v must be 1 or 2, not {}", o.expand_v);
  if (o.pattern.empty()) fail("model.pattern is empty; give one letter per block, such as GGGA");
  if (o.width < 1 || o.heads < 1 || o.head_dim < 1 || o.hidden < 0 || o.conv < 0 || o.key_dim < 0 || o.delta_heads < 0)
    fail("model widths must be positive");
  if (o.position == "rope" && o.head_dim % 2 != 0) fail("model.head_dim must be even for rotary positions, not {}", o.head_dim);
  Spec spec;
  spec.vocab = vocab;
  spec.width = o.width;
  if (o.position == "learned") spec.learned_positions = o.max_positions;
  for (const char letter : o.pattern) spec.blocks.push_back(make_block(letter, o));
  return spec;
}

}  // namespace separatrix
