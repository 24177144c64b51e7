// What constructions in trained form share: numbers given as decimals, preimages under SiLU, norms that leave an entry of 1.
#pragma once
#include <cmath>

#include "constructions/weight_builder.h"

namespace separatrix {

/// A decimal as the exact number it is: 415073016656 / 10^12.
inline RootTwo decimal(long long trillionths) {
  return RootTwo(Rational(trillionths, 1000000000000LL));
}
/// x to twelve places.
inline RootTwo real(double x) {
  return decimal(std::llround(x * 1e12));
}

/// SiLU of these is 1/4 and -1/4.
inline RootTwo silu_plus_quarter() {
  return decimal(415073016656);
}
inline RootTwo silu_minus_quarter() {
  return decimal(-814526618196);
}

/// The z >= 0 with SiLU(z) = z / (1 + e^-z) = y, for y >= 0, by Newton's method: SiLU is convex from 0 on to 2.4, where it is
/// almost straight, and the iteration from y + 1 stays above 0.
inline RootTwo silu_preimage(double y) {
  double z = y + 1;
  for (int i = 0; i < 60; ++i) {
    const double s = 1 / (1 + std::exp(-z));
    z -= (z * s - y) / (s * (1 + z * (1 - s)));
  }
  return real(y == 0 ? 0 : z);
}

/// Adds idle coordinates up to a square number of them: a norm over root^2 coordinates turns an embedding with one entry into
/// root times 1.
inline void fill_to_square(std::vector<std::string>& coordinates) {
  int root = 1;
  while (root * root < static_cast<int>(coordinates.size())) ++root;
  while (static_cast<int>(coordinates.size()) < root * root) coordinates.push_back(fmt::format("idle_{}", coordinates.size()));
}

/// Norm weights of every block and of the read-out: an embedding with one entry is read as 1.  Nothing is forgotten:
/// alpha = exp(-exp(-40) softplus(0)) rounds to 1.
inline void use_trained_norms(WeightBuilder& w, int width) {
  const int root = static_cast<int>(std::lround(std::sqrt(width)));
  w.fill("model.norm.weight", RootTwo(1));
  for (std::size_t block = 0; block < w.spec().blocks.size(); ++block) {
    const std::string at = fmt::format("model.layers.{}.", block);
    w.fill(at + "input_layernorm.weight", RootTwo(Rational(1, root)));
    if (!std::holds_alternative<GatedDeltaRule>(w.spec().blocks[block].mixer)) continue;
    w.fill(at + "linear_attn.o_norm.weight", RootTwo(1));
    w.fill(at + "linear_attn.A_log", RootTwo(-40));
  }
}

}  // namespace separatrix
