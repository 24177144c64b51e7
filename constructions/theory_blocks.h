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

/// Average-hard attention.  keys = unit scores by angle: the layer-norm hash.
inline Block hard_attention_block(int heads, int head_dim, HardKeys keys, int units) {
  Attention a;
  a.heads = heads, a.head_dim = head_dim;
  a.score = Score::average_hard, a.hard_keys = keys;
  a.position = Position::none, a.qk_norm = QkNorm::none;
  return {a, Mlp{units, Activation::relu}, NormPlace::none};
}

}  // namespace separatrix
