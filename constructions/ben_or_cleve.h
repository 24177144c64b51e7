// Integer formulas as words of shears of three registers (Ben-Or and Cleve 1992), and shears as delta-rule steps.
//   leaf x        R_j += x R_i
//   f + g         the word of f, then that of g
//   f * g         R_j -= g R_k;  R_k += f R_i;  R_j += g R_k;  R_k -= f R_i       k the third register; R_k is as before
// A shear has norm phi = (1 + sqrt 5) / 2, more than a delta-rule step can have.  (1 / phi) times a shear is three steps within
// range, exactly, over Q(sqrt 5):
//   (1 / phi) E_ij(1) = (I - phi^-2 k k^T) P_ij (I - (1 - 1 / phi) e_m e_m^T),    k = phi e_j - e_i,  m the third register
// E_ij(-1) flips the sign of register j before and after, E_ij(0) is alpha = 1 / phi.
#pragma once
#include <string>
#include <vector>

#include "models/matrix.h"
#include "models/numbers/root_five.h"

namespace separatrix {

/// R_to += factor R_from; registers 0, 1, 2; factor -1, 0 or 1.
struct Shear {
  int from, to, factor;
};

/// The word of a formula in Polish notation, "* + 1 1 -1", leaves -1, 0, 1: R_1 += formula R_0.  At most 4^depth shears.
std::vector<Shear> integer_formula_word(const std::string& formula);

/// S <- alpha S (I - erase k k^T); within range: 0 <= alpha <= 1 and 0 <= erase |k|^2 <= 2.
struct ReflectionStep {
  std::vector<RootFive> key;  // (3)
  RootFive alpha, erase;
};

/// Steps that multiply to 1 / phi times the shear.
std::vector<ReflectionStep> steps_of(const Shear& shear);

}  // namespace separatrix
