// A model as data: which layers, which widths, which form of each.  Every setting has a default and a text form.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tasks/error.h"

namespace separatrix {

// --- settings of the layers (theory form and production form are values of the same settings) ---

enum class Gates {
  direct,
  sigmoid
};  // alpha, beta are linear in x | alpha = exp(-exp(A_log) softplus(a + dt_bias)), beta = sigmoid(b)
enum class Keys { as_given, unit };                               // k, q are used as projected | k, q divided by sqrt(|.|^2 + 1e-6)
enum class Write { plain, beta };                                 // S += v k^T (paper, Definition 1) | S += beta v k^T (production)
enum class Score { softmax, average_hard, leftmost, rightmost };  // how attention weighs its scores
enum class HardKeys { as_given, unit };  // hard attention only: compare q.k | compare q.k / |k| (exactly, without a root)
enum class Position { none, rope };
enum class QkNorm { none, head, full };            // RMSNorm of q and k: none | per head | over the full projection (OlmoHybrid)
enum class NormPlace { none, pre, post, groups };  // x += f(x) | x += f(norm(x)) | x += norm(f(x)) | as pre, each NormGroup apart
enum class Activation { swiglu, relu };

/// Gated delta rule (paper, Definition 1; production: Yang et al. 2024).  Head h of the values uses key head h / (value_heads /
/// key_heads).
struct GatedDeltaRule {
  static constexpr const char* name = "gated_delta_rule";
  static constexpr const char* prefix = "linear_attn";
  int key_heads = 4, value_heads = 4, key_dim = 64, value_dim = 128;
  int conv = 4;      // width of the three short convolutions; 0 = none
  bool silu = true;  // SiLU after the convolutions of q, k, v
  Gates gates = Gates::sigmoid;
  Keys keys = Keys::unit;
  Write write = Write::beta;
  bool neg_eigval = true;         // beta counts twice, so that 1 - beta |k|^2 reaches -1
  bool scale_query = true;        // q is divided by sqrt(key_dim)
  bool output_norm = true;        // RMSNorm over value_dim, one weight for all heads
  bool output_gate = true;        // times SiLU(W_g x)
  double output_norm_eps = 1e-5;  // OlmoHybrid: always 1e-5; flash-linear-attention: as all norms
  // false: nothing is taken away before it is written, S <- alpha S + write v k^T.  That is gated linear attention, the recurrence
  // of Mamba-2 (Dao and Gu 2024): the delta rule without what tracks state.
  bool erase = true;
  bool operator==(const GatedDeltaRule&) const = default;
};

/// Causal attention with as many key-value heads as query heads.
struct Attention {
  static constexpr const char* name = "attention";
  static constexpr const char* prefix = "self_attn";
  int heads = 4, head_dim = 64;
  Score score = Score::softmax;
  HardKeys hard_keys = HardKeys::as_given;
  Position position = Position::rope;
  double rope_theta = 10000;
  QkNorm qk_norm = QkNorm::full;
  bool operator==(const Attention&) const = default;
};

/// Coordinates [first, first + size) of the residual stream that a sublayer reads divided by their own root mean square
/// (multi-pre-norm, Merrill and Sabharwal 2024).  A group of zeros stays zero; what is in no group is read as it is.
struct NormGroup {
  int first = 0, size = 1;
  bool operator==(const NormGroup&) const = default;
};

/// SwiGLU: W_down (SiLU(W_gate x) * W_up x).  ReLU: W_down relu(W_up x).  hidden = 0: no MLP.
struct Mlp {
  int hidden = 1024;
  Activation activation = Activation::swiglu;
  std::vector<NormGroup> groups = {};  // norm = groups only
  bool operator==(const Mlp&) const = default;
};

/// Every mixer says its `name` in the text form and the `prefix` of its weights' names.
using Mixer = std::variant<GatedDeltaRule, Attention>;
inline const char* name_of(const Mixer& mixer) {
  return std::visit([](const auto& m) { return m.name; }, mixer);
}

/// One function a type, for std::visit: a mixer that none of them takes does not compile.
template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

struct Block {
  Mixer mixer;
  Mlp mlp;
  NormPlace norm = NormPlace::pre;
  std::vector<NormGroup> groups = {};  // of the mixer; norm = groups only
  std::vector<Mlp> more_mlps = {};     // MLPs that follow the first; norm = none or groups only
  bool operator==(const Block&) const = default;
};

struct Spec {
  int vocab = 0, width = 0;
  std::vector<Block> blocks;
  int learned_positions = 0;  // > 0: a learned embedding of that many positions is added
  bool final_norm = true;
  double norm_eps = 1e-6;
  bool operator==(const Spec&) const = default;
};

// --- parameters ---

/// One named tensor of a model, at `offset` in the flat array of weights.  shape has 1 to 3 axes, row major.
struct Parameter {
  std::string name;
  std::vector<std::int64_t> shape;
  std::size_t offset = 0, size = 0;
  bool operator==(const Parameter&) const = default;
};

/// All parameters of a spec in storage order.  Names and shapes are those of HF OlmoHybrid
/// (`model.layers.0.linear_attn.q_proj.weight`). Projections that read the same input are neighbours (q k v g a b; q k v; gate up),
/// so that each group is one matrix product.
std::vector<Parameter> layout(const Spec& spec);
/// The prefix of the weights of more_mlps[i] of the block whose prefix is `block`.
std::string more_mlp_name(const std::string& block, std::size_t i);
/// Size of all parameters together.
std::size_t parameter_count(const Spec& spec);
/// Numbers a model must keep between tokens after `length` tokens, per sequence (states, conv tails, key-value cache).
std::size_t state_size(const Spec& spec, int length);
/// Floating-point operations per token of the forward pass at sequence length `length` (2 per multiply-add).
double forward_flops_per_token(const Spec& spec, int length);
/// Those of them that come after the last mixer: a token whose prediction nobody asks for can do without.
double read_out_flops_per_token(const Spec& spec);

// --- text form ---

/// JSON with every setting; parse is strict (unknown key: Error naming the nearest known one).
std::string to_text(const Spec& spec);
Spec parse_spec(const std::string& text);
/// 16 hex digits that identify a spec (FNV-1a of to_text).
std::string spec_hash(const Spec& spec);

// --- the paper's models ---

/// Settings from which a spec is made.  Defaults: Table 14 and OlmoHybrid's block forms.
struct ModelOptions {
  std::string pattern = "GGGA";  // one letter per block (pattern_letters)
  int width = 256, heads = 4, head_dim = 64, hidden = 1024, conv = 4;
  // Of the delta rule; 0 = as attention.  Few heads and small keys make a small state.
  int delta_heads = 0, key_dim = 0;
  int expand_v = 2;  // value_dim = expand_v * key_dim
  bool neg_eigval = true;
  std::string position = "rope";  // attention: rope | none | learned
  int max_positions = 1536;       // learned positions only
  double rope_theta = 10000;
  std::string attention_norm = "post";  // post (OlmoHybrid) | pre
  std::string qk_norm = "full";         // full (OlmoHybrid) | head | none
};
/// What the letters of a pattern mean, for messages.
const char* pattern_letters();
/// transformer | gdn | hybrid -> its layer pattern (AAAA, GGGG, GGGA); an unknown name throws Error.
std::string preset_pattern(const std::string& preset);
Spec make_spec(const ModelOptions& options, int vocab);

}  // namespace separatrix
