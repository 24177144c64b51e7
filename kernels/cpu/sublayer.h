// A mixer or an MLP on the CPU: y = f(x) for a whole batch, and its gradient.
#pragma once
#include <cstddef>
#include <memory>

#include "kernels/executor.h"
#include "kernels/rows.h"

namespace separatrix {

struct BatchShape {
  int batch, length;
  std::ptrdiff_t tokens() const { return static_cast<std::ptrdiff_t>(batch) * length; }
};

class Sublayer {
 public:
  virtual ~Sublayer() = default;
  /// Takes the weights of this step.
  virtual void load(const Weights<float>& weights) = 0;
  /// y (tokens, width) = f(x) + add, add.data null: nothing; x (tokens, width) must stay unchanged until the backward pass.
  virtual void forward(const BatchShape& shape, Rows<const float> x, Rows<const float> add, Rows<float> y) = 0;
  /// dx (tokens, width) = the gradient, or +=; dx must not be dy.  The gradients of this sublayer's weights are added to.
  virtual void backward(const BatchShape& shape, Rows<const float> dy, Rows<float> dx, bool accumulate,
                        Weights<float>& gradient) = 0;
};

/// `at` is the prefix of the block's weights ("model.layers.3.").  A setting without a CPU kernel throws Error naming it.
std::unique_ptr<Sublayer> make_cpu_delta_rule(const GatedDeltaRule& settings, const std::string& at, const Weights<float>& layout,
                                              Precision precision);
std::unique_ptr<Sublayer> make_cpu_attention(const Attention& settings, double norm_eps, const std::string& at,
                                             const Weights<float>& layout, Precision precision);
std::unique_ptr<Sublayer> make_cpu_mlp(const Mlp& settings, const std::string& at, const Weights<float>& layout,
                                       Precision precision);

}  // namespace separatrix
