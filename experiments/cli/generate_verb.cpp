// separatrix generate CHECKPOINT --prompt-file FILE: continues prompts token by token, with state instead of recomputation.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/cli/number_check.h"
#include "experiments/cli/token_file.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/checkpoint.h"
#include "experiments/harness/machine.h"
#include "kernels/decoder.h"

namespace separatrix {
namespace {

struct GenerateArguments {
  std::string checkpoint, prompts, device = "cpu";
  int tokens = 32, stop = -1, threads = 0;
  double temperature = 0;
  std::uint64_t seed = 0;
  bool json = false;
};

/// The largest logit's token (the smallest id of equals), or with temperature a draw from softmax(logits / temperature).
std::int32_t choose(const std::vector<float>& logits, double temperature, Rng& rng) {
  const auto top = std::max_element(logits.begin(), logits.end());
  if (temperature == 0) return static_cast<std::int32_t>(top - logits.begin());
  double total = 0;
  for (const float x : logits) total += std::exp((x - *top) / temperature);
  double left = total * (rng.next() + 0.5) / 4294967296.0;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    left -= std::exp((logits[id] - *top) / temperature);
    if (left < 0) return static_cast<std::int32_t>(id);
  }
  return static_cast<std::int32_t>(top - logits.begin());  // rounding ate the last share
}

std::vector<std::int32_t> continuation(Decoder& decoder, const std::vector<std::int32_t>& prompt, const GenerateArguments& a,
                                       Rng rng) {
  std::vector<float> logits;
  for (const std::int32_t token : prompt) logits = decoder.step(token);
  std::vector<std::int32_t> out;
  while (true) {
    out.push_back(choose(logits, a.temperature, rng));
    if (static_cast<int>(out.size()) == a.tokens || out.back() == a.stop) return out;
    logits = decoder.step(out.back());
  }
}

int generate(const GenerateArguments& a) {
  use_threads(a.threads);
  const LoadedModel model = load_model(a.checkpoint);
  check_finite(model);
  if (a.stop >= model.spec.vocab) fail("--stop {}: outside the model's vocabulary of {}", a.stop, model.spec.vocab);
  const auto prompts = read_sequences(a.prompts, model.spec.vocab);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto decoder = make_decoder(model.spec, model.weights, parse_device(a.device));
    const auto tokens = continuation(*decoder, prompts[i], a, draw(a.seed, Purpose::generate, 0, i));
    if (!a.json) {
      fmt::print("{}\n", fmt::join(tokens, " "));
      continue;
    }
    nlohmann::ordered_json line = {{"prompt", prompts[i]}, {"tokens", tokens}};
    if (const auto& words = model.origin.vocabulary; !words.empty())
      for (const std::int32_t token : tokens) line["words"].push_back(words.at(token));
    fmt::print("{}\n", line.dump());
  }
  return 0;
}

}  // namespace

void add_generate_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("generate", "continue prompts token by token");
  verb->footer(
      "example: separatrix generate runs/one --prompt-file prompts.txt --tokens 16\n"
      "Line i of the file (ids, or JSON with `tokens`) is a prompt; line i of the output are the ids that follow it.");
  auto a = std::make_shared<GenerateArguments>();
  verb->add_option("checkpoint", a->checkpoint, "a run's folder or a model.safetensors")->required();
  verb->add_option("--prompt-file", a->prompts, "one prompt per line, or a safetensors file as for logits")->required();
  verb->add_option("--tokens", a->tokens, "how many to add at most")->check(above_0())->capture_default_str();
  verb->add_option("--stop", a->stop, "end after this token id")->check(at_least_0());
  verb->add_option("--temperature", a->temperature, "0: the most probable token")->check(at_least_0())->capture_default_str();
  verb->add_option("--seed", a->seed, "with a temperature")->capture_default_str();
  verb->add_option("--device", a->device, "cpu | reference")->capture_default_str();
  verb->add_option("--threads", a->threads, "0: all cores");
  verb->add_flag("--json", a->json, "print JSON lines: prompt, tokens, and their words where the checkpoint knows them");
  verb->callback([a, &exit_code] { exit_code = generate(*a); });
}

}  // namespace separatrix
