// separatrix tasks list | sample: the data, without the trainer.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/cli/task_output.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/output.h"
#include "models/io/whole_file.h"
#include "tasks/floors.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string task, format = "text", out;
  std::vector<std::string> settings;
  int difficulty = 0;
  std::uint64_t seed = 0;
  std::int64_t count = 0;
  bool floors = false, json = false;
};

TaskOptions parse_settings(const std::vector<std::string>& settings) {
  TaskOptions options;
  for (const std::string& setting : settings) {
    const std::size_t equal = setting.find('=');
    if (equal == std::string::npos || equal == 0) fail("--set {}: wanted option=value", setting);
    if (!options.emplace(setting.substr(0, equal), setting.substr(equal + 1)).second)
      fail("--set {}: the option is given twice", setting.substr(0, equal));
  }
  return options;
}

/// To standard output; a full disk or a closed pipe is an Error.
void print_all(const std::string& text) {
  const std::size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  if (written != text.size() || std::fflush(stdout) != 0)
    fail("cannot write to standard output: the disk is full or the reader is gone");
}

std::vector<Floor> floors_of(const Task& task, const Arguments& arguments) {
  std::vector<Floor> floors;
  for (const int n : task.levels()) {
    if (isatty(2)) fmt::print(stderr, "\r\033[Kmeasuring the floors of {} at {} {}", task.name(), n, task.difficulty_means());
    for (Floor& floor : measure_floors(task, n, arguments.count, arguments.seed)) floors.push_back(std::move(floor));
  }
  if (isatty(2)) fmt::print(stderr, "\r\033[K");
  return floors;
}

Json json_of(const Task& task, const std::vector<Floor>& floors) {
  Json options = Json::array(), shortcuts = Json::array(), rows = Json::array();
  for (const TaskOption& option : task.options())
    options.push_back({{"name", option.name}, {"value", option.value}, {"choices", option.choices}, {"reason", option.reason}});
  for (const Shortcut& shortcut : task.shortcuts()) shortcuts.push_back({{"name", shortcut.name}, {"meaning", shortcut.meaning}});
  for (const Floor& floor : floors)
    rows.push_back(
        {{"difficulty", floor.difficulty}, {"shortcut", floor.shortcut}, {"correct", floor.correct}, {"counted", floor.counted}});
  Json json = {{"name", task.name()},
               {"summary", task.summary()},
               {"difficulty", task.difficulty_means()},
               {"min_difficulty", task.min_difficulty()},
               {"max_difficulty", task.max_difficulty()},
               {"levels", task.levels()},
               {"vocabulary", task.vocabulary()},
               {"options", options},
               {"shortcuts", shortcuts}};
  if (!floors.empty()) json["floors"] = rows;
  return json;
}

/// Shortcuts down, difficulties across; counts, then the share in brackets.
std::string floor_table(const Task& task, const std::vector<Floor>& floors) {
  std::string out = fmt::format("  floors (right of {} examples)\n    {:<20}", floors.front().counted, task.difficulty_means());
  for (const int n : task.levels()) out += fmt::format("{:>16}", n);
  out += "\n";
  for (const Shortcut& shortcut : task.shortcuts()) {
    out += fmt::format("    {:<20}", shortcut.name);
    for (const Floor& floor : floors)
      if (floor.shortcut == shortcut.name)
        out += fmt::format("{:>16}", fmt::format("{} ({:.3f})", floor.correct, double(floor.correct) / double(floor.counted)));
    out += "\n";
  }
  return out;
}

std::string text_of(const Task& task, const std::vector<Floor>& floors) {
  std::string out = fmt::format("{}: {}\n  difficulty: {}, {} to {}\n  vocabulary ({}):", task.name(), task.summary(),
                                task.difficulty_means(), task.min_difficulty(), task.max_difficulty(), task.vocabulary().size());
  for (const std::string& token : task.vocabulary()) out += token == "\n" ? " \\n" : token == " " ? " ' '" : " " + token;
  out += "\n  options\n";
  for (const TaskOption& option : task.options())
    out += fmt::format("    {:<16} {:<12} ({}) {}\n", option.name, option.value, option.choices, option.reason);
  out += "  shortcuts\n";
  for (const Shortcut& shortcut : task.shortcuts()) out += fmt::format("    {:<20} {}\n", shortcut.name, shortcut.meaning);
  return out + (floors.empty() ? "" : floor_table(task, floors)) + "\n";
}

