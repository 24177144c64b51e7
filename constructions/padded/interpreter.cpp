// Column by column: each head is a join on exact numbers, in one pass over the tokens.
#include "constructions/padded/interpreter.h"

#include <optional>
#include <unordered_map>

#include "constructions/padded/rounding.h"
#include "tasks/error.h"

namespace separatrix::padded {
namespace {

using Key = std::vector<Rational>;
struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::size_t h = key.size();
    for (const Rational& x : key) h = h * 1000003 + x.hash();
    return h;
  }
};

/// The tokens so far that share their key numbers.
struct Group {
  int count = 0, last = -1;
  std::vector<int> trues;      // per average
  std::vector<bool> unknowns;  // per average: whether some token's value is unknown
};
using Groups = std::unordered_map<Key, Group, KeyHash>;

std::int8_t negation(std::int8_t x) {
  return x == kUnknown ? kUnknown : static_cast<std::int8_t>(1 - x);
}

class Run {
 public:
  Run(const Program& program, const std::vector<std::vector<bool>>& inputs) {
    const int n = static_cast<int>(inputs.size());
    cells_.tokens = n;
    cells_.bools.assign(program.bools(), std::vector<std::int8_t>(n, kUnknown));
    cells_.nums.assign(program.nums(), std::vector<Rational>(n));
    cells_.known.assign(program.nums(), std::vector<bool>(n, false));
    cells_.turns.assign(program.nums(), std::vector<double>(n, 0));
    averages_.assign(program.averages(), std::vector<Average>(n));
    for (int t = 0; t < n; ++t) {
      for (std::size_t i = 0; i < program.inputs().size(); ++i) cells_.bools[i][t] = inputs[t].at(i);
      for (const auto& [num, value] : program.constants()) set(num, t, value, 0);
    }
    for (const Step& step : program.steps()) std::visit([this](const auto& s) { run(s); }, step);
  }
  Cells take() { return std::move(cells_); }

 private:
  struct Average {
    Rational value;
    int count = 0;  // of the set; 0: unknown
  };
  struct Sum {
    Rational exact;
    Rounded rounded;
  };

  std::int8_t& at(Bool b, int t) { return cells_.bools[b.id][t]; }
  bool known(Num x, int t) const { return cells_.known[x.id][t]; }
  const Rational& at(Num x, int t) const { return cells_.nums[x.id][t]; }
  /// The turn of a number once it is read.
  double turn(Num x, int t) const { return turn_of_reading(cells_.turns[x.id][t]); }
  void set(Num x, int t, const Rational& value, double turn) {
    cells_.nums[x.id][t] = value, cells_.known[x.id][t] = true, cells_.turns[x.id][t] = turn;
  }

  void run(const Head& h) {
    Groups groups;
    for (int t = 0; t < cells_.tokens; ++t) {
      add_key(h, t, groups);
      answer(h, t, groups);
    }
  }

  void add_key(const Head& h, int t, Groups& groups) {
    const std::int8_t is_key = at(h.keys, t);
    if (is_key == kUnknown) fail("padded program: layer {}: it is unknown whether token {} is a key", h.layer, t);
    if (!is_key) return;
    Key key;
    for (const Match& m : h.match) {
      if (!known(m.key, t)) fail("padded program: layer {}: a key number of token {} is unknown", h.layer, t);
      key.push_back(at(m.key, t));
    }
    Group& group = groups[key];
    if (h.gather && group.count > 0) fail("padded program: layer {}: tokens {} and {} have one key", h.layer, group.last, t);
    group.trues.resize(h.averages.size()), group.unknowns.resize(h.averages.size());
    ++group.count, group.last = t;
    for (std::size_t i = 0; i < h.averages.size(); ++i) {
      const std::int8_t value = at(h.averages[i].first, t);
      if (value == kUnknown)
        group.unknowns[i] = true;
      else
        group.trues[i] += value;
    }
  }

