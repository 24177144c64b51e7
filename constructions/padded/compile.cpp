// Rules become units of the first MLP at which all that they read is there.
#include "constructions/padded/compile.h"

#include <algorithm>

#include "tasks/error.h"

namespace separatrix::padded {
namespace {

constexpr int kKeyScore = 16, kRounder = 32;
constexpr int kSublayers = 64;  // times: kSublayers * layer for its attention, then one for each MLP

class Planner {
 public:
  explicit Planner(const Program& program) : program_(program) {
    plan_.width = 1;
    for (int b = 0; b < program.bools(); ++b) plan_.bools.push_back(plan_.width++);
    for (int x = 0; x < program.nums(); ++x) plan_.nums.push_back(new_pair());
    ready_.assign(plan_.width, kSublayers);
    for (const Step& step : program.steps()) std::visit([this](const auto& s) { add(s); }, step);
    plan_.spare = plan_.width++, plan_.anchor = plan_.width++;
    place_anchor();
  }
  Plan take() { return std::move(plan_); }

 private:
  static constexpr int kAnchor = -1;  // until the width is known

  struct Channel {
    int layer, head, channel;
  };

  int new_pair() {
    plan_.width += 2;
    return plan_.width - 2;
  }
  int fresh(int size, int time) {
    const int first = plan_.width;
    plan_.width += size;
    ready_.resize(plan_.width);
    set_ready(first, time);
    return first;
  }
  /// The cell that begins at the coordinate can be read from that time on.
  void set_ready(int coordinate, int time) { ready_[coordinate] = time; }

  int at(Bool b) const { return plan_.bools[b.id]; }
  int at(Num x) const { return plan_.nums[x.id]; }

  LayerPlan& layer(int l) {
    if (static_cast<int>(plan_.layers.size()) < l) plan_.layers.resize(l);
    return plan_.layers[l - 1];
  }
  MlpPlan& mlp(int time) {
    std::vector<MlpPlan>& mlps = layer(time / kSublayers).mlps;
    const std::size_t index = time % kSublayers - 1;
    if (mlps.size() <= index) mlps.resize(index + 1);
    return mlps[index];
  }
  /// The first MLP of the current layer, or later, at which all these cells can be read.
  int time_for(const std::vector<int>& cells) const { return time_from(kSublayers * layer_ + 1, cells); }
  int time_from(int time, const std::vector<int>& cells) const {
    for (const int cell : cells) time = std::max(time, ready_[cell]);
    return time;
  }

  // --- units ---

  void unit(int time, Terms reads, Terms writes) { mlp(time).units.push_back({std::move(reads), std::move(writes)}); }
  /// Adds a constant.
  void bias(int time, int to, const Rational& c) { unit(time, {{Plan::one, 1}}, {{to, c}}); }
  /// to += from where the bar is 0; nothing where it is at most -|from|.
  void pass(int time, const Terms& bar, int from, int to) {
    for (const int sign : {1, -1}) {
      Terms reads = bar;
      reads.push_back({from, sign});
      unit(time, reads, {{to, sign}});
    }
  }
  /// Copies the hash of a number where `condition` is 1 (or 0, when negated).  A hash has entries below 2.
  void pass_number(int time, int condition, bool negated, int from, int to) {
    const Terms bar = negated ? Terms{{condition, -2}} : Terms{{Plan::one, -2}, {condition, 2}};
    mlp(time).groups[from] = 2;
    for (const int i : {0, 1}) pass(time, bar, from + i, to + i);
  }
  /// to += weight * [s > 0] for the sign s of the number at d (or of its negation).
  void step(int time, int d, int sign, int to, const Rational& weight) {
    mlp(time).groups[d] = 1;
    unit(time, {{d, 2 * sign}}, {{to, weight}});
    unit(time, {{Plan::one, -1}, {d, 2 * sign}}, {{to, Rational(0) - weight}});
  }

