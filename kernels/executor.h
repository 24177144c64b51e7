// Runs a Spec in float: loss with gradient, predictions, logits.  What it computes is defined by models/model.h.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/precision.h"
#include "models/weights.h"

namespace separatrix {

enum class Device { reference, cpu, cuda };

/// Sequences of one length.  tokens, targets, mask are (batch, length) row major;
/// position t predicts targets[t] and counts when mask[t] = 1.
struct Batch {
  int batch = 0, length = 0;
  std::vector<std::int32_t> tokens, targets;
  std::vector<std::uint8_t> mask;
};

struct AdamW;

/// What one resident step did.  `updated` is false when the loss or the gradient's norm forbade the update: nothing was changed.
struct StepOutcome {
  double loss = 0, gradient_norm = 0;
  bool updated = false;
};

/// Training whose weights and optimizer state stay on the device from step to step.
class ResidentTraining {
 public:
  virtual ~ResidentTraining() = default;
  /// Puts weights and moments on the device; decayed[i] = 1: weight decay applies to weight i.  All of one size.
  virtual void load(const std::vector<float>& weights, const std::vector<float>& first, const std::vector<float>& second,
                    const std::vector<std::uint8_t>& decayed) = 0;
  /// Loss, gradient, clipping to `clip` (0: none) and AdamW as step t = 1, 2, ...; no update when the loss is above `loss_limit`.
  virtual StepOutcome step(const Batch& batch, const AdamW& settings, double clip, double loss_limit, std::int64_t t) = 0;
  /// As Executor::predict, with the weights on the device.
  virtual std::vector<std::int32_t> predict(const Batch& batch) = 0;
  /// Copies weights and moments back.
  virtual void fetch(std::vector<float>& weights, std::vector<float>& first, std::vector<float>& second) = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  /// Null where the host holds the weights.
  virtual ResidentTraining* resident() { return nullptr; }
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
