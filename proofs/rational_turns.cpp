// Which finite orders two rational mirrors can make.
// Mirrors with normals a, b at angle w turn by 2 w:  cos 2w = 2 (a.b)^2 / (|a|^2 |b|^2) - 1 is rational.  A turn of finite order
// has a rational cosine only at 0, +-1/2, +-1 (Niven): orders 1, 2, 3, 4, 6.  In the plane sin 2w = 2 (a.b) det(a, b) / (|a|^2
// |b|^2) is rational too, and +-sqrt 3 / 2 is not: orders 3 and 6 are out.
#include "proofs/rational_turns.h"

namespace separatrix {
namespace {

using Vector = std::vector<long>;

long product(const Vector& a, const Vector& b) {
  long s = 0;
  for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}

/// Order of the turn if its cosine is one of Niven's, else 0: no finite order.
int order_of(const Vector& a, const Vector& b) {
  const long top = 2 * product(a, b) * product(a, b), bottom = product(a, a) * product(b, b);  // 1 + cos = top / bottom
  if (top == 2 * bottom) return 1;
  if (top == 0) return 2;
  if (2 * top == bottom) return 3;
  if (top == bottom) return 4;
  if (2 * top == 3 * bottom) return 6;
  return 0;
}

/// All nonzero integer vectors with entries up to `largest`.
std::vector<Vector> box(int dim, long largest) {
  std::vector<Vector> all{{}};
  for (int i = 0; i < dim; ++i) {
    std::vector<Vector> longer;
    for (const Vector& v : all)
      for (long x = -largest; x <= largest; ++x) {
        longer.push_back(v);
        longer.back().push_back(x);
      }
    all = longer;
  }
  std::erase_if(all, [](const Vector& v) { return product(v, v) == 0; });
  return all;
}

}  // namespace

Outcome check_rational_turns(const std::set<int>& in_plane, const std::set<int>& in_space) {
  Cases cases;
  for (const auto& [dim, largest, want] : {std::tuple{2, 12L, in_plane}, {3, 3L, in_space}}) {
    std::set<int> found;
    const std::vector<Vector> normals = box(dim, largest);
    for (const Vector& a : normals)
      for (const Vector& b : normals) {
        const int order = order_of(a, b);
        found.insert(order);
        cases.expect(want.count(order) == 1, [&] { return fmt::format("order {} in {} dimensions", order, dim); });
      }
    cases.expect(found == want, [&] { return fmt::format("{} dimensions: orders {}", dim, fmt::join(found, ", ")); });
  }
  return cases.done("every pair of normals; in the plane orders 1, 2, 4, in three-space also 3 and 6; all other turns are of none");
}

}  // namespace separatrix
