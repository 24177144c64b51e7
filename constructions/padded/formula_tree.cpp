// Layers 13 to 18: the tree of virtual leaves (slab 4), the arithmetic of slots (slabs 5 and 6) and the bits of the leaf number
// that an address names (first region).  Every average of layer 14 is over exactly b tokens, so they may be added.
//
// Slots of an address, D levels:   0 .. 2 D - 1      two for the constant before a at height H = D - floor(slot / 2)
//                                  2 D, 2 D + 1      two for the leaf
//                                  2 D + 1 + H       one for c_4 at height H
#include "constructions/padded/formula_cells.h"

namespace separatrix::padded {
namespace {

/// An exponent up to 2 D, kept below b: e itself, or e - D when e is too high; then the power belongs to the other coordinate of
/// the address.
struct Exponent {
  Bool high;
  Num low_part;
};

/// x is e / b, high when 2 (x - D / b) > shift / b.
Exponent folded(Program& p, const Affine& x, const Affine& depth, const Affine& one, int shift) {
  const Bool high = p.positive(2 * (x - depth) - shift * one);
  const Num low = p.number(x - depth, one), plain = p.number(x, one);
  return {high, p.select(high, low, plain)};
}

struct Exponents {
  Num height, twice_height, bit, slot_height, low_digits, side, copy;
};

void add_height(Program& p, FormulaCells& c, const Affine& depth, const Affine& one, Exponents& e) {
  const Affine depth_of_row = p.average(c.table[0], {{c.row, c.column}}, {c.ancestor})[0] - one;
  const Affine height = depth - depth_of_row;
  e.height = p.number(height, one);
  const Exponent twice = folded(p, 2 * height, depth, one, 1);
  c.high_twice_height = twice.high, e.twice_height = twice.low_part;
}

void add_slots(Program& p, FormulaCells& c, const Affine& depth, const Affine& one, Exponents& e,
               const std::vector<Affine>& counts) {
  FormulaCells::Slot& s = c.slot;
  const Affine log = counts[0] - one, &half = counts[1], &slot = counts[2];
  c.bit_exists = p.all({p.positive(2 * log + one), p.positive(2 * (depth - log) - one)});
  const Exponent bit = folded(p, 2 * log, depth, one, -1);
  c.bit_high = bit.high, e.bit = bit.low_part;

  s.second = p.positive(2 * (slot - 2 * half) - one);
  s.before = p.positive(4 * depth - one - 2 * slot);
  const Bool up_to_leaf = p.positive(4 * depth + 3 * one - 2 * slot), up_to_end = p.positive(6 * depth + 3 * one - 2 * slot);
  s.at_leaf = p.all({!s.before, up_to_leaf});
  s.after = p.all({!up_to_leaf, up_to_end});

  const Affine before = depth - half, after = slot - 2 * depth - one;  // H / b of the two kinds
  const Num height_before = p.number(before, one), height_after = p.number(after, one);
  e.slot_height = p.select(s.before, height_before, height_after);
  // Before: the lower H - 1 digits are 0, a condition on 2 H - 2 bits.  After: the lower H digits are 3, on 2 H bits.
  const Exponent low_before = folded(p, 2 * before - 2 * one, depth, one, 1);
  const Exponent low_after = folded(p, 2 * after, depth, one, 1);
  s.high_low_digits = p.any({p.all({s.before, low_before.high}), p.all({!s.before, low_after.high})});
  e.low_digits = p.select(s.before, low_before.low_part, low_after.low_part);
  // The digit of height H is two bits of the address: 2 H - 2 the side, 2 H - 1 the copy.
  const Exponent side = folded(p, 2 * before - 2 * one, depth, one, -1), copy = folded(p, 2 * before - one, depth, one, -1);
  s.high_side = side.high, e.side = side.low_part;
  s.high_copy = copy.high, e.copy = copy.low_part;
}

/// Layers 13 (its second half) and 14.
Exponents add_exponents(Program& p, FormulaCells& c) {
  const Num two = p.constant(2);
  const Bool column_power = p.gather(c.row_head, {{c.column, c.row}}, {c.power}).bools[0];
  const Bool column_even = p.gather(c.table[1], {{two, c.row}, {c.column, c.column}}, {c.divides_properly}).bools[0];
  const Bool above = p.less(c.row, c.column);
  const Bool counts_log = p.all({!above, column_power}), counts_half = p.all({!above, column_even});
  p.layer();
  const auto heads = p.average(c.row_head, {}, {c.power_head, c.first_head});  // (D + 1) / b and 1 / b
  const Affine &one = heads[1], depth = heads[0] - one;
  c.depth_bound = p.number(depth, one);
  Exponents e;
  add_height(p, c, depth, one, e);
  add_slots(p, c, depth, one, e, p.average(c.table[5], {{c.row, c.row}}, {counts_log, counts_half, c.column_below_row}));
  return e;
}

/// Layer 15: powers of two are the rows whose logarithm is asked for.
void add_powers_of_two(Program& p, FormulaCells& c, const Exponents& e) {
  p.layer();
  const auto power_of = [&](Num exponent) { return p.gather(c.power_head, {{exponent, c.log_row}}, {}, {c.row}).nums[0]; };
  c.height_power = power_of(e.height);
  c.twice_height_power = power_of(e.twice_height);
  c.bit_power = power_of(e.bit);
  c.slot.height_power = power_of(e.slot_height);
  c.slot.low_digits_power = power_of(e.low_digits);
  c.slot.side_power = power_of(e.side);
  c.slot.copy_power = power_of(e.copy);
  c.virtual_leaf = p.all({c.table[4], c.row_leaf, p.less(c.column, c.height_power)});
  c.node = p.all({c.table[4], c.column_zero, c.row_op});
  c.slot_head = p.all({c.table[6], c.column_zero});
}

}  // namespace

void add_tree(Program& p, FormulaCells& c) {
  const Exponents e = add_exponents(p, c);
  add_powers_of_two(p, c, e);
  const Bool first_of_tree = p.all({c.table[4], c.row_zero, c.column_zero});

  p.layer();  // 16
  const auto so_far = p.average(c.table[4], {}, {c.virtual_leaf, first_of_tree});
  c.virtual_index = p.number(so_far[0] - so_far[1], so_far[1]);
  const Num leaves_before = p.number(so_far[0], so_far[1]);  // X of a node: its own row has no virtual leaf
  const auto bit = p.gather(c.slot_head, {{c.column, c.row}}, {c.bit_exists, c.bit_high}, {c.bit_power});
  const Num bit_holder = p.select(bit.bools[1], c.address, c.row);

  p.layer();  // 17
  c.node_index = p.gather(c.table[1], {{c.height_power, c.row}, {leaves_before, c.column}}, {}, {c.quotient}).nums[0];
  const Num bits_from = p.gather(c.table[1], {{bit.nums[0], c.row}, {bit_holder, c.column}}, {}, {c.quotient}).nums[0];

  p.layer();  // 18
  const Bool even = p.gather(c.table[1], {{p.constant(2), c.row}, {bits_from, c.column}}, {c.divides}).bools[0];
  c.leaf_bit = p.all({bit.bools[0], !even});
}

}  // namespace separatrix::padded
