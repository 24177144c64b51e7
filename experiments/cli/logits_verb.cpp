// separatrix logits CHECKPOINT --tokens FILE --out FILE.safetensors [--layers] [--gradients FILE.safetensors]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "experiments/cli/token_file.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/batch.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/machine.h"
#include "experiments/harness/output.h"
#include "experiments/harness/predictors.h"
#include "models/io/safetensors.h"

namespace separatrix {
namespace {

struct LogitsArguments {
  std::string checkpoint, tokens, out, gradients, device = "cpu", precision, numbers = "float";
  bool layers = false;
};

/// The mean loss of predicting each next token of all sequences, and its gradient for every weight.
void write_gradients(const LoadedModel& model, Executor& executor, const std::vector<std::vector<std::int32_t>>& sequences,
                     const std::string& path) {
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

/// float and bf16 run on the kernels and give floats; the other number types run the generic layers.
bool on_kernels(const std::string& numbers) {
  return numbers == "float" || numbers == "bf16";
}

/// --precision as a number type.
std::string chosen_numbers(const LogitsArguments& a, Device device) {
  if (a.precision.empty()) return a.numbers;
  if (a.numbers != "float") fail("--precision is for --numbers float, not {}; give one of the two", a.numbers);
  return parse_precision(a.precision, device) == Precision::bf16 ? "bf16" : "float";
}

Tensor tensor_of(const Matrix<double>& x, bool as_float) {
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(x.rows()), static_cast<std::int64_t>(x.cols())};
  if (!as_float) return Tensor::of<double>(shape, std::span<const double>(x.values()));
  const std::vector<float> values(x.values().begin(), x.values().end());
  return Tensor::of<float>(shape, std::span<const float>(values));
}

Safetensors traces(const Tracer& tracer, const std::vector<std::vector<std::int32_t>>& sequences, bool layers, bool as_float) {
  Safetensors out;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Trace trace = tracer(sequences[i], layers);
    out.tensors[fmt::format("logits.{}", i)] = tensor_of(trace.logits, as_float);
    for (std::size_t b = 0; b < trace.layers.size(); ++b)
      out.tensors[fmt::format("layers.{}.{}", i, b)] = tensor_of(trace.layers[b], as_float);
    out.tensors[fmt::format("tokens.{}", i)] =
        Tensor::of<std::int32_t>({static_cast<std::int64_t>(sequences[i].size())}, std::span<const std::int32_t>(sequences[i]));
  }
  return out;
}

void check_gradients(const std::string& numbers, const std::vector<std::vector<std::int32_t>>& sequences) {
  if (!on_kernels(numbers)) fail("--gradients: computed with --numbers float or bf16, not {}", numbers);
  if (std::ranges::all_of(sequences, [](const auto& ids) { return ids.size() < 2; }))
    fail("--gradients: every line has a single token, and the loss is of next tokens; give longer lines");
}

/// Nothing is written over what is read, and no output over another.
void check_paths(const LogitsArguments& a) {
  const auto place = [](const std::string& path) {
    std::error_code error;  // of a pipe, say, which is no path to a file
    const std::filesystem::path found = std::filesystem::weakly_canonical(path, error);
    return error ? std::filesystem::path(path) : found;
  };
  for (const auto& [first, second] : {std::pair(a.out, a.tokens), {a.gradients, a.tokens}, {a.out, a.gradients}})
    if (!first.empty() && place(first) == place(second))
      fail("{} is named twice; give --tokens, --out and --gradients files of their own", first);
}

void check_outputs(const LogitsArguments& a, const LoadedModel& model) {
  for (const std::string& out : {a.out, a.gradients})
    if (std::error_code none; !out.empty() && std::filesystem::equivalent(out, model.path, none))
      fail("{}: that is the checkpoint which is read, and would be overwritten; give another file", out);
}

int logits(const LogitsArguments& a) {
  check_paths(a);
  check_output_file("--out", a.out);
  check_output_file("--gradients", a.gradients);
  const LoadedModel model = load_model(a.checkpoint);
  check_outputs(a, model);
  check_finite(model);
  const Device device = parse_device(a.device);
  const std::string numbers = chosen_numbers(a, device);
  const auto sequences = read_sequences(a.tokens, model.spec.vocab);
  if (!a.gradients.empty()) check_gradients(numbers, sequences);
  Safetensors out = traces(make_runner(model, numbers, device).trace, sequences, a.layers, on_kernels(numbers));
  out.metadata = {{"spec_hash", spec_hash(model.spec)}, {"device", a.device}, {"numbers", numbers}};
  write_safetensors(a.out, out);
  fmt::print("{} sequences: {}\n", sequences.size(), a.out);
  if (a.gradients.empty()) return 0;
  const auto executor = make_executor(model.spec, device, numbers == "bf16" ? Precision::bf16 : Precision::fp32);
  write_gradients(model, *executor, sequences, a.gradients);
  return 0;
}

}  // namespace

void add_logits_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("logits", "logits of a checkpoint on given tokens");
  verb->footer(
      "example: separatrix logits runs/one --tokens tokens.txt --out logits.safetensors\n"
      "Sequence i becomes the tensors tokens.i (length) and logits.i (length, vocabulary); with --layers also layers.i.b\n"
      "(length, width), the residual stream after block b; b = 0 is the embedding.  They are F32 with --numbers float and bf16, "
      "else\n"
      "F64, each number rounded to the nearest.  The file has a sequence a line (ids, or JSON with `tokens`), or is a "
      ".safetensors\n"
      "with `tokens`, I32 (sequences, length), and `lengths`, I32 (sequences), where some are shorter.");
  auto a = std::make_shared<LogitsArguments>();
  verb->add_option("checkpoint", a->checkpoint, "a run's folder or a model.safetensors")->required();
  verb->add_option("--tokens", a->tokens, "one sequence per line, or a safetensors file")->required();
  verb->add_option("--out", a->out, "a safetensors file")->required();
  verb->add_flag("--layers", a->layers, "also the residual stream before the first block and after every block");
  verb->add_option("--gradients", a->gradients, "a safetensors file: gradient of the mean next-token loss for every weight");
  verb->add_option("--device", a->device, "cpu | reference | cuda")->capture_default_str();
  verb->add_option("--numbers", a->numbers, number_types_help())->capture_default_str();
  verb->add_option("--precision", a->precision, "of --numbers float: fp32 | bf16 | auto, bf16 where it is the faster");
  verb->callback([a, &exit_code] { exit_code = logits(*a); });
}

}  // namespace separatrix
