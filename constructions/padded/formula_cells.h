// The cells that the parts of the formula program hand to each other, by the layer that makes them.
#pragma once
#include <array>

#include "constructions/padded/program.h"

namespace separatrix::padded {

struct FormulaCells {
  // Inputs.
  Bool everyone, begin, pad, front, op, leaf, conjunction, value;  // front: not a pad
  // Layers 1 to 5: places.
  Num position, open_after, open_before;  // of the front tokens; unfilled arguments + 1 after and before a token
  Num slab, row, column;                  // c1, c2, c3
  std::array<Bool, 7> table;              // slabs 0 to 6
  Bool row_zero, column_zero, column_below_row;
  // Layer 6: what stands at w_row; the two regions of addresses.
  Bool row_op, row_leaf, row_conjunction, row_value;
  Bool first_region, second_region;
  Num address;    // A; the address is (A, row)
  Bool row_ends;  // w_row .. w_column closes at least the subformula that begins at w_row
  // Layers 7 to 13: tables over (row, column).
  Bool ancestor;                          // slab 0: w_column is in the subformula that begins at w_row
  Bool divides, divides_properly;         // slab 1: row | column; and column > 0
  Num quotient;                           // slab 1: floor(column / row)
  Bool power;                             // slab 3: row is a power of two
  Bool power_head, row_head, first_head;  // slab 3, column 0: row is a power of two; any row; row 0
  Num log_row;                            // slab 3, column 0: floor(log2 row)
  // Layers 14 to 17: the tree (slab 4) and the slots (slab 6).
  Num depth_bound;                // D
  Num height_power;               // slab 4: 2^height, height = D - depth of w_row
  Num twice_height_power;         // slab 4: 2^(2 height) or 2^(2 height - D)
  Bool high_twice_height;         // whether it is the latter
  Bool virtual_leaf, node;        // slab 4: one of 2^height copies of a leaf; column 0 of an operator
  Num virtual_index, node_index;  // slab 4: number of a virtual leaf; floor(X / 2^height) of a node
  Bool slot_head;                 // slab 6, column 0
  struct Slot {                   // slab 6, then copied to the second region: what the slot number says
    Bool before, at_leaf, after, second, high_low_digits, high_side, high_copy;
    Num height_power, low_digits_power, side_power, copy_power;
  } slot;
  Bool bit_exists, bit_high;  // slab 6: bit h = floor(log2 slot) of a leaf number; its address bit is in A
  Num bit_power;              // slab 6: 2^(2h) or 2^(2h - D)
  // Layers 18, 19.
  Bool leaf_bit;  // first region: bit h of X(a), at 2^h slots
};

void add_places(Program& p, FormulaCells& c);  // layers 1 to 6
void add_tables(Program& p, FormulaCells& c);  // layers 7 to 13
void add_tree(Program& p, FormulaCells& c);    // layers 13 to 18

}  // namespace separatrix::padded
