// The fifteen mirrors of the icosahedron over Q(sqrt 5), and A5 as its rotations.
// The unit normals (1, 0, 0) and (1, +-phi, +-1/phi) / 2 with their cyclic shifts fall into five orthogonal frames.  A mirror maps
// frames to frames: its own stays, the other four change places in pairs.  So mirrors are the fifteen products of two disjoint
// transpositions of five points, and a rotation, the product of two mirrors, is an even permutation of the frames.
#pragma once
#include <array>

#include "models/numbers/root_five.h"
#include "tasks/permutation.h"

namespace separatrix {

using Vector3 = std::array<RootFive, 3>;

struct Mirror {
  Vector3 normal;      // of length 1
  Permutation frames;  // where each frame goes
};
const std::vector<Mirror>& icosahedral_mirrors();

/// x - 2 (x.n) n.
Vector3 reflected(const Vector3& x, const Vector3& normal);
RootFive dot3(const Vector3& x, const Vector3& y);

}  // namespace separatrix
