// A delta-rule problem with keys and queries that the kernel divides by their norms, and the error of fp16 operands on it.
#pragma once
#include "tests/cuda/delta_problem.h"

namespace separatrix::test {

inline const DeltaVersion<bf16>& v4() {
  return delta_versions<bf16>()[3];
}
inline const DeltaVersion<bf16>& v5() {
  return delta_versions<bf16>()[4];
}

/// q and k as a projection leaves them: rows from 2^-6 to 2^9 in size, one of them tiny and one zero.
inline Drawn raw_problem(const Problem& p, const Regime& regime, Draw& d) {
  Drawn x = draw_problem<bf16>(p, regime, d);
  for (std::vector<float>* v : {&x.in.q, &x.in.k}) {
    for (std::size_t r = 0; r < v->size(); r += p.key_dim) {
      const float size = static_cast<float>(std::exp2(std::floor(16 * d.uniform()) - 6));
      for (int i = 0; i < p.key_dim; ++i) (*v)[r + i] *= r == 3u * p.key_dim ? 1e-8f : r == 4u * p.key_dim ? 0.0f : size;
    }
    *v = to_floats(to_type<bf16>(*v));
  }
  return x;
}

/// Error of the kernel in units of what operands of 11 bits do: 2^13 times what the definition in fp32 errs by.  What is stored in
/// bf16 may differ by its rounding too.
inline double worst_of_11_bits(const DeltaVersion<bf16>& version, const Problem& p, const Drawn& x, std::string& where) {
  const DeltaResult<double> truth = unit_reference<double>(p, x);
  const DeltaResult<float> plain = unit_reference<float>(p, x), kernel = run(version, p, x, true);
  double most = 0;
  for (std::size_t i = 0; i < named(truth).size(); ++i) {
    const auto [name, exact] = named(truth)[i];
    const bool stored_in_bf16 = name == "o" || name == "dq" || name == "dk" || name == "dv";
    const double size = error(std::vector<double>(exact->size(), 0), *exact), e = error(*named(kernel)[i].second, *exact);
    const double beyond = e - (stored_in_bf16 ? std::ldexp(size, -9) : 0);
    const double unit = std::ldexp(std::max(error(*named(plain)[i].second, *exact), std::ldexp(size, -24)), 13);
    const double y = std::isnan(e) ? INFINITY : beyond <= 0 ? 0 : beyond / unit;
    if (y > most) most = y, where = name;
  }
  return most;
}

}  // namespace separatrix::test
