// Writes weights by the names of tokens and of the coordinates of the residual stream.
//   w.embed("range", {{"loads", 1}});          the token's embedding
//   w.reads("0.k", 2, {{"register_2", 1}});    row 2 of a projection reads a coordinate
//   w.writes("0.o", "content", {{0, 1}});      an output projection adds value channel 0 to a coordinate
//   w.relu(0, 3, {{"commas", 1}}, {{"x", 2}}); unit 3 of the MLP of block 0: x += 2 relu(commas)
//   w.logit("4", {{"content", 20}});           the read-out of a token
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/numbers/exact.h"
#include "models/weights.h"

namespace separatrix {

class WeightBuilder {
 public:
  using Values = std::vector<std::pair<std::string, Exact>>;  // coordinate -> number
  using Channels = std::vector<std::pair<int, Exact>>;        // channel -> number

  /// spec.vocab and spec.width are set from the two lists.
  WeightBuilder(Spec spec, const std::vector<std::string>& tokens, const std::vector<std::string>& coordinates);

  void embed(const std::string& token, const Values& values);
  void embed_all(const Values& values);
  void logit(const std::string& token, const Values& values);
  void logit_all(const Values& values);
  /// `matrix` is "<block>.<q|k|v|a|b|g>".
  void reads(const std::string& matrix, int row, const Values& values);
  /// `matrix` is "<block>.o".
  void writes(const std::string& matrix, const std::string& coordinate, const Channels& channels);
  /// One filter for all channels of the short convolution "<block>.<q|k|v>": lag -> number.
  void filter(const std::string& conv, const Channels& lags);
  /// The filter of one channel.
  void filter(const std::string& conv, int channel, const Channels& lags);
  /// One unit of a ReLU MLP: every coordinate c of `writes` gets its number times relu(sum of `reads`).
  void relu(int block, int unit, const Values& reads, const Values& writes);

  /// Every entry of a parameter, by its full name.
  void fill(const std::string& parameter, const Exact& value);

  const Spec& spec() const { return spec_; }
  const Weights<Exact>& weights() const { return weights_; }

 private:
  int coordinate(const std::string& name) const;
  int token(const std::string& name) const;
  std::string full_name(const std::string& matrix, const std::string& ending) const;
  void set_row(const std::string& weight, int row, const Values& values);

  Spec spec_;
  std::map<std::string, int> tokens_, coordinates_;
  Weights<Exact> weights_;
};

}  // namespace separatrix
