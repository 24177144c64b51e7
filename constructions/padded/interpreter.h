// What a padded program means: every cell of every token, in rational numbers.
// A cell that the program leaves open is unknown: what a head copies when nothing matches, a number x : 0, a test of 0 > 0, an
// average compared with one over a set of another size.  Unknown spreads through rules as in Kleene's logic, and the program is
// wrong (Error) if it decides which tokens are keys, or what a key is.
#pragma once
#include <cstdint>

#include "constructions/padded/program.h"

namespace separatrix::padded {

constexpr std::int8_t kUnknown = -1;

struct Cells {
  int tokens = 0;
  std::vector<std::vector<std::int8_t>> bools;  // (cell, token): 0, 1 or kUnknown
  std::vector<std::vector<Rational>> nums;      // (cell, token)
  std::vector<std::vector<bool>> known;         // of nums
  std::vector<std::vector<double>> turns;       // of nums: how far rounding to p bits can turn the hash, in units of 2^-p
};

/// inputs: (token, input) truth values of the program's inputs.
Cells exact_run(const Program& program, const std::vector<std::vector<bool>>& inputs);

}  // namespace separatrix::padded
