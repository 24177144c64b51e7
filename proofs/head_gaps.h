// The certificates of hard attention heads: what exact arithmetic ties, double precision keeps together and apart from the rest.
#pragma once
#include "proofs/claim.h"

namespace separatrix {

/// One entry per head of `built` that leaves some key out.  Exact numbers over T say which keys have the highest score; deviation
/// is the largest distance from the highest of their scores in double precision, gap the smallest distance of the others.  Scores
/// are those that the layer compares (hard_score), divided by the highest where that is above 1.
template <Field T>
std::vector<HeadGap> head_gaps(const BuiltModel& built, const std::vector<std::vector<int>>& sequences);

/// A case per head: a gap more than twice the deviation, so that double precision attends as exact numbers do.
void expect_gaps(Cases& cases, const std::vector<HeadGap>& heads);

}  // namespace separatrix
