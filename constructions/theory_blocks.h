// Blocks in the theory form: no norms, no positions, gates and keys linear in x.
#pragma once
#include "models/spec.h"

namespace separatrix {

/// Definition 1 of the paper, `heads` heads with one key each, and `units` ReLU units after it.
inline Block delta_rule_block(int heads, int key_dim, int value_dim, int conv, int units) {
  GatedDeltaRule g;
  g.key_heads = g.value_heads = heads;
  g.key_dim = key_dim, g.value_dim = value_dim, g.conv = conv;
  g.silu = false, g.gates = Gates::direct, g.keys = Keys::as_given, g.write = Write::plain, g.neg_eigval = true;
  g.scale_query = g.output_norm = g.output_gate = false;
  return {g, Mlp{units, Activation::relu}, NormPlace::none};
}

/// Hard attention, averaging by default.  keys = unit scores by angle: the layer-norm hash.
inline Block hard_attention_block(int heads, int head_dim, HardKeys keys, int units, Score score = Score::average_hard) {
  Attention a;
  a.heads = heads, a.head_dim = head_dim;
  a.score = score, a.hard_keys = keys;
  a.position = Position::none, a.qk_norm = QkNorm::none;
  return {a, Mlp{units, Activation::relu}, NormPlace::none};
}

/// These blocks between embedding and read-out, without a norm before it.  Vocabulary and width are the WeightBuilder's to set.
inline Spec theory_spec(std::vector<Block> blocks) {
  Spec spec;
  spec.blocks = std::move(blocks);
  spec.final_norm = false;
  return spec;
}

}  // namespace separatrix
