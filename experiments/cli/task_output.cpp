#include "experiments/cli/task_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace separatrix {

using Json = nlohmann::ordered_json;

std::string as_text(const std::vector<Example>& examples) {
  std::string out;
  for (const Example& example : examples) out += (out.empty() ? "" : "\n") + example.text + "\n";
  return out;
}

std::string as_jsonl(const Task& task, const std::vector<Example>& examples) {
  std::string out;
  for (const Example& example : examples) {
    Json answers = Json::array(), flags = Json::object();
    for (const Answer& answer : example.answers)
      answers.push_back({{"position", answer.position}, {"token", task.vocabulary()[answer.id]}, {"id", answer.id}});
    for (std::size_t s = 0; s < task.shortcuts().size(); ++s) flags[task.shortcuts()[s].name] = example.shortcut_fails[s] != 0;
    const Json line = {{"text", example.text}, {"tokens", example.tokens},         {"loss_mask", example.loss_mask},
                       {"answers", answers},   {"difficulty", example.difficulty}, {"flags", flags}};
    out += line.dump() + "\n";
  }
  return out;
}

Safetensors as_safetensors(const Task& task, const std::vector<Example>& examples, int difficulty) {
  const std::int64_t count = static_cast<std::int64_t>(examples.size()),
                     shortcuts = static_cast<std::int64_t>(task.shortcuts().size());
  std::size_t longest = 0;
  for (const Example& example : examples) longest = std::max(longest, example.tokens.size());
  std::vector<std::int32_t> tokens(count * longest), lengths, offsets{0}, positions, ids;
  std::vector<std::uint8_t> mask(count * longest), flags;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Example& example = examples[i];
    std::copy(example.tokens.begin(), example.tokens.end(), tokens.begin() + i * longest);
    std::copy(example.loss_mask.begin(), example.loss_mask.end(), mask.begin() + i * longest);
    lengths.push_back(static_cast<std::int32_t>(example.tokens.size()));
    for (const Answer& answer : example.answers) positions.push_back(answer.position), ids.push_back(answer.id);
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
    flags.insert(flags.end(), example.shortcut_fails.begin(), example.shortcut_fails.end());
  }

  Safetensors file;
  const std::int64_t width = static_cast<std::int64_t>(longest), answers = static_cast<std::int64_t>(ids.size());
  file.tensors["tokens"] = Tensor::of<std::int32_t>({count, width}, tokens);
  file.tensors["loss_mask"] = Tensor::of<std::uint8_t>({count, width}, mask);
  file.tensors["lengths"] = Tensor::of<std::int32_t>({count}, lengths);
  file.tensors["answer_offsets"] = Tensor::of<std::int32_t>({count + 1}, offsets);
  file.tensors["answer_positions"] = Tensor::of<std::int32_t>({answers}, positions);
  file.tensors["answer_ids"] = Tensor::of<std::int32_t>({answers}, ids);
  file.tensors["flags"] = Tensor::of<std::uint8_t>({count, shortcuts}, flags);
  Json options = Json::object(), names = Json::array();
  for (const TaskOption& option : task.options()) options[option.name] = option.value;
  for (const Shortcut& shortcut : task.shortcuts()) names.push_back(shortcut.name);
  file.metadata = {{"task", task.name()},
                   {"options", options.dump()},
                   {"vocabulary", Json(task.vocabulary()).dump()},
                   {"shortcuts", names.dump()},
                   {"difficulty", std::to_string(difficulty)}};
  return file;
}

}  // namespace separatrix
