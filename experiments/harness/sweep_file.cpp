// Reading a sweep and expanding it into runs.
#include "experiments/harness/sweep_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "models/io/whole_file.h"
#include "tasks/nearest.h"
#include "tasks/rng.h"

namespace separatrix {
namespace {

/// A value as TOML text; numbers in their shortest form.
std::string toml_text(const toml::node& node) {
  if (const auto* number = node.as_floating_point()) {
    const std::string text = fmt::format("{}", number->get());
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());  // also of 0x10
  if (const auto* list = node.as_array()) {
    std::vector<std::string> items;
    for (const toml::node& item : *list) items.push_back(toml_text(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  std::ostringstream out;
  if (const auto* text = node.as_string())
    out << toml::toml_formatter(*text, toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings);
  else
    node.visit([&](const auto& value) { out << value; });
  return out.str();
}

/// The lists of a table, also of nested ones ([grid.train] lr = [...]), in the order of the file.
std::vector<Axis> read_axes(const toml::table& table, const std::string& origin) {
  using Place = std::pair<std::uint32_t, std::uint32_t>;
  std::vector<std::pair<Place, Axis>> found;
  const auto visit = [&](const auto& self, const toml::table& level, const std::string& prefix) -> void {
    for (const auto& [key, node] : level) {
      const std::string name = prefix + std::string(key.str());
      if (const toml::table* inner = node.as_table()) {
        self(self, *inner, name + ".");
        continue;
      }
      const toml::array* list = node.as_array();
      if (!list || list->empty())
        fail("{}:{}: {} wants a list of values, such as [1, 2, 3]", origin, node.source().begin.line, name);
      Axis axis{name, {}};
      for (const toml::node& value : *list) axis.values.push_back(toml_text(value));
      found.push_back({{node.source().begin.line, node.source().begin.column}, std::move(axis)});
    }
  };
  visit(visit, table, "");
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Axis> axes;
  for (auto& [place, axis] : found) axes.push_back(std::move(axis));
  return axes;
}

template <class T>
T wanted(const toml::node& node, const std::string& key, const std::string& origin, const char* what) {
  const auto value = node.value_exact<T>();
  if (!value) fail("{}:{}: {} wants {}", origin, node.source().begin.line, key, what);
  return *value;
}

std::int64_t whole_number(const toml::node& node, const std::string& key, const std::string& origin, std::int64_t least) {
  const auto value = wanted<std::int64_t>(node, key, origin, "a whole number");
  if (value < least) fail("{}:{}: {} = {}, but it must be at least {}", origin, node.source().begin.line, key, value, least);
  return value;
}

/// "lr0.001" for train.lr = 0.001, but "evaluate_seed1" beside "seed1", "cosine" for train.schedule = "cosine", "levels2_4" for a
/// list.
std::string name_part(const std::string& key, const std::string& value) {
  const std::string last = key == "evaluate.seed" ? "evaluate_seed" : key.substr(key.rfind('.') + 1);
  std::string text = value.starts_with('"') ? value.substr(1, value.size() - 2) : last + value;
  std::erase_if(text, [](char c) { return c == '[' || c == ']' || c == ' ' || c == '"'; });
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '+') c = '_';
  return text;
}

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Combination `index` of the axes, the last axis fastest.
Settings combination(const std::vector<Axis>& axes, std::size_t index) {
  Settings settings(axes.size());
  for (std::size_t i = axes.size(); i-- > 0; index /= axes[i].values.size())
    settings[i] = {axes[i].key, axes[i].values[index % axes[i].values.size()]};
  return settings;
}

std::size_t combinations(const std::vector<Axis>& axes) {
  std::size_t size = 1;
  for (const Axis& axis : axes) size *= axis.values.size();
  return size;
}

/// Where the keys of [run] stand in the sweep's file.
void add_places(const toml::table& table, const std::string& prefix, SweepFile& sweep) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table())
      add_places(*inner, name + ".", sweep);
    else
      sweep.places[name] = fmt::format("{}:{}", sweep.origin, node.source().begin.line);
  }
}

/// The keys of a sweep's file into `sweep`; a base is read from beside it.
void read_keys(const toml::table& table, const std::filesystem::path& path, SweepFile& sweep) {
  const std::vector<std::string> known = {"name", "hardest", "base", "run", "sample", "sample_seed", "each", "grid"};
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const auto section = [&]() -> const toml::table& {
      if (!node.is_table()) fail("{}:{}: {} wants a table, [{}]", sweep.origin, node.source().begin.line, name, name);
      return *node.as_table();
    };
    if (name == "name") {
      sweep.name = wanted<std::string>(node, name, sweep.origin, "a word");
      const auto allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.'; };
      if (sweep.name.empty() || !std::all_of(sweep.name.begin(), sweep.name.end(), allowed))
        fail("{}:{}: name = '{}': letters, digits, '_', '-' and '.' only, for files are called by it", sweep.origin,
             node.source().begin.line, sweep.name);
    } else if (name == "hardest") {
      sweep.hardest = static_cast<int>(whole_number(node, name, sweep.origin, 0));
    } else if (name == "base") {
      const std::filesystem::path base =
          path.parent_path() / wanted<std::string>(node, name, sweep.origin, "the path of a run's config");
      sweep.base = read_whole(base), sweep.base_origin = base.string();
    } else if (name == "run") {
      std::ostringstream out;
      out << section();
      sweep.base = out.str(), sweep.base_origin = sweep.origin;
      add_places(section(), "", sweep);
    } else if (name == "sample") {
      sweep.sample = static_cast<std::uint32_t>(whole_number(node, name, sweep.origin, 1));
    } else if (name == "sample_seed") {
      sweep.sample_seed = static_cast<std::uint64_t>(whole_number(node, name, sweep.origin, 0));
    } else if (name == "each" || name == "grid") {
      (name == "each" ? sweep.each : sweep.grid) = read_axes(section(), sweep.origin);
    } else {
      fail("{}:{}: unknown key '{}' of a sweep; did you mean '{}'?", sweep.origin, node.source().begin.line, name,
           nearest(name, known));
    }
  }
}

}  // namespace

