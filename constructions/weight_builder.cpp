// Names to places in the weights.
#include "constructions/weight_builder.h"

namespace separatrix {
namespace {

Spec sized(Spec spec, std::size_t tokens, std::size_t coordinates) {
  spec.vocab = static_cast<int>(tokens), spec.width = static_cast<int>(coordinates);
  return spec;
}

std::map<std::string, int> numbered(const std::vector<std::string>& names) {
  std::map<std::string, int> index;
  for (std::size_t i = 0; i < names.size(); ++i) index[names[i]] = static_cast<int>(i);
  return index;
}

}  // namespace

WeightBuilder::WeightBuilder(Spec spec, const std::vector<std::string>& tokens, const std::vector<std::string>& coordinates)
    : spec_(sized(std::move(spec), tokens.size(), coordinates.size())),
      tokens_(numbered(tokens)),
      coordinates_(numbered(coordinates)),
      weights_(spec_) {}

int WeightBuilder::coordinate(const std::string& name) const {
  const auto found = coordinates_.find(name);
  if (found == coordinates_.end()) fail("construction: no coordinate '{}'", name);
  return found->second;
}

int WeightBuilder::token(const std::string& name) const {
  const auto found = tokens_.find(name);
  if (found == tokens_.end()) fail("construction: the task has no token '{}'; it needs tokens = symbol", name);
  return found->second;
}

std::string WeightBuilder::full_name(const std::string& matrix, const std::string& ending) const {
  const std::size_t dot = matrix.find('.');
  const std::size_t block = std::stoul(matrix.substr(0, dot));
  const char* prefix = std::visit([](const auto& mixer) { return mixer.prefix; }, spec_.blocks.at(block).mixer);
  return fmt::format("model.layers.{}.{}.{}{}", block, prefix, matrix.substr(dot + 1), ending);
}

void WeightBuilder::set_row(const std::string& weight, int row, const Values& values) {
  const std::span<Exact> w = weights_[weight];
  for (const auto& [name, value] : values) w[row * spec_.width + coordinate(name)] = value;
}

void WeightBuilder::embed(const std::string& name, const Values& values) {
  set_row("model.embed_tokens.weight", token(name), values);
}

void WeightBuilder::embed_all(const Values& values) {
  for (int t = 0; t < spec_.vocab; ++t) set_row("model.embed_tokens.weight", t, values);
}

void WeightBuilder::logit(const std::string& name, const Values& values) {
  set_row("lm_head.weight", token(name), values);
}

void WeightBuilder::logit_all(const Values& values) {
  for (int t = 0; t < spec_.vocab; ++t) set_row("lm_head.weight", t, values);
}

void WeightBuilder::reads(const std::string& matrix, int row, const Values& values) {
  set_row(full_name(matrix, "_proj.weight"), row, values);
}

void WeightBuilder::writes(const std::string& matrix, const std::string& name, const Channels& channels) {
  const std::string weight = full_name(matrix, "_proj.weight");
  const std::int64_t width = weights_.parameter(weight).shape[1];
  for (const auto& [channel, value] : channels) weights_[weight][coordinate(name) * width + channel] = value;
}

void WeightBuilder::filter(const std::string& conv, const Channels& lags) {
  const std::int64_t channels = weights_.parameter(full_name(conv, "_conv1d.weight")).shape[0];
  for (std::int64_t c = 0; c < channels; ++c) filter(conv, static_cast<int>(c), lags);
}

void WeightBuilder::filter(const std::string& conv, int channel, const Channels& lags) {
  const std::string weight = full_name(conv, "_conv1d.weight");
  const std::int64_t width = weights_.parameter(weight).shape[2];  // (channels, 1, width); the last tap is lag 0
  for (const auto& [lag, value] : lags) weights_[weight][channel * width + width - 1 - lag] = value;
}

void WeightBuilder::relu(int block, int unit, const Values& reads, const Values& writes) {
  const std::string at = fmt::format("model.layers.{}.mlp.", block);
  const std::int64_t hidden = weights_.parameter(at + "up_proj.weight").shape[0];
  set_row(at + "up_proj.weight", unit, reads);
  for (const auto& [name, value] : writes) weights_[at + "down_proj.weight"][coordinate(name) * hidden + unit] = value;
}

void WeightBuilder::fill(const std::string& parameter, const Exact& value) {
  for (Exact& entry : weights_[parameter]) entry = value;
}

}  // namespace separatrix