  // --- rules ---

  /// The coordinate of a - b, rounded.
  int difference(int a, int b, int& time) {
    time = time_for({a, b});
    const int d = fresh(1, time + 1);
    mlp(time).groups[a] = mlp(time).groups[b] = 2;
    unit(time, {{a, 1}, {a + 1, -1}, {b, -1}, {b + 1, 1}, {kAnchor, kRounder}}, {{d, 1}});
    bias(time, d, -kRounder);
    ++time;
    return d;
  }
  void equal_to(int a, int b, int out) {
    int time = 0;
    const int d = difference(a, b, time);
    bias(time, out, 1);
    step(time, d, 1, out, -1), step(time, d, -1, out, -1);
    set_ready(out, time + 1);
  }

  void add(const Compare& r) {
    if (r.equal.id >= 0) equal_to(at(r.a), at(r.b), at(r.equal));
    if (r.less.id < 0) return;
    int time = 0;
    const int d = difference(at(r.a), at(r.b), time);
    step(time, d, -1, at(r.less), 1);
    set_ready(at(r.less), time + 1);
  }

  void add(const Select& r) {
    const int time = time_for({at(r.condition), at(r.yes), at(r.no)});
    pass_number(time, at(r.condition), false, at(r.yes), at(r.out));
    pass_number(time, at(r.condition), true, at(r.no), at(r.out));
    set_ready(at(r.out), time + 1);
  }

  void add(const Shift& r) {
    const int a = at(r.a), out = at(r.out), time = time_for({a});
    mlp(time).groups[a] = 2;
    for (const int sign : {1, -1}) unit(time, {{a, sign}, {a + 1, sign * r.add}}, {{out, sign}});
    unit(time, {{a + 1, r.divide}}, {{out + 1, 1}});
    set_ready(out, time + 1);
  }

  /// all: relu(sum of the literals - (their number - 1)).  any: 1 - all of the negations.
  void add_logic(bool all, const std::vector<std::pair<int, bool>>& literals, int out) {
    std::vector<int> cells;
    Terms reads = {{Plan::one, 1}};
    for (const auto& [cell, negated] : literals) {
      const bool counts_as_negated = negated == all;
      cells.push_back(cell);
      reads.push_back({cell, counts_as_negated ? -1 : 1});
      if (!counts_as_negated) reads[0].weight = reads[0].weight - 1;
    }
    const int time = time_for(cells);
    if (!all) bias(time, out, 1);
    unit(time, reads, {{out, all ? 1 : -1}});
    set_ready(out, time + 1);
  }
  void add(const Logic& r) {
    std::vector<std::pair<int, bool>> literals;
    for (const Literal& l : r.of) literals.emplace_back(at(l.of), l.negated);
    add_logic(r.all, literals, at(r.out));
  }

  /// Writes an affine combination of averages straight from the heads.
  void write_affine(const Affine& a, int to) {
    std::map<int, Rational> terms;
    for (const auto& [average, weight] : a.terms) terms[average] = terms[average] + weight;
    for (const auto& [average, weight] : terms) {
      const Channel& c = average_channel_.at(average);
      if (c.layer != layer_) fail("padded program: layer {} uses an average of layer {}", layer_, c.layer);
      layer(layer_).heads[c.head].writes.push_back({to, c.channel, weight});
    }
    if (a.constant.is_zero()) return;
    HeadPlan& head = layer(layer_).heads.back();
    head.value.push_back({{Plan::one, 1}});
    head.writes.push_back({to, static_cast<int>(head.value.size()) - 1, a.constant});
  }
  void add(const Number& r) {
    write_affine(r.x, at(r.out));
    write_affine(r.y, at(r.out) + 1);
    set_ready(at(r.out), kSublayers * layer_ + 1);
  }
  void add(const Positive& r) {
    const int time = kSublayers * layer_ + 1, d = fresh(1, time);
    write_affine(r.x, d);
    step(time, d, 1, at(r.out), 1);
    set_ready(at(r.out), time + 1);
  }

