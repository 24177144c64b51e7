// One line of metrics.jsonl holds the counts of some training steps; a bin of lines makes one point.
#include "experiments/report/learning.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "models/io/whole_file.h"

namespace separatrix {

std::vector<MetricPoint> read_learning(const std::filesystem::path& metrics, std::size_t points) {
  if (!std::filesystem::exists(metrics)) return {};
  struct Line {
    double step, difficulty;
    Counts counts;
  };
  std::vector<Line> lines;
  std::istringstream text(read_whole(metrics));
  for (std::string line; std::getline(text, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);  // a killed run may leave half a line
    if (!json.is_object() || !json.contains("counted") || !json.contains("difficulty")) continue;
    lines.push_back({json.value("step", 0.0), json.value("difficulty", 0.0), {json.value("correct", 0), json.value("counted", 0)}});
  }
  std::vector<MetricPoint> out;
  const std::size_t bin = std::max<std::size_t>(1, (lines.size() + points - 1) / points);
  for (std::size_t first = 0; first < lines.size(); first += bin) {
    Counts counts;
    const std::size_t end = std::min(lines.size(), first + bin);
    for (std::size_t i = first; i < end; ++i) counts += lines[i].counts;
    if (counts.counted > 0) out.push_back({lines[end - 1].step, lines[end - 1].difficulty, counts.accuracy()});
  }
  return out;
}

}  // namespace separatrix
