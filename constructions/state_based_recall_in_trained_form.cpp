// State-based recall by layers in the form in which models are trained: pre-norm, short convolutions, SiLU, unit keys, sigmoid
// gates, values scaled by beta, gated RMSNorm of the output, softmax attention.  The order is that of Theorem 1: delta rule, then
// attention.  It answers programs without reveals.
//   block 0  delta rule, counters.  Two reflections, at an entry and at its comma, turn the plane of head f by an angle w_f: at the
//            i-th number of a line its output is (cos i w_f, sin i w_f).  One more head holds +1 inside the list, -1 behind it
//   block 1  delta rule, pointers.  The angles 2 pi / 5 and 4 pi / 5 make five orthonormal vectors, so that the j-th value finds
//            register j; `=` swaps two registers as in swaps_in_trained_form; `==` reads the code of a pointer
//   block 2  attention: query (cos p w_f, sin p w_f), keys as block 0 made them.  The score sum_f cos (i - p) w_f with
//            w_f = pi / 2^f loses at least 2 at i != p: in d = i - p < 2^F the lowest 1 bit, number f, makes cos d w_f = -1
// Unlike the layer-norm hash, whose scores are 1 / (2 n^4) apart, this needs log2 n heads and no precision that grows with n.
#include <algorithm>
#include <bit>
#include <cmath>

#include "constructions/construction.h"
#include "constructions/program_builder.h"
#include "constructions/trained_form.h"

namespace separatrix {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kRegisterHeads = 2;   // counters of the angles 2 pi / 5 and 4 pi / 5
constexpr double kEmbedding = 64;   // length of every embedding: eps of the norms is then lost in rounding
constexpr double kCodeLength = 12;  // of one (cos, sin) in the embedding of a number
constexpr double kKeyLength = 16;   // SiLU(16) is 16 up to rounding

/// Angles and places of one size: `angles` heads count entries, then come two for the registers and one for the list.
struct Plan {
  int numbers, angles;
  int heads() const { return angles + kRegisterHeads + 1; }
  double angle(int head) const { return head < angles ? kPi / (1 << head) : 2 * kPi * (head - angles + 1) / kPointers; }
};

std::string turn(const char* part, int head) {
  return fmt::format("{}_{}", part, head);
}
std::string code(const char* part, int head) {
  return fmt::format("code_{}_{}", part, head);
}

Spec trained_layers(const Plan& plan) {
  GatedDeltaRule counters, pointers;
  counters.key_heads = counters.value_heads = plan.heads();
  counters.key_dim = counters.value_dim = 2;
  pointers.key_heads = pointers.value_heads = 1;
  pointers.key_dim = kPointers, pointers.value_dim = 4 * plan.angles;
  Attention attention;
  attention.heads = 1, attention.head_dim = 2 * plan.angles + 1;
  attention.position = Position::none, attention.qk_norm = QkNorm::none;
  Spec spec;
  for (const Mixer& mixer : {Mixer(counters), Mixer(pointers), Mixer(attention)})
    spec.blocks.push_back({mixer, Mlp{0}, NormPlace::pre});
  return spec;
}

std::vector<std::string> coordinate_names(const Plan& plan) {
  std::vector<std::string> names{"other", "is_bits",   "is_open", "is_close", "is_newline", "is_comma", "is_assign",
                                 "asks",  "is_number", "sign",    "filler",   "in_list",    "bit"};
  for (int j = 0; j < kPointers; ++j) names.push_back(of_variable("name", j));
  for (int head = 0; head < plan.angles + kRegisterHeads; ++head)
    names.push_back(turn("cos", head)), names.push_back(turn("sin", head));
  for (int head = 0; head < plan.angles; ++head) names.push_back(code("cos", head)), names.push_back(code("sin", head));
  fill_to_square(names);
  return names;
}

/// A number has half its length in `is_number`, so that a norm leaves exactly 1/2 there; the rest is its code, and its sign as a
/// bit.
void embed_tokens(WeightBuilder& w, const Plan& plan) {
  w.embed_all({{"other", real(kEmbedding)}});
  const auto is = [&](const std::string& token, const std::string& name) {
    w.embed(token, {{"other", 0}, {name, real(kEmbedding)}});
  };
  for (const auto& [token, name] : {std::pair{"bits", "is_bits"},
                                    {"[", "is_open"},
                                    {"]", "is_close"},
                                    {"\n", "is_newline"},
                                    {",", "is_comma"},
                                    {"=", "is_assign"},
                                    {"==", "asks"}})
    is(token, name);
  for (int j = 0; j < kPointers; ++j) is(variable_token(j), of_variable("name", j));
  const double rest = std::sqrt(kEmbedding * kEmbedding * 3 / 4 - kCodeLength * kCodeLength * plan.angles);
  for (int p = 0; p < plan.numbers; ++p) {
    WeightBuilder::Values values{{"other", 0}, {"is_number", real(kEmbedding / 2)}};
    values.push_back(p < 2 ? std::pair{"sign", real(p == 1 ? rest : -rest)} : std::pair{"filler", real(rest)});
    for (int head = 0; head < plan.angles; ++head) {
      values.push_back({code("cos", head), real(kCodeLength * std::cos(p * plan.angle(head)))});
      values.push_back({code("sin", head), real(kCodeLength * std::sin(p * plan.angle(head)))});
    }
    w.embed(std::to_string(p), values);
  }
}

/// What every head of block 0 shares: it is asked at numbers alone, and only there its output gate is open.
void ask_at_numbers(WeightBuilder& w, int first) {
  w.reads("0.q", first, {{"is_number", 2}});
  for (const char* row : {"0.q", "0.k", "0.v"}) w.filter(row, first, {{0, real(kKeyLength)}});
  w.filter("0.v", first + 1, {{0, real(kKeyLength)}});
  for (const int channel : {first, first + 1}) w.reads("0.g", channel, {{"is_number", 8}});
}

/// beta: 1/2 replaces a column, 1 reflects, elsewhere it is 0 up to rounding.
void act_at(WeightBuilder& w, const std::string& gate, int head, const std::vector<std::string>& replaces,
            const std::vector<std::string>& reflects) {
  std::vector<std::string> names{"other",    "is_bits",   "is_open", "is_close", "is_newline",
                                 "is_comma", "is_assign", "asks",    "is_number"};
  for (int j = 0; j < kPointers; ++j) names.push_back(of_variable("name", j));
  for (const std::string& name : names) {
    const auto in = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), name) != list.end(); };
    if (!in(replaces)) w.reads(gate, head, {{name, (in(reflects) ? 40 : -40) * (name == "is_number" ? 2 : 1)}});
  }
}