  // --- heads ---

  /// The hash of a key number at the tokens that are keys, zeros elsewhere; made once.
  int masked(Bool keys, Num x) {
    const auto [found, is_new] = masks_.try_emplace({keys.id, x.id}, 0);
    if (!is_new) return found->second;
    const int time = time_from(kSublayers + 1, {at(keys), at(x)});
    found->second = fresh(2, time + 1);
    pass_number(time, at(keys), false, at(x), found->second);
    return found->second;
  }

  /// A head reads only what earlier layers have made.
  int read_by_head(int cell) const {
    if (ready_[cell] > kSublayers * layer_) fail("padded program: a head of layer {} reads a cell of the same layer", layer_);
    return cell;
  }

  void add(const Head& h) {
    layer_ = h.layer;
    HeadPlan head;
    head.matches = static_cast<int>(h.match.size());
    std::vector<int> keys;
    for (const Match& m : h.match) {
      keys.push_back(read_by_head(masked(h.keys, m.key)));
      layer(layer_).groups[read_by_head(at(m.query))] = 2;
      for (const int i : {0, 1}) {
        head.query.push_back({{at(m.query) + i, 1}});
        head.key.push_back({{keys.back() + i, 1}});
      }
    }
    head.query.push_back({{Plan::one, 1}});
    head.key.push_back({{read_by_head(at(h.keys)), kKeyScore}});
    const int head_index = static_cast<int>(layer(layer_).heads.size()), time = kSublayers * layer_ + 1;
    const auto copy = [&](int from, int to, int size, bool normed) {
      if (normed) layer(layer_).groups[from] = size;
      read_by_head(from);
      for (int i = 0; i < size; ++i) {
        head.value.push_back({{from + i, 1}});
        head.writes.push_back({to + i, static_cast<int>(head.value.size()) - 1, 1});
      }
      set_ready(to, time);
    };
    for (const auto& [of, average] : h.averages) {
      average_channel_[average] = {layer_, head_index, static_cast<int>(head.value.size())};
      head.value.push_back({{read_by_head(at(of)), 1}});
    }
    for (const auto& [from, to] : h.bools) copy(at(from), at(to), 1, false);
    for (const auto& [from, to] : h.nums) copy(at(from), at(to), 2, true);
    std::vector<int> retrieved;
    if (h.found.id >= 0)
      for (const int key : keys) retrieved.push_back(fresh(2, time)), copy(key, retrieved.back(), 2, false);
    layer(layer_).heads.push_back(std::move(head));
    if (h.found.id >= 0) add_found(h, retrieved);
  }

  /// found: every retrieved key number is the query's.
  void add_found(const Head& h, const std::vector<int>& retrieved) {
    if (retrieved.size() == 1) return equal_to(at(h.match[0].query), retrieved[0], at(h.found));
    std::vector<std::pair<int, bool>> same;
    for (std::size_t i = 0; i < retrieved.size(); ++i) {
      same.emplace_back(fresh(1, 0), false);
      equal_to(at(h.match[i].query), retrieved[i], same.back().first);
    }
    add_logic(true, same, at(h.found));
  }

  void place_anchor() {
    for (LayerPlan& l : plan_.layers)
      for (MlpPlan& m : l.mlps)
        for (Unit& u : m.units)
          for (Term& t : u.reads)
            if (t.coordinate == kAnchor) t.coordinate = plan_.anchor;
  }

  const Program& program_;
  Plan plan_;
  int layer_ = 1;
  std::vector<int> ready_;  // per coordinate, at the first one of a cell
  std::map<std::pair<int, int>, int> masks_;
  std::map<int, Channel> average_channel_;
};

}  // namespace

Plan make_plan(const Program& program) {
  return Planner(program).take();
}

}  // namespace separatrix::padded