void list_tasks(const Arguments& arguments) {
  if (arguments.task.empty() && !arguments.settings.empty())
    fail("--set needs the task it is for: tasks list TASK --set option=value");
  std::vector<std::string> names = task_names();
  if (!arguments.task.empty()) names = {arguments.task};
  Json list = Json::array();
  std::string text;
  for (const std::string& name : names) {
    const auto task = make_task(name, parse_settings(arguments.settings));
    const std::vector<Floor> floors = arguments.floors ? floors_of(*task, arguments) : std::vector<Floor>();
    if (arguments.json)
      list.push_back(json_of(*task, floors));
    else
      text += text_of(*task, floors);
  }
  print_all(arguments.json ? Json{{"tasks", list}}.dump(1) + "\n" : text);
}

void sample_task(const Arguments& arguments) {
  const auto task = make_task(arguments.task, parse_settings(arguments.settings));
  if (arguments.count < 1) fail("--count {}: wanted at least 1", arguments.count);
  if (arguments.format == "safetensors" && arguments.out.empty()) fail("--format safetensors writes a file: give it by --out FILE");
  check_output_file("--out", arguments.out);
  std::vector<Example> examples;
  for (std::int64_t i = 0; i < arguments.count; ++i)
    examples.push_back(task->sample(arguments.seed, Purpose::sample, arguments.difficulty, static_cast<std::uint64_t>(i)));
  if (arguments.format == "safetensors")
    return write_safetensors(arguments.out, as_safetensors(*task, examples, arguments.difficulty));
  const std::string text = arguments.format == "text" ? as_text(examples) : as_jsonl(*task, examples);
  if (arguments.out.empty())
    print_all(text);
  else
    write_whole(arguments.out, text);
}

}  // namespace

void add_tasks_verb(CLI::App& app, int&) {
  CLI::App* tasks = app.add_subcommand("tasks", "the data, without the trainer")->require_subcommand(1);
  tasks->footer("example: separatrix tasks sample state_tracking --difficulty 8 --count 2");

  const auto list_arguments = std::make_shared<Arguments>();
  list_arguments->count = 100000;
  CLI::App* list = tasks->add_subcommand("list", "tasks with vocabulary, options and shortcuts");
  list->add_option("task", list_arguments->task, "only this task");
  list->add_flag("--floors", list_arguments->floors, "measure how often each shortcut is right");
  list->add_option("--count", list_arguments->count, "examples per floor")->capture_default_str();
  list->add_option("--seed", list_arguments->seed, "seed of the examples")->capture_default_str();
  list->add_option("--set", list_arguments->settings, "option=value of the task")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  list->add_flag("--json", list_arguments->json, "print JSON");
  list->footer("Example: separatrix tasks list state_tracking --floors --set strict=100");
  list->callback([list_arguments] { list_tasks(*list_arguments); });

  const auto arguments = std::make_shared<Arguments>();
  arguments->count = 1;
  CLI::App* sample = tasks->add_subcommand("sample", "examples of a task");
  sample->add_option("task", arguments->task, "name of the task")->required();
  sample->add_option("--difficulty", arguments->difficulty, "how long or how large an example is: `tasks list` says of what")
      ->required();
  sample->add_option("--seed", arguments->seed, "seed of the examples")->capture_default_str();
  sample->add_option("--count", arguments->count, "how many, from index 0")->capture_default_str();
  sample->add_option("--format", arguments->format, "form of the output")
      ->check(CLI::IsMember({"text", "jsonl", "safetensors"}))
      ->capture_default_str();
  sample->add_option("--set", arguments->settings, "option=value of the task")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  sample->add_option("--out", arguments->out, "file to write (default: standard output)");
  sample->footer("Example: separatrix tasks sample state_based_recall --difficulty 16 --seed 7 --count 3 --format jsonl");
  sample->callback([arguments] { sample_task(*arguments); });
}

}  // namespace separatrix
