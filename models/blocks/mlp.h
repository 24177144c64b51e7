// The block after the mixer.  SwiGLU (Shazeer 2020): W_down (SiLU(W_gate x) * W_up x);  ReLU: W_down relu(W_up x).
#pragma once
#include "models/layer_weights.h"
#include "models/numbers/functions.h"

namespace separatrix {

template <Field T>
class MlpLayer {
 public:
  MlpLayer(const Mlp& settings, const LayerWeights<T>& w)
      : settings_(settings), up_(w.matrix("mlp.up_proj.weight")), down_(w.matrix("mlp.down_proj.weight")) {
    if (settings.activation == Activation::swiglu) gate_ = w.matrix("mlp.gate_proj.weight");
  }

  Row<T> operator()(const Row<T>& x) const {
    Row<T> hidden = up_(x);  // (hidden)
    if (settings_.activation == Activation::relu) {
      for (T& h : hidden) h = relu(h);
    } else if constexpr (Real<T>) {
      const Row<T> gate = gate_(x);
      for (std::size_t i = 0; i < hidden.size(); ++i) hidden[i] = silu(gate[i]) * hidden[i];
    } else {
      needs_real("swiglu", "exp");
    }
    return down_(hidden);
  }

 private:
  Mlp settings_;
  Projection<T> gate_, up_, down_;  // (hidden, d), (hidden, d), (d, hidden)
};

}  // namespace separatrix
