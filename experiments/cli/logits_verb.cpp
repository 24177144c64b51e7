// separatrix logits CHECKPOINT --tokens FILE --out FILE.safetensors [--layers]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "experiments/cli/verbs.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/machine.h"
#include "models/io/safetensors.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

struct LogitsArguments {
  std::string checkpoint, tokens, out, device = "cpu", precision = "fp32";
  bool layers = false;
};

/// One sequence per line: ids separated by spaces or commas, or a JSON object with `tokens` (as `tasks sample --format jsonl`
/// prints).
std::vector<std::int32_t> parse_line(std::string line, int vocab, const std::string& place) {
  std::vector<std::int32_t> ids;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_object() && json.contains("tokens")) {
    ids = json["tokens"].get<std::vector<std::int32_t>>();
  } else {
    std::erase_if(line, [](char c) { return c == '[' || c == ']'; });
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream words(line);
    for (std::int32_t id; words >> id;) ids.push_back(id);
    if (!words.eof()) fail("{}: wanted token ids separated by spaces, or a JSON object with `tokens`", place);
  }
  for (const std::int32_t id : ids)
    if (id < 0 || id >= vocab) fail("{}: token {} is outside the model's vocabulary of {}", place, id, vocab);
  return ids;
}

int logits(const LogitsArguments& a) {
  const LoadedModel model = load_model(a.checkpoint);
  const Device device = parse_device(a.device);
  const auto executor = make_executor(model.spec, device, parse_precision(a.precision, device));
  std::istringstream lines(read_whole(a.tokens));
  Safetensors out;
  out.metadata = {{"spec_hash", spec_hash(model.spec)}, {"device", a.device}, {"precision", a.precision}};
  int number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    const std::vector<std::int32_t> ids = parse_line(line, model.spec.vocab, fmt::format("{}:{}", a.tokens, number + 1));
    if (ids.empty()) fail("{}:{}: an empty line; wanted token ids", a.tokens, number + 1);
    const Batch batch{1, static_cast<int>(ids.size()), ids, ids, std::vector<std::uint8_t>(ids.size(), 1)};
    const Matrix<float> values = executor->logits(model.weights, batch);  // (length, vocab)
    const std::int64_t length = static_cast<std::int64_t>(ids.size());
    out.tensors[fmt::format("logits.{}", number)] =
        Tensor::of<float>({length, model.spec.vocab}, std::span<const float>(values.values()));
    const auto layers = a.layers ? executor->layers(model.weights, batch) : std::vector<Matrix<float>>{};
    for (std::size_t i = 0; i < layers.size(); ++i)  // (length, width)
      out.tensors[fmt::format("layers.{}.{}", number, i)] =
          Tensor::of<float>({length, model.spec.width}, std::span<const float>(layers[i].values()));
    out.tensors[fmt::format("tokens.{}", number)] = Tensor::of<std::int32_t>({length}, std::span<const std::int32_t>(ids));
  }
  if (number == 0) fail("{}: no tokens", a.tokens);
  write_safetensors(a.out, out);
  fmt::print("{} sequences: {}\n", number, a.out);
  return 0;
}

}  // namespace

void add_logits_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("logits", "logits of a checkpoint on given tokens");
  verb->footer(
      "example: separatrix logits runs/one --tokens tokens.txt --out logits.safetensors\n"
      "Line i of the file (ids, or JSON with `tokens`) becomes the tensors tokens.i (length) and logits.i (length, vocabulary); "
      "with\n"
      "--layers also layers.i.b (length, width), the residual stream after block b; b = 0 is the embedding.");
  auto a = std::make_shared<LogitsArguments>();
  verb->add_option("checkpoint", a->checkpoint, "a run's folder or a model.safetensors")->required();
  verb->add_option("--tokens", a->tokens, "one sequence per line")->required();
  verb->add_option("--out", a->out, "a safetensors file")->required();
  verb->add_flag("--layers", a->layers, "also the residual stream before the first block and after every block");
  verb->add_option("--device", a->device, "cpu | reference | cuda")->capture_default_str();
  verb->add_option("--precision", a->precision, "fp32 | bf16 | auto")->capture_default_str();
  verb->callback([a, &exit_code] { exit_code = logits(*a); });
}

}  // namespace separatrix
