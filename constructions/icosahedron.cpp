#include "constructions/icosahedron.h"

#include <algorithm>

#include "tasks/error.h"

namespace separatrix {

RootFive dot3(const Vector3& x, const Vector3& y) {
  return x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
}

Vector3 reflected(const Vector3& x, const Vector3& normal) {
  const RootFive twice = 2 * dot3(x, normal);
  Vector3 y;
  for (int i = 0; i < 3; ++i) y[i] = x[i] - twice * normal[i];
  return y;
}

namespace {

std::vector<Vector3> normals() {
  std::vector<Vector3> all{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const RootFive half = Rational(1, 2), phi = golden_ratio();
  for (const int s : {1, -1})
    for (const int r : {1, -1}) {
      Vector3 n{half, half * phi * s, half / phi * r};
      for (int shift = 0; shift < 3; ++shift) {
        all.push_back(n);
        std::rotate(n.begin(), n.begin() + 2, n.end());
      }
    }
  return all;
}

/// The frame of each normal: a normal and the two orthogonal to it.
std::vector<int> frames_of(const std::vector<Vector3>& normals) {
  std::vector<int> frame(normals.size(), -1);
  int count = 0;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    if (frame[i] >= 0) continue;
    std::vector<std::size_t> own{i};
    for (std::size_t j = 0; j < normals.size(); ++j)
      if (frame[j] < 0 &&
          std::all_of(own.begin(), own.end(), [&](std::size_t k) { return dot3(normals[k], normals[j]).is_zero(); }))
        own.push_back(j);
    if (own.size() != 3) fail("the normals do not fall into frames");
    for (const std::size_t j : own) frame[j] = count;
    ++count;
  }
  return frame;
}

}  // namespace

const std::vector<Mirror>& icosahedral_mirrors() {
  static const std::vector<Mirror> all = [] {
    const std::vector<Vector3> n = normals();
    const std::vector<int> frame = frames_of(n);
    std::vector<Mirror> mirrors;
    for (const Vector3& mirror : n) {
      Permutation p(5, -1);
      for (std::size_t i = 0; i < n.size(); ++i) {
        const Vector3 y = reflected(n[i], mirror);
        for (std::size_t j = 0; j < n.size(); ++j)
          if (const RootFive c = dot3(y, n[j]); c == RootFive(1) || c == RootFive(-1)) p[frame[i]] = frame[j];
      }
      mirrors.push_back({mirror, p});
    }
    return mirrors;
  }();
  return all;
}

}  // namespace separatrix
