#include "experiments/report/limits_table.h"

#include <cmath>

#include "experiments/report/csv.h"
#include "proofs/layer_norm_hash.h"
#include "proofs/padded_bits.h"
#include "proofs/rounded_steps.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

const std::vector<std::string> columns = {"limit", "at", "law", "measured"};

struct Kind {
  std::string name, at, measured, law;
};
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list = {
      {"lazy_walk", "gate logit b, beta = sigmoid(b)", "equal swaps until the margin is below 1/2", "ln 2 / -ln tanh(b / 2)"},
      {"rounded_key", "bits of the key 1 / sqrt 2", "equal swaps until the margin is below 1/2", "ln 2 / -ln(4 c^2 - 1)"},
      {"hash", "bits of the layer-norm hash", "positions told apart", "2^((p - 2) / 4)"},
      {"padded_formulas", "length n of the formula", "bits needed", "4 log2((7 + 2 2^D) (n + 1)) + 5"}};
  return list;
}

const Kind& kind_of(const Limit& limit, const std::string& source) {
  for (const Kind& kind : kinds())
    if (kind.name == limit.name) return kind;
  fail("{}: no limit is called '{}'", source, limit.name);
}

}  // namespace

std::vector<Limit> measure_limits() {
  std::vector<Limit> limits;
  for (const int b : {4, 6, 8, 10}) limits.push_back({"lazy_walk", b, lazy_walk_law(b), lazy_walk_horizon(b)});
  for (const int p : {8, 11, 24}) limits.push_back({"rounded_key", p, rounded_key_law(p), swaps_with_rounded_key(p)});
  for (const int p : {8, 11, 24}) limits.push_back({"hash", p, std::exp2((p - 2) / 4.0), largest_retrieved(p, 100)});
  limits.push_back({"padded_formulas", 7, padded_bits_law(7), padded_bits_needed(7)});
  return limits;
}

std::string to_csv(const std::vector<Limit>& limits) {
  std::string text = csv_line(columns) + "\n";
  for (const Limit& l : limits)
    text += csv_line({l.name, std::to_string(l.at), fmt::format("{:.2f}", l.law), std::to_string(l.measured)}) + "\n";
  return text;
}

std::vector<Limit> limits_from_csv(const std::string& text, const std::string& source) {
  const Csv csv = parse_csv(text, source);
  if (csv.header != columns) fail("{}: not a table of limits; `separatrix reach` writes one", source);
  std::vector<Limit> limits;
  for (const std::vector<std::string>& f : csv.rows) try {
      limits.push_back({f[0], std::stoi(f[1]), std::stod(f[2]), std::stoi(f[3])});
      kind_of(limits.back(), source);
    } catch (const std::logic_error&) {
      fail("{}: '{}' is no row of limits", source, fmt::join(f, ","));
    }
  return limits;
}

Table limits_table(const std::vector<Limit>& limits) {
  Table table{"limits", "Where arithmetic ends steps and scores", {}, {"of", "at", "what", "measured", "law"}, {}};
  for (const Limit& l : limits) {
    const Kind& kind = kind_of(l, "limits");
    table.rows.push_back({{kind.at, ""},
                          {std::to_string(l.at), ""},
                          {kind.measured, ""},
                          {std::to_string(l.measured), ""},
                          {fmt::format("{:.1f}", l.law), kind.law}});
  }
  table.notes = {
      "From b = (p + 1) ln 2 on (6.2, 8.3 and 17.3 for bf16, fp16 and fp32) sigmoid(b) rounds to 1, and nothing is lost.",
      "Thresholds of longer formulas: `separatrix verify padded_bits --deep`."};
  return table;
}

Figure limits_figure(const std::vector<Limit>& limits) {
  Figure figure{"limits", {}, {}};
  const auto panel = [&](const std::string& title, const std::string& x, const std::string& y, const std::string& settings,
                         const std::vector<std::pair<std::string, std::string>>& shown) {
    Panel p{title, x, y, settings, {}};
    for (const auto& [name, color] : shown) {
      Points points;
      for (const Limit& l : limits)
        if (l.name == name) points.push_back({static_cast<double>(l.at), static_cast<double>(l.measured), l.law});
      if (points.empty()) continue;
      p.curves.push_back({points, fmt::format("using 1:3 with lines lw 2 lc '{}'", color)});
      p.curves.push_back({points, fmt::format("using 1:2 with points ps 1.4 pt 7 lc '{}'", color)});
    }
    if (!p.curves.empty()) figure.panels.push_back(std::move(p));
  };
  const std::string key = "#0072b2", hash = "#d55e00", gate = "#009e73";
  panel("Rounded keys and hashes", "bits of the mantissa", "swaps, or positions", "  set logscale y 10\n  set xrange [6:26]\n",
        {{"rounded_key", key}, {"hash", hash}});
  panel("Gates below 1", "gate logit b", "swaps", "  set logscale y 10\n  set xrange [3:11]\n", {{"lazy_walk", gate}});
  for (const auto& [color, title] :
       {std::pair{key, "swaps with rounded keys"}, {hash, "positions by layer-norm hash"}, {gate, "swaps with beta = sigmoid(b)"}})
    figure.legend.push_back({"lw 2 lc '" + color + "'", "pt 7 lc '" + color + "'", title});
  return figure;
}

}  // namespace separatrix
