#include "experiments/cli/token_lines.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

std::vector<std::int32_t> parse_line(std::string line, int vocab, const std::string& place) {
  std::vector<std::int32_t> ids;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_object() && json.contains("tokens")) {
    try {
      ids = json["tokens"].get<std::vector<std::int32_t>>();
    } catch (const nlohmann::json::exception&) {
      fail("{}: `tokens` is not a list of token ids", place);
    }
  } else {
    std::erase_if(line, [](char c) { return c == '[' || c == ']'; });
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream words(line);
    for (std::int32_t id; words >> id;) ids.push_back(id);
    if (!words.eof()) fail("{}: wanted token ids separated by spaces, or a JSON object with `tokens`", place);
  }
  if (ids.empty()) fail("{}: an empty line; wanted token ids", place);
  for (const std::int32_t id : ids)
    if (id < 0 || id >= vocab) fail("{}: token {} is outside the model's vocabulary of {}", place, id, vocab);
  return ids;
}

}  // namespace

std::vector<std::vector<std::int32_t>> read_token_lines(const std::string& path, int vocab) {
  std::istringstream lines(read_whole(path));
  std::vector<std::vector<std::int32_t>> sequences;
  for (std::string line; std::getline(lines, line);)
    sequences.push_back(parse_line(line, vocab, fmt::format("{}:{}", path, sequences.size() + 1)));
  if (sequences.empty()) fail("{}: no tokens", path);
  return sequences;
}

}  // namespace separatrix
