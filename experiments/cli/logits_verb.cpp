// separatrix logits CHECKPOINT --tokens FILE --out FILE.safetensors [--layers] [--gradients FILE.safetensors]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "experiments/cli/token_lines.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/batch.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/machine.h"
#include "models/io/safetensors.h"

namespace separatrix {
namespace {

struct LogitsArguments {
  std::string checkpoint, tokens, out, gradients, device = "cpu", precision = "fp32";
  bool layers = false;
};

/// The mean loss of predicting each next token of all sequences, and its gradient for every weight.
void write_gradients(const LoadedModel& model, Executor& executor, const std::vector<std::vector<std::int32_t>>& sequences,
                     const std::string& path) {
  if (std::ranges::all_of(sequences, [](const auto& ids) { return ids.size() < 2; }))
    fail("--gradients: every line has a single token, and the loss is of next tokens; give longer lines");
  std::vector<Example> examples;
  for (const std::vector<std::int32_t>& ids : sequences) {
    Example example;
    example.tokens.assign(ids.begin(), ids.end());
    example.loss_mask.assign(ids.size(), 1);
    examples.push_back(std::move(example));
  }
  Weights<float> gradient(model.spec);
  const double loss = executor.loss_and_gradient(model.weights, pack(examples, Counted::loss), gradient);
  std::map<std::string, TensorView> tensors;
  for (const Parameter& p : gradient.layout()) tensors[p.name] = TensorView::of<float>(p.shape, std::as_const(gradient)[p.name]);
  write_safetensors(path, tensors, {{"loss", fmt::format("{:.17g}", loss)}, {"spec_hash", spec_hash(model.spec)}});
  fmt::print("loss {:.6g}, gradients: {}\n", loss, path);
}

int logits(const LogitsArguments& a) {
  const LoadedModel model = load_model(a.checkpoint);
  const Device device = parse_device(a.device);
  const auto executor = make_executor(model.spec, device, parse_precision(a.precision, device));
  const auto sequences = read_token_lines(a.tokens, model.spec.vocab);
  Safetensors out;
  out.metadata = {{"spec_hash", spec_hash(model.spec)}, {"device", a.device}, {"precision", a.precision}};
  for (std::size_t number = 0; number < sequences.size(); ++number) {
    const std::vector<std::int32_t>& ids = sequences[number];
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
  write_safetensors(a.out, out);
  fmt::print("{} sequences: {}\n", sequences.size(), a.out);
  if (!a.gradients.empty()) write_gradients(model, *executor, sequences, a.gradients);
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
  verb->add_option("--gradients", a->gradients, "a safetensors file: gradient of the mean next-token loss for every weight");
  verb->add_option("--device", a->device, "cpu | reference | cuda")->capture_default_str();
  verb->add_option("--precision", a->precision, "fp32 | bf16 | auto")->capture_default_str();
  verb->callback([a, &exit_code] { exit_code = logits(*a); });
}

}  // namespace separatrix
