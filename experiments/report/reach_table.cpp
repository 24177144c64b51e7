#include "experiments/report/reach_table.h"

#include <algorithm>
#include <charconv>

#include "experiments/report/csv.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

const std::vector<std::string> columns = {"construction", "numbers", "device", "right_up_to", "wrong_at", "samples", "refused"};

int whole_number(const std::string& text, const std::string& source) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail("{}: '{}' is not a whole number", source, text);
  return value;
}

/// Names in the order in which they come.
std::vector<std::string> construction_names(const std::vector<Reach>& rows) {
  std::vector<std::string> names;
  for (const Reach& r : rows)
    if (std::find(names.begin(), names.end(), r.construction) == names.end()) names.push_back(r.construction);
  return names;
}

const Reach* find(const std::vector<Reach>& rows, const std::string& construction, const std::string& numbers) {
  for (const Reach& r : rows)
    if (r.construction == construction && r.numbers == numbers) return &r;
  return nullptr;
}

Cell cell(const Reach* r) {
  if (!r) return {"", ""};
  if (!r->refused.empty()) return {"no kernel", ""};
  if (r->right_up_to == 0 && r->wrong_at == 0) return {"not tried", ""};
  if (r->wrong_at == 0) return {fmt::format("{} or more", r->right_up_to), "not tried further"};
  return {std::to_string(r->right_up_to), fmt::format("wrong at {}", r->wrong_at)};
}

/// Mantissa bits of an arithmetic in which every operation is rounded; 0 for the others.
int mantissa_bits(const std::string& numbers) {
  if (numbers == "double") return 53;
  return numbers.starts_with("log:") ? std::stoi(numbers.substr(4)) : 0;
}

}  // namespace

std::string to_csv(const std::vector<Reach>& rows) {
  std::string text = csv_line(columns) + "\n";
  for (const Reach& r : rows)
    text += csv_line({r.construction, r.numbers, r.device, std::to_string(r.right_up_to), std::to_string(r.wrong_at),
                      std::to_string(r.samples), r.refused}) +
            "\n";
  return text;
}

std::vector<Reach> reach_from_csv(const std::string& text, const std::string& source) {
  const Csv csv = parse_csv(text, source);
  if (csv.header != columns) fail("{}: not a table of reaches; `separatrix reach` writes one", source);
  std::vector<Reach> rows;
  for (const std::vector<std::string>& f : csv.rows)
    rows.push_back({f[0], f[1], f[2], whole_number(f[3], source), whole_number(f[4], source), whole_number(f[5], source), f[6]});
  return rows;
}

Table reach_table(const std::vector<Reach>& rows) {
  Table table{"reach", "How far each construction is right in each arithmetic", {}, {"construction"}, {}};
  for (const Arithmetic& a : arithmetics()) {
    table.header.push_back(a.numbers);
    table.notes.push_back(fmt::format("{}: {} (device {}).", a.numbers, a.meaning, a.device));
  }
  table.notes.push_back("A number is the largest difficulty, of 1, 2, 4, ..., at which every answer was right.");
  for (const std::string& name : construction_names(rows)) {
    std::vector<Cell> line = {{name, ""}};
    for (const Arithmetic& a : arithmetics()) line.push_back(cell(find(rows, name, a.numbers)));
    table.rows.push_back(std::move(line));
  }
  return table;
}

namespace {

bool fails_somewhere(const std::vector<Reach>& rows, const std::string& construction) {
  return std::any_of(rows.begin(), rows.end(), [&](const Reach& r) {
    return r.construction == construction && mantissa_bits(r.numbers) > 0 && r.right_up_to > 0 && r.wrong_at > 0;
  });
}

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

}  // namespace

Figure reach_figure(const std::vector<Reach>& rows) {
  Figure figure{"reach", {}, {}};
  Panel panel{"Constructions",
              "bits of the mantissa, every operation rounded",
              "right up to difficulty",
              "  set logscale y 2\n  set xrange [5:56]\n  set xtics (8, 11, 24, 53)\n",
              {}};
  static const std::vector<std::string> colors = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};
  const std::vector<std::string> names = construction_names(rows);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!fails_somewhere(rows, names[i])) continue;  // their points would show how far was tried, and nothing else
    const std::string color = colors[i % colors.size()];
    const int point = 4 + 2 * static_cast<int>(i % 5);
    Curve line{{}, fmt::format("using 1:2 with points ps 1.4 lc '{}' pt {}", color, point)};
    Curve further{{}, fmt::format("using 1:2:(0):($2*0.6) with vectors lw 2 lc '{}'", color)};
    for (const Reach& r : rows) {
      if (r.construction != names[i] || mantissa_bits(r.numbers) == 0 || !r.refused.empty() || r.right_up_to == 0) continue;
      const Points::value_type at = {static_cast<double>(mantissa_bits(r.numbers)), static_cast<double>(r.right_up_to)};
      line.points.push_back(at);
      if (r.wrong_at == 0) further.points.push_back(at);
    }
    panel.curves.push_back(std::move(line));
    if (!further.points.empty()) panel.curves.push_back(std::move(further));
    figure.legend.push_back({"", fmt::format("pt {} lc '{}'", point, color), spaced(names[i])});
  }
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace separatrix
