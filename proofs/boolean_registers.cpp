// Boolean formulas over the integers, x and y = x y, x or y = 1 - (1 - x)(1 - y), as words of shears of three registers.  Integer
// formulas of depth d reach values of 2^d bits; here the registers stay below the Fibonacci number F(d + 2), F(1) = F(2) = 1, so at
// depth O(log n) integers of O(log n) bits hold them.
#include "constructions/balanced_program.h"
#include "proofs/padded_formulas.h"
#include "proofs/register_programs.h"

namespace separatrix {
namespace {

/// R_to += sign f R_from, f being node `at` of the tree, or 1 - f.
void write(const FormulaTree& tree, int at, bool negated, int from, int to, int sign, std::vector<Shear>& out) {
  const FormulaTree::Node& node = tree.nodes[at];
  if (negated) {
    out.push_back({from, to, sign});
    return write(tree, at, false, from, to, -sign, out);
  }
  if (node.left < 0) {
    out.push_back({from, to, node.symbol == '1' ? sign : 0});
    return;
  }
  const bool is_or = node.symbol == '|';
  if (is_or) out.push_back({from, to, sign}), sign = -sign;
  const int third = 3 - from - to;
  write(tree, node.right, is_or, third, to, -sign, out);
  write(tree, node.left, is_or, from, third, 1, out);
  write(tree, node.right, is_or, third, to, sign, out);
  write(tree, node.left, is_or, from, third, -1, out);
}

/// The largest register on the way; a wrong value at the end is a failed case.
std::int64_t run(Cases& cases, const std::string& formula) {
  const FormulaTree tree = parse_formula(formula);
  std::vector<Shear> word;
  write(tree, 0, false, 0, 1, 1, word);
  std::int64_t r[3] = {1, 0, 0}, largest = 1;
  for (const Shear& s : word) {
    r[s.to] += s.factor * r[s.from];
    largest = std::max(largest, std::abs(r[s.to]));
  }
  cases.expect(r[0] == 1 && r[1] == value_of(tree) && r[2] == 0,
               [&] { return fmt::format("{}: the registers end at {}, {}, {}", formula, r[0], r[1], r[2]); });
  return largest;
}

std::string complete_shape(int depth) {
  if (depth == 0) return "v";
  const std::string below = complete_shape(depth - 1);
  return "o" + below + below;
}

std::int64_t fibonacci_law(int depth) {
  std::int64_t a = 1, b = 2;  // F(2), F(3)
  for (int d = 1; d < depth; ++d) a = std::exchange(b, a + b);
  return b - 1;
}

}  // namespace

Outcome check_boolean_registers(std::int64_t (*law)(int depth)) {
  Cases cases;
  std::string seen;
  for (int depth = 1; depth <= 7; ++depth) {
    const std::string shape = complete_shape(depth);
    const int samples[] = {2000, 500, 100, 20};
    const std::uint64_t all = depth <= 3 ? std::uint64_t{1} << shape.size() : 0;
    std::int64_t largest = 0;
    for (std::uint64_t choice = 0; choice < all; ++choice) largest = std::max(largest, run(cases, filled_shape(shape, choice)));
    for (int i = 0; all == 0 && i < samples[depth - 4]; ++i) {
      Rng rng = draw(1, Purpose::report, static_cast<std::uint32_t>(depth), 300 + i);
      largest = std::max(largest, run(cases, filled_shape(shape, rng)));
    }
    cases.expect(all > 0 ? largest == law(depth) : largest <= law(depth),
                 [&] { return fmt::format("depth {}: a register reaches {}, the law says {}", depth, largest, law(depth)); });
    seen += fmt::format("{}{}", seen.empty() ? "" : ", ", largest);
  }
  return cases.done("every complete formula of depth <= 3, 2000, 500, 100, 20 of depth 4 to 7: largest register " + seen);
}

Outcome check_small_registers() {
  return check_boolean_registers(fibonacci_law);
}

}  // namespace separatrix
