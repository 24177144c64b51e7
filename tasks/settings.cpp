// Reading options strictly: an unknown name or value is an error that names the nearest known one.
#include "tasks/settings.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tasks/nearest.h"

namespace separatrix {
namespace {

std::optional<int> parse_integer(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string Settings::text(const std::string& name, const std::string& fallback, const std::string& choices,
                           const std::string& reason) {
  const auto given = given_.find(name);
  const std::string value = given == given_.end() ? fallback : given->second;
  list_.push_back({name, value, choices, reason});
  return value;
}

std::string Settings::choice(const std::string& name, const std::string& fallback, const std::vector<std::string>& words,
                             const std::string& reason) {
  const std::string allowed = fmt::format("{}", fmt::join(words, ", "));
  const std::string value = text(name, fallback, allowed, reason);
  if (std::find(words.begin(), words.end(), value) == words.end())
    fail("{}: {} = '{}' is not one of {}; did you mean '{}'?", task_, name, value, allowed, nearest(value, words));
  return value;
}

int Settings::integer(const std::string& name, int fallback, int low, int high, const std::string& reason) {
  const std::string value = text(name, std::to_string(fallback), fmt::format("{} to {}", low, high), reason);
  const std::optional<int> number = parse_integer(value);
  if (!number || *number < low || *number > high)
    fail("{}: {} = '{}': wanted an integer from {} to {}", task_, name, value, low, high);
  return *number;
}

int Settings::integer_or(const std::string& name, const std::string& fallback, const std::string& word, int word_means, int low,
                         int high, const std::string& reason) {
  const std::string value = text(name, fallback, fmt::format("{}, or {} to {}", word, low, high), reason);
  if (value == word) return word_means;
  const std::optional<int> number = parse_integer(value);
  if (!number || *number < low || *number > high)
    fail("{}: {} = '{}': wanted '{}' or an integer from {} to {}", task_, name, value, word, low, high);
  return *number;
}

void Settings::finish() const {
  std::vector<std::string> known;
  for (const TaskOption& option : list_) known.push_back(option.name);
  for (const auto& [name, value] : given_)
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail("{}: unknown option '{}'; did you mean '{}'? (known: {})", task_, name, nearest(name, known), fmt::join(known, ", "));
}

}  // namespace separatrix
