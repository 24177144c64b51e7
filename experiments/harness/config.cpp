// Reading a config: flatten the TOML table to dotted keys, then ask for every known key by name and type.
#include "experiments/harness/config.h"

#include <toml++/toml.h>

#include <cmath>
#include <functional>
#include <map>
#include <sstream>

#include "experiments/harness/config_keys.h"
#include "models/io/whole_file.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

/// A value of the file: its node and where it stands, for messages.
struct Found {
  const toml::node* node;
  std::string place;
};

std::string place_of(const toml::node& node, const std::string& origin) {
  const auto line = node.source().begin.line;
  return line == 0 ? origin : fmt::format("{}:{}", origin, line);
}

std::map<std::string, Found> flatten(const toml::table& table, const std::string& origin) {
  std::map<std::string, Found> out;
  const std::function<void(const toml::table&, const std::string&)> visit = [&](const toml::table& level,
                                                                                const std::string& prefix) {
    for (const auto& [key, node] : level) {
      const std::string name = prefix + std::string(key.str());
      if (const toml::table* inner = node.as_table())
        visit(*inner, name + ".");
      else
        out[name] = {&node, place_of(node, origin)};
    }
  };
  visit(table, "");
  return out;
}

std::string shown(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

/// "an integer, at least 1": what a key takes.
template <class T>
std::string describe(const Allowed& allowed) {
  std::string text;
  if constexpr (std::is_same_v<T, bool>)
    text = "true or false";
  else if constexpr (std::is_same_v<T, std::string>)
    text = "a string";
  else if constexpr (std::is_same_v<T, double>)
    text = "a number";
  else if constexpr (std::is_integral_v<T>)
    text = "an integer";
  else
    text = "a list of integers";
  if (!allowed.words.empty()) {
    std::vector<std::string> words;
    for (const std::string& word : allowed.words)
      if (!word.empty()) words.push_back(word);
    return fmt::format("{}", fmt::join(words, " | "));
  }
  if (std::isfinite(allowed.least)) text += fmt::format(", {} {}", allowed.above ? "above" : "at least", allowed.least);
  if (std::isfinite(allowed.most)) text += fmt::format(", at most {}", allowed.most);
  return text;
}

bool in_range(double value, const Allowed& allowed) {
  return std::isfinite(value) && (allowed.above ? value > allowed.least : value >= allowed.least) && value <= allowed.most;
}

template <class T>
bool read_value(const toml::node& node, T& out, const Allowed& allowed) {
  if constexpr (std::is_same_v<T, bool>) {
    if (const auto* value = node.as_boolean()) return out = value->get(), true;
  } else if constexpr (std::is_same_v<T, std::string>) {
    const auto* value = node.as_string();
    if (!value ||
        (!allowed.words.empty() && std::find(allowed.words.begin(), allowed.words.end(), value->get()) == allowed.words.end()))
      return false;
    return out = value->get(), true;
  } else if constexpr (std::is_same_v<T, double>) {
    if (!node.is_number()) return false;
    return out = *node.value<double>(), in_range(out, allowed);
  } else if constexpr (std::is_integral_v<T>) {
    const auto* value = node.as_integer();
    if (!value || !in_range(static_cast<double>(value->get()), allowed)) return false;
    out = static_cast<T>(value->get());
    return static_cast<std::int64_t>(out) == value->get();
  } else {
    const toml::array* list = node.as_array();
    if (!list) return false;
    out.clear();
    for (const toml::node& item : *list)
      if (!read_value(item, out.emplace_back(), allowed)) return false;
    return true;
  }
  return false;
}

/// A task option may be written as a string, a number or a truth value; tasks read text.
std::string option_text(const Found& found, const std::string& key) {
  if (const auto text = found.node->value_exact<std::string>()) return *text;
  if (const auto* number = found.node->as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = found.node->as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* truth = found.node->as_boolean()) return truth->get() ? "true" : "false";
  fail("{}: {} must be a word, a number or a truth value, not {}", found.place, key, shown(*found.node));
}

/// Puts `value` at the dotted `key`, making the tables on the way.
void insert(toml::table& table, const std::string& key, const toml::node& value, const std::string& set) {
  toml::table* at = &table;
  std::size_t begin = 0;
  for (std::size_t dot = key.find('.'); dot != std::string::npos; begin = dot + 1, dot = key.find('.', begin)) {
    const std::string part = key.substr(begin, dot - begin);
    at->insert(part, toml::table{});
    at = (*at)[part].as_table();
    if (!at) fail("--set {}: '{}' is not a section", set, key.substr(0, dot));
  }
  at->insert_or_assign(key.substr(begin), value);
}

void apply_set(toml::table& table, const std::string& set) {
  const std::size_t equals = set.find('=');
  if (equals == std::string::npos || equals == 0) fail("--set {}: give it as key=value, such as train.lr=0.001", set);
  if (set.find('\n') != std::string::npos)
    fail("--set {}: one key and one value, on one line; give --set again for the next", set.substr(0, set.find('\n')));
  const std::string key = set.substr(0, equals), value = set.substr(equals + 1);
  // One of the two names the model: the later one counts.
  if (toml::table* model = table["model"].as_table()) {
    if (key == "model.preset") model->erase("pattern");
    if (key == "model.pattern") model->erase("preset");
  }
  toml::table parsed;
  try {
    parsed = toml::parse("value = " + value);
  } catch (const toml::parse_error&) {
    parsed.insert_or_assign("value", value);  // a bare word
  }
  insert(table, key, *parsed.get("value"), set);
}

toml::table parse_toml(const std::string& text, const std::string& origin) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    fail("{}:{}: not valid TOML: {}", origin, error.source().begin.line, error.description());
  }
}

