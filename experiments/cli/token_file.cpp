#include "experiments/cli/token_file.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "models/io/safetensors.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

void check_ids(const std::vector<std::int32_t>& ids, int vocab, const std::string& place) {
  for (const std::int32_t id : ids)
    if (id < 0 || id >= vocab) fail("{}: token {} is outside the model's vocabulary of {}", place, id, vocab);
}

/// The ids of a JSON list; an id that is no whole number of 32 bits is refused, not rounded.
std::vector<std::int32_t> ids_of(const nlohmann::json& list, const std::string& place) {
  std::vector<std::int32_t> ids;
  if (!list.is_array()) fail("{}: `tokens` is not a list of token ids", place);
  for (const auto& id : list) {
    if (!id.is_number_integer() || id < 0 || id > std::numeric_limits<std::int32_t>::max())
      fail("{}: {} is not a token id", place, id.dump());
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

/// A comma follows an id, and another id follows it.
void check_commas(const std::string& line, const std::string& place) {
  bool after_id = false;
  char last = ' ';
  for (const char c : line) {
    if (c == ' ' || c == '\t' || c == '\r') continue;
    if (c == ',' && !after_id) fail("{}: an entry before a comma is empty; wanted token ids", place);
    after_id = c != ',', last = c;
  }
  if (last == ',') fail("{}: an entry after the last comma is empty; wanted token ids", place);
}

std::vector<std::int32_t> ids_of_words(std::string line, const std::string& place) {
  check_commas(line, place);
  std::replace(line.begin(), line.end(), ',', ' ');
  std::istringstream words(line);
  std::vector<std::int32_t> ids;
  for (std::string word; words >> word;) {
    std::int32_t id = 0;
    const char* end = word.data() + word.size();
    if (const auto [stop, error] = std::from_chars(word.data(), end, id); error != std::errc() || stop != end)
      fail("{}: wanted token ids separated by spaces, a JSON list of them, or a JSON object with `tokens`, not '{}'", place, word);
    ids.push_back(id);
  }
  return ids;
}

std::vector<std::int32_t> parse_line(const std::string& line, int vocab, const std::string& place) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const std::vector<std::int32_t> ids = json.is_object() && json.contains("tokens") ? ids_of(json["tokens"], place)
                                        : json.is_array()                           ? ids_of(json, place)
                                                                                    : ids_of_words(line, place);
  if (ids.empty()) fail("{}: an empty line; wanted token ids", place);
  check_ids(ids, vocab, place);
  return ids;
}

const Tensor& int32(const std::string& path, const Safetensors& file, const char* name, std::size_t axes) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) fail("{}: no tensor `{}`; `tasks sample --format safetensors` writes such files", path, name);
  if (found->second.dtype != DType::I32 || found->second.shape.size() != axes)
    fail("{}: `{}` is {} with {} axes, wanted I32 with {}", path, name, dtype_name(found->second.dtype), found->second.shape.size(),
         axes);
  return found->second;
}

/// Rows of `tokens` (sequences, length), each cut to its number of `lengths` (sequences) where there are some.
std::vector<std::vector<std::int32_t>> read_tensor(const std::string& path, int vocab) {
  const Safetensors file = read_safetensors(path);
  const Tensor& tokens = int32(path, file, "tokens", 2);
  const std::int64_t count = tokens.shape[0], width = tokens.shape[1];
  std::vector<std::int32_t> lengths(static_cast<std::size_t>(count), static_cast<std::int32_t>(width));
  if (file.tensors.count("lengths")) {
    const Tensor& given = int32(path, file, "lengths", 1);
    if (given.shape[0] != count) fail("{}: {} lengths for {} sequences", path, given.shape[0], count);
    lengths = given.values<std::int32_t>();
  }
  const std::vector<std::int32_t> ids = tokens.values<std::int32_t>();
  std::vector<std::vector<std::int32_t>> sequences;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t length = lengths[static_cast<std::size_t>(i)];
    if (length < 1 || length > width) fail("{}: sequence {} has length {}, wanted 1 to {}", path, i, length, width);
    const auto first = ids.begin() + i * width;
    check_ids(sequences.emplace_back(first, first + length), vocab, fmt::format("{}: sequence {}", path, i));
  }
  return sequences;
}

}  // namespace

std::vector<std::vector<std::int32_t>> read_sequences(const std::string& path, int vocab) {
  std::vector<std::vector<std::int32_t>> sequences;
  if (path.ends_with(".safetensors")) {
    sequences = read_tensor(path, vocab);
  } else {
    std::istringstream lines(read_whole(path));
    for (std::string line; std::getline(lines, line);)
      sequences.push_back(parse_line(line, vocab, fmt::format("{}:{}", path, sequences.size() + 1)));
  }
  if (sequences.empty()) fail("{}: no tokens", path);
  return sequences;
}

}  // namespace separatrix