/// Block 0, a counter.  Its state begins as the unit matrix: column 1 at `[` and at the newline, column 0 at the `=` after `bits`
/// or a name.  Keys: (0, 1) at a number, (sin w/2, cos w/2) at the comma behind it.  A comma behind a name turns column 0 around,
/// which the `=` replaces.
void count_entries(WeightBuilder& w, const Plan& plan, int head) {
  const int first = 2 * head;
  const double half = plan.angle(head) / 2;
  ask_at_numbers(w, first);
  w.reads("0.k", first, {{"is_number", 2}, {"is_bits", 1}});
  for (int j = 0; j < kPointers; ++j) w.reads("0.k", first, {{of_variable("name", j), 1}});
  w.filter("0.k", first, {{0, 0}, {1, silu_preimage(kKeyLength * std::sin(half))}});
  w.reads("0.k", first + 1, {{"is_number", 2}, {"is_open", 1}, {"is_newline", 1}});
  w.filter("0.k", first + 1, {{0, real(kKeyLength)}, {1, silu_preimage(kKeyLength * std::cos(half))}});
  w.reads("0.v", first, {{"is_assign", 1}});
  w.reads("0.v", first + 1, {{"is_open", 1}, {"is_newline", 1}});
  act_at(w, "0.b", head, {"is_open", "is_newline", "is_assign"}, {"is_number", "is_comma"});
  w.writes("0.o", turn("cos", head), {{first, 4}});
  w.writes("0.o", turn("sin", head), {{first + 1, 4}});
}

