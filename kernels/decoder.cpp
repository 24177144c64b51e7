// Which decoder runs a spec; the reference decoder, which is the model itself.
#include "kernels/decoder.h"

#include "kernels/cpu/decoder.h"
#include "models/model.h"

namespace separatrix {
namespace {

class ReferenceDecoder final : public Decoder {
 public:
  ReferenceDecoder(const Spec& spec, const Weights<float>& weights) : model_(spec, weights), state_(model_.start()) {}
  std::vector<float> step(std::int32_t token) override { return model_.step(state_, token); }

 private:
  Model<float> model_;
  Model<float>::State state_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Spec& spec, const Weights<float>& weights, Device device) {
  if (device == Device::cpu) return make_cpu_decoder(spec, weights);
  if (device == Device::reference) return std::make_unique<ReferenceDecoder>(spec, weights);
  fail("no decoder for the device cuda; run with --device cpu or reference");
}

}  // namespace separatrix
