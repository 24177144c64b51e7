// Runs a Spec in float: loss with gradient, predictions, logits.  What it computes is defined by models/model.h.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/weights.h"

namespace separatrix {

enum class Device { reference, cpu, cuda };
enum class Precision { fp32, bf16 };  // of the matrix products; sums, states and norms are fp32

/// Sequences of one length.  tokens, targets, mask are (batch, length) row major;
/// position t predicts targets[t] and counts when mask[t] = 1.
struct Batch {
  int batch = 0, length = 0;
  std::vector<std::int32_t> tokens, targets;
  std::vector<std::uint8_t> mask;
};

class Executor {
 public:
  virtual ~Executor() = default;
  /// Mean cross-entropy over the counted positions; `gradient` is overwritten.  Deterministic for a fixed number of threads.
  virtual double loss_and_gradient(const Weights<float>& weights, const Batch& batch, Weights<float>& gradient) = 0;
  /// Predicted token (argmax, the smallest id of equals) at every counted position, -1 elsewhere: (batch, length).
  virtual std::vector<std::int32_t> predict(const Weights<float>& weights, const Batch& batch) = 0;
  /// Logits (batch * length, vocab).
  virtual Matrix<float> logits(const Weights<float>& weights, const Batch& batch) = 0;
  /// The residual stream before the first block and after every block, for probing: blocks + 1 matrices (batch * length, width).
  virtual std::vector<Matrix<float>> layers(const Weights<float>& weights, const Batch& batch) = 0;
};

/// Throws Error when the device or the precision is not there, or a layer of the spec has no kernel: nothing falls back in silence.
std::unique_ptr<Executor> make_executor(const Spec& spec, Device device, Precision precision);

}  // namespace separatrix