/// Block 0, the list: the state is (1, 0) from `[` on, (0, 1) from `]` on.
void know_the_list(WeightBuilder& w, int head) {
  const int first = 2 * head;
  ask_at_numbers(w, first);
  w.reads("0.k", first, {{"is_open", 1}, {"is_close", 1}});
  w.reads("0.v", first, {{"is_open", 1}});
  w.reads("0.v", first + 1, {{"is_close", 1}});
  act_at(w, "0.b", head, {"is_open", "is_close"}, {});
  w.writes("0.o", "in_list", {{first, 1}, {first + 1, -1}});
}

/// Block 1.  Entry m of the key of the j-th value is large if m = j and far below 0 else: sum over both angles of
/// 2/5 (cos j w cos m w + sin j w sin m w) + 1/5 = [j = m].
void track_pointers(WeightBuilder& w, const Plan& plan) {
  const double turned = 64;  // at least as much as a code (cos, sin) = (1, 0) gives after the norm
  for (int m = 0; m < kPointers; ++m) {
    WeightBuilder::Values reads{{of_variable("name", m), 1}, {"is_number", real(-turned)}};
    for (int head = plan.angles; head < plan.angles + kRegisterHeads; ++head) {
      reads.push_back({turn("cos", head), real(turned * std::cos(m * plan.angle(head)))});
      reads.push_back({turn("sin", head), real(turned * std::sin(m * plan.angle(head)))});
    }
    w.reads("1.k", m, reads);
    w.filter("1.k", m, {{0, 1}, {1, silu_minus_quarter()}, {3, silu_plus_quarter()}});
    w.reads("1.q", m, {{of_variable("name", m), 1}});
    w.filter("1.q", m, {{2, real(kKeyLength)}});  // `a ] ==`
  }
  // SiLU keeps what is far above 0: a code is stored as 2 + cos and 2 - cos, 2 + sin and 2 - sin.
  const double value = 96, offset = 2 * kCodeLength / (kEmbedding / 2);
  for (int head = 0; head < plan.angles; ++head)
    for (int part = 0; part < 4; ++part) {
      const int channel = 4 * head + part;
      w.reads("1.v", channel,
              {{"is_number", real(value * offset)}, {code(part < 2 ? "cos" : "sin", head), real(part % 2 ? -value : value)}});
      w.filter("1.v", channel, {{0, 1}});
      w.reads("1.g", channel, {{"asks", 4}});
      if (part % 2) continue;
      w.writes("1.o", code(part < 2 ? "cos" : "sin", head), {{channel, 4}, {channel + 1, -4}});
    }
  act_at(w, "1.b", 0, {"is_number"}, {"is_assign"});
}

/// Block 2, and the read-out.
void look_up(WeightBuilder& w, const Plan& plan) {
  for (int head = 0; head < plan.angles; ++head)
    for (const auto& [channel, part] : {std::pair{2 * head, "cos"}, {2 * head + 1, "sin"}}) {
      w.reads("2.q", channel, {{code(part, head), 32}});
      w.reads("2.k", channel, {{turn(part, head), 32}});
    }
  w.reads("2.q", 2 * plan.angles, {{"asks", 32}});
  w.reads("2.k", 2 * plan.angles, {{"in_list", 32}});
  w.reads("2.v", 0, {{"sign", 1}});
  w.writes("2.o", "bit", {{0, real(kEmbedding)}});
  w.logit("0", {{"bit", -1}});
  w.logit("1", {{"bit", 1}});
}

}  // namespace

BuiltModel build_state_based_recall_in_trained_form(int numbers) {
  if (numbers < 2 || numbers > 65536) fail("state_based_recall_in_trained_form wants n from 2 to 65536 numbers, not {}", numbers);
  const TaskOptions options{{"numbers", std::to_string(numbers)}, {"strict", "100"}};
  const Plan plan{numbers, static_cast<int>(std::bit_width(static_cast<unsigned>(numbers) - 1))};
  const std::vector<std::string> coordinates = coordinate_names(plan);
  WeightBuilder w(trained_layers(plan), make_task("state_based_recall", options)->vocabulary(), coordinates);
  use_trained_norms(w, static_cast<int>(coordinates.size()));
  embed_tokens(w, plan);
  for (int head = 0; head + 1 < plan.heads(); ++head) count_entries(w, plan, head);
  know_the_list(w, plan.heads() - 1);
  track_pointers(w, plan);
  look_up(w, plan);
  return {w.spec(), w.weights(), "state_based_recall", options};
}

}  // namespace separatrix
