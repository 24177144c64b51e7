#include "constructions/padded/program.h"

#include <algorithm>

#include "tasks/error.h"

namespace separatrix::padded {

Affine operator+(const Affine& a, const Affine& b) {
  Affine sum = a;
  sum.terms.insert(sum.terms.end(), b.terms.begin(), b.terms.end());
  sum.constant = a.constant + b.constant;
  return sum;
}

Affine operator*(const Rational& c, const Affine& a) {
  Affine scaled = a;
  for (auto& [average, coefficient] : scaled.terms) coefficient = c * coefficient;
  scaled.constant = c * a.constant;
  return scaled;
}

Affine operator-(const Affine& a, const Affine& b) {
  return a + Rational(-1) * b;
}

Bool Program::input(const std::string& name) {
  if (bools_ != static_cast<int>(inputs_.size())) fail("padded program: the input '{}' must come before every rule", name);
  inputs_.push_back(name);
  return new_bool();
}

Num Program::constant(int value) {
  for (const auto& [num, known] : constants_)
    if (known == value) return num;
  constants_.emplace_back(new_num(), value);
  return constants_.back().first;
}

std::vector<Affine> Program::average(Bool keys, const std::vector<Match>& match, const std::vector<Bool>& of) {
  Head head{layers_, false, keys, match, {}, {}, {}, {}};
  std::vector<Affine> averages;
  for (const Bool b : of) {
    head.averages.emplace_back(b, averages_);
    averages.emplace_back();
    averages.back().terms = {{averages_++, 1}};
  }
  steps_.emplace_back(head);
  return averages;
}

Program::Gathered Program::gather(Bool keys, const std::vector<Match>& match, const std::vector<Bool>& bools,
                                  const std::vector<Num>& nums) {
  Head head{layers_, true, keys, match, {}, {}, {}, {}};
  Gathered out;
  for (const Bool b : bools) head.bools.emplace_back(b, new_bool()), out.bools.push_back(head.bools.back().second);
  for (const Num x : nums) head.nums.emplace_back(x, new_num()), out.nums.push_back(head.nums.back().second);
  steps_.emplace_back(head);
  return out;
}

Program::Gathered Program::look_up(Bool keys, const std::vector<Match>& match, const std::vector<Bool>& bools,
                                   const std::vector<Num>& nums) {
  Gathered out = gather(keys, match, bools, nums);
  std::get<Head>(steps_.back()).found = out.found = new_bool();
  return out;
}

Num Program::number(const Affine& x, const Affine& y) {
  steps_.emplace_back(Number{x, y, new_num()});
  return std::get<Number>(steps_.back()).out;
}

Bool Program::positive(const Affine& x) {
  steps_.emplace_back(Positive{x, new_bool()});
  return std::get<Positive>(steps_.back()).out;
}

Compare& Program::comparison(Num a, Num b) {
  for (Step& step : steps_)
    if (auto* c = std::get_if<Compare>(&step); c && c->a.id == a.id && c->b.id == b.id) return *c;
  steps_.emplace_back(Compare{a, b, {}, {}});
  return std::get<Compare>(steps_.back());
}

Bool Program::less(Num a, Num b) {
  Compare& c = comparison(a, b);
  if (c.less.id < 0) c.less = new_bool();
  return c.less;
}

Bool Program::equal(Num a, Num b) {
  Compare& c = comparison(a, b);
  if (c.equal.id < 0) c.equal = new_bool();
  return c.equal;
}

Num Program::select(Bool condition, Num yes, Num no) {
  steps_.emplace_back(Select{condition, yes, no, new_num()});
  return std::get<Select>(steps_.back()).out;
}

Num Program::shift(Num a, const Rational& add, const Rational& divide) {
  if (!(Rational(0) < divide)) fail("padded program: a number is divided by {}; only positive divisors", to_text(divide));
  steps_.emplace_back(Shift{a, add, divide, new_num()});
  return std::get<Shift>(steps_.back()).out;
}

Bool Program::all(const std::vector<Literal>& of) {
  steps_.emplace_back(Logic{true, of, new_bool()});
  return std::get<Logic>(steps_.back()).out;
}

Bool Program::any(const std::vector<Literal>& of) {
  steps_.emplace_back(Logic{false, of, new_bool()});
  return std::get<Logic>(steps_.back()).out;
}

int Program::heads() const {
  return static_cast<int>(
      std::count_if(steps_.begin(), steps_.end(), [](const Step& s) { return std::holds_alternative<Head>(s); }));
}

}  // namespace separatrix::padded
