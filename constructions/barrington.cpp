#include "constructions/barrington.h"

#include <sstream>

#include "tasks/error.h"

namespace separatrix {

const BarringtonTable& barrington_table() {
  // Points from 0: (3 4) of the literature's 1 .. 5 is {2, 3}.
  static const BarringtonTable table = {
      {{0, 1}, {0, 2}},
      {{{{2, 3}}, {{0, 3}, {2, 4}}, {{0, 4}, {2, 3}}, {{0, 3}, {2, 4}}, {{0, 4}}}},   // (34) (14)(35) (15)(34) (14)(35) (15)
      {{{{2, 3}}, {{0, 4}, {2, 3}}, {{0, 4}, {1, 3}}, {{1, 3}, {2, 4}}, {{2, 4}}}}};  // (34) (15)(34) (15)(24) (24)(35) (35)
  return table;
}

namespace {

class Compiler {
 public:
  Compiler(const BarringtonTable& table, const std::string& formula) : table_(table), words_(formula) {}

  SwapWord next() {
    std::string symbol;
    if (!(words_ >> symbol)) fail("the formula ends too early");
    if (symbol == "0") return {};
    if (symbol == "1") return table_.leaf;
    if (symbol != "and" && symbol != "or") fail("'{}' is not one of and, or, 0, 1", symbol);
    const auto& c = symbol == "and" ? table_.and_gate : table_.or_gate;
    const SwapWord f = next(), g = next();
    SwapWord word;
    for (const SwapWord* part : {&c[0], &f, &c[1], &g, &c[2], &f, &c[3], &g, &c[4]})
      word.insert(word.end(), part->begin(), part->end());
    return word;
  }

 private:
  const BarringtonTable& table_;
  std::istringstream words_;
};

}  // namespace

SwapWord formula_word(const BarringtonTable& table, const std::string& formula) {
  return Compiler(table, formula).next();
}

}  // namespace separatrix
