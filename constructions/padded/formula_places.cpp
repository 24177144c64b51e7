// Layers 1 to 6: every pad finds the digits (c1, c2, c3) of its index, its slab, and the formula's token at row c2.
#include "constructions/padded/formula_cells.h"

namespace separatrix::padded {
namespace {

/// Layer 1: all averages are over the t + 1 tokens so far.
struct Counts {
  Num pads_before;      // I
  Num pads_over_front;  // I / b
};

Counts add_counts(Program& p, FormulaCells& c) {
  p.layer();
  const auto counts = p.average(c.everyone, {}, {c.begin, c.pad, c.op, c.leaf});
  const Affine &one = counts[0], &pads = counts[1], open = counts[2] - counts[3] + 2 * one;
  c.position = p.number(1 - one, one);
  c.open_after = p.number(open, one);
  const Num one_less = p.number(open - one, one), one_more = p.number(open + one, one);
  const Num unless_op = p.select(c.leaf, one_more, c.open_after);
  c.open_before = p.select(c.op, one_less, unless_op);
  return {p.number(pads - one, one), p.number(pads - one, 1 - pads)};
}

/// Layers 2 to 5: I = (c1 b + c2) b + c3.  I / b is some pad's index exactly when c3 = 0; their number so far is the quotient.
void add_digits(Program& p, FormulaCells& c, const Counts& counts) {
  p.layer();
  const Bool multiple = p.all({c.pad, p.look_up(c.pad, {{counts.pads_over_front, counts.pads_before}}, {}).found});
  p.layer();
  const auto sums = p.average(c.everyone, {}, {multiple, c.begin});
  const Num quotient = p.number(sums[0] - sums[1], sums[1]);
  p.layer();
  const Affine share = p.average(c.pad, {{quotient, quotient}}, {multiple})[0];  // 1 / (c3 + 1)
  c.column = p.number(1 - share, share);
  p.layer();
  const auto digits = p.gather(c.pad, {{quotient, counts.pads_before}}, {}, {quotient, c.column});
  c.slab = digits.nums[0], c.row = digits.nums[1];
  for (int k = 0; k < 7; ++k) c.table[k] = p.all({c.pad, p.equal(c.slab, p.constant(k))});
  c.row_zero = p.equal(c.row, p.constant(0));
  c.column_zero = p.equal(c.column, p.constant(0));
  c.column_below_row = p.less(c.column, c.row);
}

}  // namespace

void add_places(Program& p, FormulaCells& c) {
  add_digits(p, c, add_counts(p, c));
  const Num first_address = p.shift(c.slab, -7, 2), second_address = p.shift(c.slab, -8, 2);
  p.layer();
  const auto at_row = p.gather(c.front, {{c.row, c.position}}, {c.op, c.leaf, c.conjunction, c.value}, {c.open_before});
  c.row_op = at_row.bools[0], c.row_leaf = at_row.bools[1], c.row_conjunction = at_row.bools[2], c.row_value = at_row.bools[3];
  const Num open_after_column = p.gather(c.front, {{c.column, c.position}}, {}, {c.open_after}).nums[0];
  const auto first = p.look_up(c.front, {{first_address, c.position}}, {}, {c.position});
  const auto second = p.look_up(c.front, {{second_address, c.position}}, {}, {c.position});
  c.first_region = p.all({c.pad, first.found});
  c.second_region = p.all({c.pad, second.found});
  c.address = p.select(c.first_region, first.nums[0], second.nums[0]);
  // Of whole numbers a < b says the same as a + 1/2 < b, and the halves are never equal.  These two are differences of counts,
  // which rounding turns by more the longer the formula is: equal ones would be told apart from some length on, in any precision.
  const Bool closes = p.less(p.shift(open_after_column, Rational(1, 2)), at_row.nums[0]);
  c.row_ends = p.all({!c.row_zero, !c.column_below_row, closes});
}

}  // namespace separatrix::padded
