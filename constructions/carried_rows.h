// The layer of every word problem: head i carries the row e_i through reflections and reads it against one point.
//   S_t = S_(t-1) (I - 2 beta k k^T) from S_0 = e_i^T at the token that `loads`
//   image_i = e_i^T M_1 M_2 ... M_n point: coordinate i of the point's image under the whole word
// Images of a point that no element fixes tell all elements apart.
#pragma once
#include "constructions/theory_blocks.h"
#include "constructions/weight_builder.h"

namespace separatrix {

inline std::string numbered(const std::string& name, int i) {
  return fmt::format("{}_{}", name, i);
}

/// one, loads, reflects, key_i, image_i for i < dim.
inline std::vector<std::string> carried_coordinates(int dim) {
  std::vector<std::string> names{"one", "loads", "reflects"};
  for (int i = 0; i < dim; ++i) names.push_back(numbered("key", i));
  for (int i = 0; i < dim; ++i) names.push_back(numbered("image", i));
  return names;
}

/// Fills block `block`, made by delta_rule_block(dim, dim, 1, 0, units).  Where x loads, head i gets the row e_i; elsewhere the key
/// is scale (key_0, key_1, ...) and beta is `reflects`.
inline void carry_rows(WeightBuilder& w, int block, const std::vector<Exact>& point, const Exact& scale) {
  const auto at = [block](const char* matrix) { return fmt::format("{}.{}", block, matrix); };
  const int dim = static_cast<int>(point.size());
  for (int i = 0; i < dim; ++i) {
    for (int j = 0; j < dim; ++j) {
      w.reads(at("q"), i * dim + j, {{"one", point[j]}});
      w.reads(at("k"), i * dim + j, {{numbered("key", j), scale}});
    }
    w.reads(at("k"), i * dim + i, {{"loads", 1}});
    w.reads(at("v"), i, {{"loads", 1}});
    w.reads(at("a"), i, {{"one", 1}});  // alpha = 1: nothing is forgotten
    w.reads(at("b"), i, {{"reflects", 1}});
    w.writes(at("o"), numbered("image", i), {{i, 1}});
  }
}

/// Logit of the element whose image of the point is this: largest there, since all images are equally long.
inline void read_image(WeightBuilder& w, const std::string& element, const std::vector<Exact>& image) {
  WeightBuilder::Values values;
  for (std::size_t i = 0; i < image.size(); ++i) values.push_back({numbered("image", static_cast<int>(i)), image[i]});
  w.logit(element, values);
}

}  // namespace separatrix