std::vector<std::string> PlannedRun::sets() const {
  std::vector<std::string> out = common;
  for (const auto& [key, value] : settings) out.push_back(key + "=" + value);
  return out;
}

SweepFile load_sweep(const std::filesystem::path& path) {
  return parse_sweep(read_whole(path), path);
}

SweepFile parse_sweep(const std::string& text, const std::filesystem::path& path) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    fail("{}:{}: not valid TOML: {}", path.string(), error.source().begin.line, error.description());
  }
  SweepFile sweep;
  sweep.name = path.stem().string(), sweep.origin = path.string();
  read_keys(table, path, sweep);
  if (table.contains("base") == table.contains("run"))
    fail("{}: give the runs' config either as base = \"FILE.toml\" or in tables [run.*]", sweep.origin);
  std::set<std::string> varied;
  for (const auto* axes : {&sweep.each, &sweep.grid})
    for (const Axis& axis : *axes)
      if (!varied.insert(axis.key).second) fail("{}: {} is varied twice; give its values in one list", sweep.origin, axis.key);
  return sweep;
}

std::vector<std::size_t> draw_sample(std::size_t size, std::size_t count, std::uint64_t seed) {
  // The first `count` places of a shuffle (Fisher and Yates).
  std::vector<std::size_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  Rng rng = draw(seed, Purpose::sweep, 0, 0);
  count = std::min(count, size);
  for (std::size_t i = 0; i < count; ++i) std::swap(numbers[i], numbers[i + rng.below(static_cast<std::uint32_t>(size - i))]);
  numbers.resize(count);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<PlannedRun> plan(const SweepFile& sweep, const std::vector<std::string>& sets) {
  const std::size_t size = combinations(sweep.grid);
  if (size > 1000000) fail("{}: {} combinations; a sweep may have a million at most", sweep.origin, size);
  if (sweep.sample && *sweep.sample > size)
    fail("{}: sample = {}, but [grid] has {} combinations; leave sample out to run them all", sweep.origin, *sweep.sample, size);
  const std::vector<std::size_t> drawn =
      draw_sample(size, sweep.sample.value_or(static_cast<std::uint32_t>(size)), sweep.sample_seed);
  std::vector<PlannedRun> runs;
  std::set<std::string> names;
  for (std::size_t e = 0; e < combinations(sweep.each); ++e)
    for (const std::size_t g : drawn) {
      PlannedRun run;
      run.settings = combination(sweep.each, e);
      for (auto& setting : combination(sweep.grid, g)) run.settings.push_back(std::move(setting));
      for (const auto& [key, value] : run.settings) run.name += (run.name.empty() ? "" : "-") + name_part(key, value);
      if (run.name.empty()) run.name = "run";
      if (!names.insert(run.name).second)
        fail("{}: two runs would be called {}; remove the value that stands twice", sweep.origin, run.name);
      // An override of a key that the sweep varies would make runs that differ in name only.
      for (const std::string& set : sets)
        for (const auto& [key, value] : run.settings)
          if (set.starts_with(key + "=")) fail("--set {}: the sweep {} varies {}; change it there", set, sweep.origin, key);
      run.common = sets;
      run.config = parse_config(sweep.base, sweep.base_origin, run.sets(), sweep.places);
      check_config(run.config);
      const std::vector<int> measured = evaluation_difficulties(run.config);
      if (sweep.hardest && std::find(measured.begin(), measured.end(), *sweep.hardest) == measured.end())
        fail("{}: hardest = {} is not among the difficulties evaluated, {}; add it to evaluate.difficulties", sweep.origin,
             *sweep.hardest, fmt::join(measured, ", "));
      runs.push_back(std::move(run));
    }
  return runs;
}

}  // namespace separatrix