/// Fills the config from the values found; what remains must be task options.
RunConfig fill(std::map<std::string, Found> found) {
  RunConfig config;
  config.model.options.pattern.clear();
  std::vector<std::string> known;
  for_each_key(config, [&](const std::string& name, auto& member, const Allowed& allowed, const char*) {
    known.push_back(name);
    const auto it = found.find(name);
    if (it == found.end()) return;
    if (!read_value(*it->second.node, member, allowed))
      fail("{}: {} = {} must be {}", it->second.place, name, shown(*it->second.node),
           describe<std::decay_t<decltype(member)>>(allowed));
    found.erase(it);
  });
  for (const auto& [name, value] : found) {
    const std::string in_task = "task.", in_evaluate = "evaluate.task.";
    if (name.starts_with(in_task))
      config.task.options[name.substr(in_task.size())] = option_text(value, name);
    else if (name.starts_with(in_evaluate))
      config.evaluate.task[name.substr(in_evaluate.size())] = option_text(value, name);
    else
      fail("{}: unknown key '{}'; did you mean '{}'?", value.place, name, nearest(name, known));
  }
  return config;
}

/// The preset fills the pattern; together they must agree.
void settle_model(ModelConfig& model, const std::string& origin) {
  std::string& pattern = model.options.pattern;
  if (model.preset.empty() && pattern.empty())
    fail("{}: give model.preset (transformer, gdn, hybrid) or model.pattern (such as GGGA)", origin);
  if (model.preset.empty()) return;
  const std::string filled = preset_pattern(model.preset);
  if (!pattern.empty() && pattern != filled)
    fail("{}: model.pattern = '{}' contradicts model.preset = '{}' ({}); give one of the two", origin, pattern, model.preset,
         filled);
  pattern = filled;
}

std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << toml::toml_formatter(toml::value<std::string>(text),
                              toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings);
  return out.str();
}

template <class T>
std::string toml_text(const T& value) {
  if constexpr (std::is_same_v<T, std::string>)
    return quoted(value);
  else if constexpr (std::is_same_v<T, double>) {
    const std::string text = fmt::format("{}", value);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  } else if constexpr (std::is_arithmetic_v<T>)
    return fmt::format("{}", value);
  else
    return fmt::format("[{}]", fmt::join(value, ", "));
}

}  // namespace

RunConfig parse_config(const std::string& text, const std::string& origin, const std::vector<std::string>& sets,
                       const Places& places) {
  toml::table table = parse_toml(text, origin);
  for (const std::string& set : sets) apply_set(table, set);
  std::map<std::string, Found> found = flatten(table, origin);
  for (auto& [key, at] : found)  // a value that was set stands on no line
    if (const auto place = places.find(key); place != places.end() && at.node->source().begin.line != 0) at.place = place->second;
  RunConfig config = fill(std::move(found));
  settle_model(config.model, origin);
  return config;
}

RunConfig load_config(const std::string& path, const std::vector<std::string>& sets) {
  return parse_config(read_whole(path), path, sets);
}

std::vector<ConfigKey> config_entries(const RunConfig& config) {
  std::vector<ConfigKey> out;
  bool options_done = false;
  for_each_key(config, [&](const std::string& name, const auto& member, const Allowed& allowed, const char* meaning) {
    if (!options_done && !name.starts_with("task.")) {
      for (const auto& [option, value] : config.task.options)
        out.push_back({"task." + option, quoted(value), "", "option of the task"});
      options_done = true;
    }
    out.push_back({name, toml_text(member), describe<std::decay_t<decltype(member)>>(allowed), meaning});
  });
  for (const auto& [option, value] : config.evaluate.task)
    out.push_back({"evaluate.task." + option, quoted(value), "", "option of the task at evaluation"});
  return out;
}

std::vector<ConfigKey> config_keys() {
  return config_entries(RunConfig{});
}

std::string to_toml(const RunConfig& config) {
  std::string out, section;
  for (const ConfigKey& key : config_entries(config)) {
    const std::size_t dot = key.name.rfind('.');
    if (key.name.substr(0, dot) != section) {
      out += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", key.name.substr(0, dot));
      section = key.name.substr(0, dot);
    }
    out += fmt::format("{} = {}\n", key.name.substr(dot + 1), key.value);
  }
  return out;
}

}  // namespace separatrix
