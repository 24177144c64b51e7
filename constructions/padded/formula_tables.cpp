// Layers 7 to 13: subtrees, divisibility, quotients, powers of two and logarithms, each a table over (row, column) in a slab.
#include "constructions/padded/formula_cells.h"

namespace separatrix::padded {
namespace {

/// Layer 7: w_column is below w_row until the first token that closes the subformula, that token included.
void add_ancestors(Program& p, FormulaCells& c) {
  p.layer();
  const auto along_row = p.average(c.table[0], {{c.row, c.row}}, {c.row_ends, c.column_zero});
  const Affine &ends = along_row[0], &one = along_row[1];
  const Bool none = p.positive(one - 2 * ends), at_most_one = p.positive(3 * one - 2 * ends);
  c.ancestor = p.all({!c.row_zero, !c.column_below_row, p.any({none, p.all({c.row_ends, at_most_one})})});
}

/// Layers 8 to 10: row | column when column / row is a position; their number along the row is the quotient.
void add_quotients(Program& p, FormulaCells& c) {
  p.layer();
  const Affine row = p.average(c.table[0], {{c.row, c.row}}, {c.column_below_row})[0];        // row / b
  const Affine column = p.average(c.table[0], {{c.column, c.row}}, {c.column_below_row})[0];  // column / b
  const Num ratio = p.number(column, row);
  p.layer();
  const Bool whole = p.look_up(c.front, {{ratio, c.position}}, {}).found;
  c.divides = p.all({!c.row_zero, whole});
  c.divides_properly = p.all({!c.row_zero, whole, !c.column_zero});
  p.layer();
  const auto along_row = p.average(c.table[1], {{c.row, c.row}}, {c.divides_properly, c.column_zero});
  c.quotient = p.number(along_row[0], along_row[1]);
}

/// Layers 11 to 13: a power of two has no odd divisor from 3 on; the powers up to row count its logarithm.
void add_powers(Program& p, FormulaCells& c) {
  const Num two = p.constant(2);
  p.layer();
  const Bool divides = p.gather(c.table[1], {{c.row, c.row}, {c.column, c.column}}, {c.divides}).bools[0];
  const Bool even = p.gather(c.table[1], {{two, c.row}, {c.row, c.column}}, {c.divides}).bools[0];
  const Bool odd_divisor = p.all({divides, !even, !p.less(c.row, p.constant(3))});
  p.layer();
  const auto down_column = p.average(c.table[2], {{c.row, c.column}}, {odd_divisor, c.row_zero});
  c.power = p.all({!c.row_zero, p.positive(down_column[1] - 2 * down_column[0])});
  c.row_head = p.all({c.table[3], c.column_zero});
  c.power_head = p.all({c.row_head, c.power});
  c.first_head = p.all({c.row_head, c.row_zero});
  p.layer();
  const auto so_far = p.average(c.row_head, {}, {c.power_head, c.first_head});
  c.log_row = p.number(so_far[0] - so_far[1], so_far[1]);
}

}  // namespace

void add_tables(Program& p, FormulaCells& c) {
  add_ancestors(p, c);
  add_quotients(p, c);
  add_powers(p, c);
}

}  // namespace separatrix::padded
