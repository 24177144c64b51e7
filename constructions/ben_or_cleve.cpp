#include "constructions/ben_or_cleve.h"

#include <memory>
#include <sstream>

#include "tasks/error.h"

namespace separatrix {
namespace {

struct Formula {
  char kind;  // '+', '*', or 'x', a leaf
  int leaf = 0;
  std::unique_ptr<Formula> left, right;
};

std::unique_ptr<Formula> parse(std::istringstream& words) {
  std::string word;
  if (!(words >> word)) fail("the formula ends too early");
  if (word == "-1" || word == "0" || word == "1") return std::make_unique<Formula>(Formula{'x', std::stoi(word), nullptr, nullptr});
  if (word != "+" && word != "*") fail("'{}' is not one of +, *, -1, 0, 1", word);
  auto left = parse(words), right = parse(words);
  return std::make_unique<Formula>(Formula{word[0], 0, std::move(left), std::move(right)});
}

/// R_to += sign f R_from.
void write(const Formula& f, int from, int to, int sign, std::vector<Shear>& out) {
  if (f.kind == 'x') {
    out.push_back({from, to, sign * f.leaf});
  } else if (f.kind == '+') {
    write(*f.left, from, to, sign, out);
    write(*f.right, from, to, sign, out);
  } else {
    const int third = 3 - from - to;
    write(*f.right, third, to, -sign, out);
    write(*f.left, from, third, 1, out);
    write(*f.right, third, to, sign, out);
    write(*f.left, from, third, -1, out);
  }
}

std::vector<RootFive> axis(int i, const RootFive& length = 1) {
  std::vector<RootFive> e(3, RootFive(0));
  e[i] = length;
  return e;
}

}  // namespace

std::vector<Shear> integer_formula_word(const std::string& formula) {
  std::istringstream words(formula);
  std::vector<Shear> out;
  write(*parse(words), 0, 1, 1, out);
  return out;
}

std::vector<ReflectionStep> steps_of(const Shear& shear) {
  const RootFive phi = golden_ratio(), inverse = phi - 1;
  if (shear.factor == 0) return {{axis(0), inverse, 0}};
  std::vector<RootFive> key = axis(shear.to, phi), difference = axis(shear.to, -1);
  key[shear.from] = -1, difference[shear.from] = 1;
  const ReflectionStep flip{axis(shear.to), 1, 2};
  std::vector<ReflectionStep> steps{
      {key, 1, inverse * inverse}, {difference, 1, 1}, {axis(3 - shear.from - shear.to), 1, 1 - inverse}};
  if (shear.factor < 0) steps.insert(steps.begin(), flip), steps.push_back(flip);
  return steps;
}

}  // namespace separatrix
