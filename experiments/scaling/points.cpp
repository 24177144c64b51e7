#include "experiments/scaling/points.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "experiments/report/csv.h"
#include "tasks/error.h"

namespace separatrix {

double positive_number(const std::string& text, const std::string& where) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || !std::isfinite(value) || value <= 0)
    fail("{}: '{}' came where a finite number above 0 is wanted", where, text);
  return value;
}

std::map<std::string, std::vector<ScalingPoint>> parse_points(std::string_view text, const std::string& source) {
  const std::vector<std::string> columns = {"arch", "N", "D", "loss"};
  const Csv csv = parse_csv(text, source);
  std::vector<std::size_t> at;
  for (const std::string& column : columns)
    at.push_back(std::find(csv.header.begin(), csv.header.end(), column) - csv.header.begin());
  if (csv.header.size() != columns.size() || *std::max_element(at.begin(), at.end()) >= columns.size())
    fail("{}: the columns are {}, wanted {}; name each once and leave others out", source, fmt::join(csv.header, ","),
         fmt::join(columns, ","));
  if (csv.rows.empty()) fail("{}: no points; wanted a row for each trained model", source);
  std::map<std::string, std::vector<ScalingPoint>> points;
  for (std::size_t row = 0; row < csv.rows.size(); ++row) {
    const auto number = [&](std::size_t c) {
      return positive_number(csv.rows[row][at[c]], fmt::format("{}, row {}, {}", source, row + 1, columns[c]));
    };
    points[csv.rows[row][at[0]]].push_back({number(1), number(2), number(3)});
  }
  return points;
}

}  // namespace separatrix