  void answer(const Head& h, int t, const Groups& groups) {
    Key query;
    for (const Match& m : h.match) {
      if (!known(m.query, t)) return;
      query.push_back(at(m.query, t));
    }
    if (groups.empty()) return;
    const auto match = groups.find(query);
    if (h.found.id >= 0) at(h.found, t) = match != groups.end();
    if (match == groups.end()) return;
    const Group& group = match->second;
    for (std::size_t i = 0; i < h.averages.size(); ++i)
      if (!group.unknowns[i]) averages_[h.averages[i].second][t] = {Rational(group.trues[i], group.count), group.count};
    for (const auto& [from, to] : h.bools) at(to, t) = at(from, group.last);
    for (const auto& [from, to] : h.nums)
      if (known(from, group.last)) set(to, t, at(from, group.last), turn(from, group.last));
  }

  /// Unknown when the averages are over sets of different sizes: their denominators differ (rule N1).
  std::optional<Sum> value(const Affine& a, int t, int& set_size) const {
    Rational sum = a.constant;
    double magnitude = std::fabs(nearest_double(sum));
    for (const auto& [average, coefficient] : a.terms) {
      const Average& x = averages_[average][t];
      if (set_size == 0) set_size = x.count;
      if (x.count == 0 || x.count != set_size) return std::nullopt;
      const Rational term = coefficient * x.value;
      sum = sum + term;
      magnitude += std::fabs(nearest_double(term));
    }
    const int terms = static_cast<int>(a.terms.size()) + !a.constant.is_zero();
    return Sum{sum, rounded_sum(nearest_double(sum), magnitude, terms)};
  }

  void run(const Number& r) {
    for (int t = 0; t < cells_.tokens; ++t) {
      int set_size = 0;
      const auto x = value(r.x, t, set_size), y = value(r.y, t, set_size);
      if (!x || !y || y->exact.is_zero()) continue;
      if (y->exact < Rational(0)) fail("padded program: token {}: a number with the negative denominator {}", t, to_text(y->exact));
      set(r.out, t, x->exact / y->exact, turn_of_pair(x->rounded, y->rounded));
    }
  }

  void run(const Positive& r) {
    for (int t = 0; t < cells_.tokens; ++t) {
      int set_size = 0;
      const auto x = value(r.x, t, set_size);
      if (x && !x->exact.is_zero()) at(r.out, t) = Rational(0) < x->exact;
    }
  }

  void run(const Compare& r) {
    for (int t = 0; t < cells_.tokens; ++t) {
      if (!known(r.a, t) || !known(r.b, t)) continue;
      const Rational &a = at(r.a, t), &b = at(r.b, t);
      if (a < Rational(0) && b < Rational(0)) continue;
      if (r.less.id >= 0) at(r.less, t) = a < b;
      if (r.equal.id >= 0) at(r.equal, t) = a == b;
    }
  }

  void run(const Select& r) {
    for (int t = 0; t < cells_.tokens; ++t) {
      if (at(r.condition, t) == kUnknown) continue;
      const Num chosen = at(r.condition, t) ? r.yes : r.no;
      if (known(chosen, t)) set(r.out, t, at(chosen, t), turn(chosen, t));
    }
  }

  void run(const Shift& r) {
    const double add = nearest_double(r.add), divide = nearest_double(r.divide);
    for (int t = 0; t < cells_.tokens; ++t)
      if (known(r.a, t))
        set(r.out, t, (at(r.a, t) + r.add) / r.divide, turn_of_shift(nearest_double(at(r.a, t)), turn(r.a, t), add, divide));
  }

  void run(const Logic& r) {
    for (int t = 0; t < cells_.tokens; ++t) {
      std::int8_t all = 1;  // the conjunction; a disjunction is the negated conjunction of the negated literals
      for (const Literal& l : r.of) {
        const std::int8_t x = l.negated == r.all ? negation(at(l.of, t)) : at(l.of, t);
        if (x == 0)
          all = 0;
        else if (x == kUnknown && all == 1)
          all = kUnknown;
      }
      at(r.out, t) = r.all ? all : negation(all);
    }
  }

  Cells cells_;
  std::vector<std::vector<Average>> averages_;
};

}  // namespace

Cells exact_run(const Program& program, const std::vector<std::vector<bool>>& inputs) {
  return Run(program, inputs).take();
}

}  // namespace separatrix::padded
