// A padded program as weights: every cell gets coordinates of the residual stream, every head is a head of hard attention, every
// rule is a few ReLU units.  Coordinates are written once and never cleared.
//   truth value   one coordinate, 0 or 1.  (Next to its negation it would have norm 1, so it is read without a norm.)
//   number x : y  two coordinates, read as one normed group: (x, y) / rms, which is the layer-norm hash
//   key number    a copy of the hash, times the truth value that says whether the token is a key: other tokens have key 0
//   score         sum of the products of hashes, 2 for each equal number, + 16 for being a key
//   a - b         of two hashes as (x - y) - (x' - y'), which grows with the number above -1; plus 32, minus 32; its sign is a
//                 normed group of one coordinate
// The 16 and the 32 come last in their sums.  Exactly they change nothing; in p-bit arithmetic they round scores to multiples of
// 2^(5 - p) and differences to multiples of 2^(6 - p), so that the same number reached in two ways is the same number again: as
// long as rounding makes their difference less than 32 units of 2^-p.  So a program compares no numbers as equal that are turned
// further the longer the input is; differences of many counts are.
#pragma once
#include <map>

#include "constructions/padded/program.h"

namespace separatrix::padded {

struct Term {
  int coordinate;
  Rational weight;
};
using Terms = std::vector<Term>;

/// relu(reads . x), added to the coordinates that it writes.
struct Unit {
  Terms reads, writes;
};

struct MlpPlan {
  std::vector<Unit> units;
  std::map<int, int> groups;  // first coordinate -> size
};

/// Channels of one head, and what of its output goes where.
struct HeadPlan {
  struct Write {
    int coordinate, channel;
    Rational weight;
  };
  std::vector<Terms> query, key, value;
  std::vector<Write> writes;
  int matches = 0;
};

struct LayerPlan {
  std::vector<HeadPlan> heads;
  std::map<int, int> groups;
  std::vector<MlpPlan> mlps;
};

/// Coordinates and layers, before they are weights.  Coordinate `one` is 1 at every token and stands first, `anchor` too and stands
/// last; `spare` is free for what follows the program.
struct Plan {
  int width = 0, anchor = 0, spare = 0;
  std::vector<int> bools, nums;  // coordinate of each cell, of a number its x; y is the next
  std::vector<LayerPlan> layers;
  static constexpr int one = 0;
};

Plan make_plan(const Program& program);

}  // namespace separatrix::padded
