// Hard attention before the delta rule, at every token that may follow a header, whatever came between.
// An average over all tokens so far depends on the length; but it lies between the least and the largest of the values it may take.
// So each number of the residual stream is a range.  A head attends to tokens of three kinds: those of the header, with their exact
// keys; those that have surely come (the token itself; `assert`, once one has come); and those that may have come, any number of
// times.  What cannot score as much as a sure one is left out, the rest bounds the output.  With unit keys no score exceeds |q|^2
// (Cauchy and Schwarz), and a key that is surely not parallel to q stays below.
// Where the ranges of all numbers that the delta-rule blocks read are single numbers, the attention blocks are a table of
// embeddings, one row per token before and after the first `assert`.
#pragma once
#include <set>

#include "models/instances.h"
#include "models/numbers/root_two.h"

namespace separatrix {

/// All numbers from lo to hi.
struct Range {
  RootTwo lo, hi;
  Range(RootTwo x = 0) : lo(x), hi(std::move(x)) {}
  Range(RootTwo low, RootTwo high) : lo(std::move(low)), hi(std::move(high)) {}
  bool exact() const { return lo == hi; }
  bool without_zero() const { return RootTwo(0) < lo || hi < RootTwo(0); }
};
using Ranges = std::vector<Range>;

/// A token after the header: its id, and whether an `assert` has come before it or with it.
struct LaterToken {
  int id;
  bool asserted;
  bool operator<(const LaterToken& other) const { return std::pair(id, asserted) < std::pair(other.id, other.asserted); }
};

/// Which tokens may follow a header.
struct LaterTokens {
  std::vector<int> of_swaps;    // of statements before the first assert
  std::vector<int> of_asserts;  // of the others
  int assert_token;
};

/// The residual stream (width) of each later token after the attention blocks that `spec` begins with.  `header` is the state of
/// the whole model after the header.
std::map<LaterToken, Ranges> bounded_rows(const Spec& spec, const Weights<RootTwo>& weights, const Model<RootTwo>::State& header,
                                          const LaterTokens& later);

/// Number of attention blocks at the beginning of the spec; Error when others follow a delta-rule block.
int leading_attention_blocks(const Spec& spec);

}  // namespace separatrix
