// Layers 19 to 21: every address of the second region finds its leaf and its node, and every slot its swap.
#include "constructions/padded/formula_program.h"

#include "constructions/barrington.h"
#include "constructions/padded/formula_cells.h"
#include "tasks/error.h"

namespace separatrix::padded {
namespace {

/// Conditions under which a swap is applied; it is, when one of them holds.
using Conditions = std::map<Swap, std::vector<Literal>>;

/// Letter 0 or 1 of a word, when `active`; `second` says which letter this slot is for.
void add_word(Program& p, Conditions& when, const SwapWord& word, const std::vector<Literal>& active, Bool second) {
  for (std::size_t letter = 0; letter < word.size(); ++letter) {
    std::vector<Literal> all = active;
    all.push_back(letter == 0 ? !second : Literal(second));
    when[word[letter]].push_back(p.all(all));
  }
}

/// What an address of the second region knows of one of its slots.
struct Place {
  Bool active;                             // the address exists: A, row < 2^D
  Bool row_zero, row_full;                 // row = 0, row = 2^D - 1
  FormulaCells::Slot slot;                 // as copied from slab 6
  Bool leaf_value, leaf_high, leaf_clear;  // of the leaf at X(a); its exponent is in A; the digits below its height, in that part
  Bool is_node, conjunction;               // there is an operator at height H above X(a)
  Bool low_digits;  // the lower digits, in the part of the address that can say it, are all 0 (before) or all 3 (after)
  Bool side, copy;  // the digit of height H is even / below 2
};

Conditions swap_conditions(Program& p, const Place& a) {
  Conditions when;
  const BarringtonTable& table = barrington_table();
  const FormulaCells::Slot& s = a.slot;
  const Bool leaf = p.all({a.active, s.at_leaf, a.leaf_clear, p.any({!a.leaf_high, a.row_zero}), a.leaf_value});
  add_word(p, when, table.leaf, {leaf}, s.second);
  const Bool junction = p.all({a.active, a.is_node, a.low_digits});
  const Bool before = p.all({junction, s.before, p.any({!s.high_low_digits, a.row_zero})});
  const Bool after = p.all({junction, s.after, p.any({!s.high_low_digits, a.row_full})});
  for (const bool conjunction : {true, false}) {
    const auto& constants = conjunction ? table.and_gate : table.or_gate;
    const Literal gate(a.conjunction, !conjunction);
    for (int r = 0; r < 4; ++r)
      add_word(p, when, constants[r], {before, gate, Literal(a.copy, r / 2 == 1), Literal(a.side, r % 2 == 1)}, s.second);
    when[constants[4][0]].push_back(p.all({after, gate}));
  }
  return when;
}

/// Layers 19 to 21.
Place add_place(Program& p, const FormulaCells& c) {
  Place a;
  p.layer();
  const auto bits = p.average(c.first_region, {{c.address, c.address}, {c.row, c.row}}, {c.leaf_bit, c.column_zero});
  const Num leaf_number = p.number(bits[0], bits[1]);  // X(a): bit h was counted 2^h times
  const FormulaCells::Slot& s = c.slot;
  const auto slot = p.gather(c.slot_head, {{c.column, c.row}},
                             {s.before, s.at_leaf, s.after, s.second, s.high_low_digits, s.high_side, s.high_copy},
                             {s.height_power, s.low_digits_power, s.side_power, s.copy_power});
  a.slot = {slot.bools[0], slot.bools[1], slot.bools[2], slot.bools[3], slot.bools[4], slot.bools[5],
            slot.bools[6], slot.nums[0],  slot.nums[1],  slot.nums[2],  slot.nums[3]};
  // A number of the address ends in u threes exactly when its successor ends in u zeros.
  const Num next_address = p.shift(c.address, 1), next_row = p.shift(c.row, 1);
  const auto part = [&](Bool high) { return p.select(high, c.address, c.row); };
  const Num digits_after = p.select(a.slot.high_low_digits, next_address, next_row), digits_before = part(a.slot.high_low_digits);
  const Num low_digits = p.select(a.slot.after, digits_after, digits_before);
  const Num side_part = part(a.slot.high_side), copy_part = part(a.slot.high_copy);

  p.layer();
  const auto quotient = [&](Num of, Num by) {
    return p.gather(c.table[1], {{by, c.row}, {of, c.column}}, {}, {c.quotient}).nums[0];
  };
  const auto divides = [&](Num x, Num y) { return p.gather(c.table[1], {{x, c.row}, {y, c.column}}, {c.divides}).bools[0]; };
  const Num node_index = quotient(leaf_number, a.slot.height_power);
  a.low_digits = divides(a.slot.low_digits_power, low_digits);
  const Num side_bits = quotient(side_part, a.slot.side_power), copy_bits = quotient(copy_part, a.slot.copy_power);
  const auto leaf =
      p.gather(c.virtual_leaf, {{leaf_number, c.virtual_index}}, {c.row_value, c.high_twice_height}, {c.twice_height_power});
  a.leaf_value = leaf.bools[0], a.leaf_high = leaf.bools[1];
  const Num leaf_part = part(a.leaf_high);
  const Num addresses = p.gather(c.power_head, {{c.depth_bound, c.log_row}}, {}, {c.row}).nums[0];  // 2^D

  p.layer();
  // Powers of two are copies of one token's row, the same number however they were asked for; heights are differences of counts.
  const auto node = p.look_up(c.node, {{node_index, c.node_index}, {a.slot.height_power, c.height_power}}, {c.row_conjunction});
  a.is_node = node.found, a.conjunction = node.bools[0];
  a.side = divides(p.constant(2), side_bits), a.copy = divides(p.constant(2), copy_bits);
  a.leaf_clear = divides(leaf.nums[0], leaf_part);
  a.active = p.all({c.second_region, p.less(c.address, addresses), p.less(c.row, addresses)});
  a.row_zero = c.row_zero, a.row_full = p.equal(next_row, addresses);
  return a;
}

FormulaProgram make_formula_program() {
  FormulaProgram f;
  Program& p = f.program;
  FormulaCells c;
  c.everyone = p.input("everyone"), c.begin = p.input("begin"), c.pad = p.input("pad"), c.front = p.input("front");
  c.op = p.input("op"), c.leaf = p.input("leaf"), c.conjunction = p.input("conjunction"), c.value = p.input("value");
  add_places(p, c);
  add_tables(p, c);
  add_tree(p, c);
  for (const auto& [swap, conditions] : swap_conditions(p, add_place(p, c))) f.swaps[swap] = p.any(conditions);
  return f;
}

}  // namespace

const FormulaProgram& formula_program() {
  static const FormulaProgram program = make_formula_program();
  return program;
}

int floor_log2(int n) {
  int d = 0;
  while (n >> (d + 1)) ++d;
  return d;
}

int padding_needed(int n) {
  return (7 + (2 << floor_log2(n))) * (n + 1) * (n + 1);
}

std::vector<bool> token_inputs(char symbol) {
  const bool pad = symbol == '_', op = symbol == '&' || symbol == '|', leaf = symbol == '0' || symbol == '1';
  if (!pad && !op && !leaf && symbol != '^' && symbol != '#') fail("padded formula: '{}' is none of & | 0 1 # _", symbol);
  return {true, symbol == '^', pad, !pad, op, leaf, symbol == '&', symbol == '1'};
}

std::vector<std::vector<bool>> formula_inputs(const std::string& formula, int padding) {
  std::vector<std::vector<bool>> inputs = {token_inputs('^')};
  for (const char symbol : formula) inputs.push_back(token_inputs(symbol));
  inputs.insert(inputs.end(), padding, token_inputs('_'));
  return inputs;
}

}  // namespace separatrix::padded
