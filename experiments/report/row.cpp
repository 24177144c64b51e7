// Rows to CSV and back through the one list of columns in row.h.
#include "experiments/report/row.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "experiments/report/csv.h"
#include "tasks/error.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

std::vector<std::string> column_names() {
  std::vector<std::string> names;
  const Row row;
  for_each_field(row, [&](const char* name, const auto&) { names.push_back(name); });
  return names;
}

template <class Number>
void parse_number(const std::string& text, Number& value, const char* column, const std::string& source) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    fail("{}: column '{}' wants a number, got '{}'; the file is damaged or edited", source, column, text);
}

/// Counts that can be, and a status that is known.
void check_row(const Row& row, const std::string& source) {
  const auto possible = [](std::int64_t correct, std::int64_t counted) { return 0 <= correct && correct <= counted; };
  if (!possible(row.correct, row.counted) || !possible(row.floor_correct, row.floor_counted))
    fail("{}: run {} has {} right of {}, floor {} of {}; the file is damaged or edited", source, row.run, row.correct, row.counted,
         row.floor_correct, row.floor_counted);
  if (row.status == "done" && row.counted == 0)
    fail("{}: run {} is done, but nothing was counted at difficulty {}; the file is damaged or edited", source, row.run,
         row.difficulty);
  if (row.difficulty < 0 || !std::isfinite(row.lr))
    fail("{}: run {} has difficulty {} and learning rate {}; the file is damaged or edited", source, row.run, row.difficulty,
         row.lr);
  if (row.status != "done" && row.status != "diverged" && row.status != "crashed")
    fail("{}: run {} has the status '{}' (done, diverged, crashed); the file is damaged or edited", source, row.run, row.status);
}

}  // namespace

std::string to_csv(const std::vector<Row>& rows) {
  std::string text = csv_line(column_names()) + "\n";
  for (const Row& row : rows) {
    std::vector<std::string> fields;
    for_each_field(row, [&](const char*, const auto& field) { fields.push_back(fmt::format("{}", field)); });
    text += csv_line(fields) + "\n";
  }
  return text;
}

std::vector<Row> rows_from_csv(std::string_view text, const std::string& source) {
  const Csv csv = parse_csv(text, source);
  const std::vector<std::string> names = column_names();
  for (const std::string& name : csv.header)
    if (std::find(names.begin(), names.end(), name) == names.end())
      fail("{}: unknown column '{}'; did you mean '{}'?", source, name, nearest(name, names));
  std::vector<Row> rows(csv.rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for_each_field(rows[i], [&](const char* name, auto& field) {
      const auto column = std::find(csv.header.begin(), csv.header.end(), name) - csv.header.begin();
      const bool absent = column == static_cast<std::ptrdiff_t>(csv.header.size());
      if (absent && (std::string_view(name) == "hardest" || std::string_view(name) == "isa")) return;
      if (absent) fail("{}: column '{}' is missing; write it again with sweep", source, name);
      const std::string& cell = csv.rows[i][static_cast<std::size_t>(column)];
      if constexpr (std::is_same_v<std::decay_t<decltype(field)>, std::string>)
        field = cell;
      else
        parse_number(cell, field, name, source);
    });
  for (const Row& row : rows) check_row(row, source);
  return rows;
}

}  // namespace separatrix
