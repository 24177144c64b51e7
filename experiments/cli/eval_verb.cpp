// separatrix eval CHECKPOINT --task T --difficulty N[,N...]: any checkpoint, trained or built, on fresh examples.
#include <CLI/CLI.hpp>

#include "experiments/cli/number_check.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/machine.h"
#include "experiments/harness/predictors.h"
#include "experiments/harness/record.h"

namespace separatrix {
namespace {

struct EvalArguments {
  std::string checkpoint, task, numbers = "float", device = "cpu", stream = "report";
  std::vector<int> difficulties;
  std::vector<std::string> sets;
  int samples = 256, threads = 0;
  std::uint64_t seed = 1;
  bool json = false;
};

/// The task the model was trained on, with its options, unless another is named; --set replaces options.
std::unique_ptr<Task> chosen_task(const EvalArguments& a, const ModelOrigin& origin) {
  const std::string name = a.task.empty() ? origin.task : a.task;
  if (name.empty()) fail("{}: the checkpoint names no task; give --task", a.checkpoint);
  TaskOptions options = name == origin.task ? origin.options : TaskOptions{};
  for (const std::string& set : a.sets) {
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos) fail("--set {}: give it as option=value", set);
    const std::string key = set.substr(0, equals);
    options[key.starts_with("task.") ? key.substr(5) : key] = set.substr(equals + 1);
  }
  return make_task(name, options);
}

void check_vocabulary(const Task& task, const LoadedModel& model) {
  const std::vector<std::string>& spoken = model.origin.vocabulary;
  if (!spoken.empty() && spoken != task.vocabulary())
    fail("{}: the model speaks the {} tokens of {}, not the {} of {}; give the task and options it was made for", model.path,
         spoken.size(), model.origin.task, task.vocabulary().size(), task.name());
  if (static_cast<std::size_t>(model.spec.vocab) != task.vocabulary().size())
    fail("{}: the model has {} tokens, {} has {}", model.path, model.spec.vocab, task.name(), task.vocabulary().size());
}

void print_tally(const Tally& t) {
  std::string floors;
  for (const ShortcutTally& s : t.shortcuts)
    floors += fmt::format("  {} {} ({} of {} where it fails)", s.name, s.right, s.correct, s.counted);
  fmt::print("difficulty {}: {} of {} right; all answers {} of {}\n  floors:{}\n", t.difficulty, t.correct, t.counted,
             t.answers_correct, t.answers_counted, floors);
}

int eval(const EvalArguments& a) {
  use_threads(a.threads);
  const LoadedModel model = load_model(a.checkpoint);
  check_finite(model);
  const auto task = chosen_task(a, model.origin);
  check_vocabulary(*task, model);
  if (a.stream != "report" && a.stream != "select") fail("--stream is report or select, not '{}'", a.stream);
  for (const int n : a.difficulties)
    if (n < task->min_difficulty() || n > task->max_difficulty())
      fail("--difficulty {}: {} ({}) goes from {} to {}", n, task->name(), task->difficulty_means(), task->min_difficulty(),
           task->max_difficulty());
  const Predictor predict = make_runner(model, a.numbers, parse_device(a.device)).predict;
  Stream stream{a.seed, a.stream == "select" ? Purpose::select : Purpose::report};
  stream.samples = a.samples;
  Json evaluations = Json::array();
  for (const int n : a.difficulties) {
    const Tally tally = evaluate(predict, *task, n, stream);
    if (!a.json) print_tally(tally);
    evaluations.push_back(to_json(tally));
  }
  if (!a.json) return 0;
  TaskOptions options;
  for (const TaskOption& option : task->options()) options[option.name] = option.value;
  const Json out = {
      {"checkpoint", a.checkpoint}, {"task", task->name()}, {"task_options", options}, {"spec_hash", spec_hash(model.spec)},
      {"numbers", a.numbers},       {"device", a.device},   {"seed", a.seed},          {"evaluations", evaluations}};
  fmt::print("{}\n", out.dump(1));
  return 0;
}

}  // namespace

void add_eval_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("eval", "evaluate a checkpoint, trained or built");
  verb->footer("example: separatrix eval runs/one --difficulty 8,16,32 --samples 1024 --seed 7");
  auto a = std::make_shared<EvalArguments>();
  verb->add_option("checkpoint", a->checkpoint, "a run's folder or a model.safetensors")->required();
  verb->add_option("--task", a->task, "the task; by default the one it was trained on");
  verb->add_option("--set", a->sets, "an option of the task: reveal_every=4")->take_all()->allow_extra_args(false);
  verb->add_option("--difficulty", a->difficulties, "one or several, separated by commas")->required()->delimiter(',');
  verb->add_option("--samples", a->samples, "examples per difficulty")->check(above_0())->capture_default_str();
  verb->add_option("--seed", a->seed, "of the examples")->capture_default_str();
  verb->add_option("--stream", a->stream, "report, or select: the examples that select runs")->capture_default_str();
  verb->add_option("--numbers", a->numbers, number_types_help())->capture_default_str();
  verb->add_option("--device", a->device, "cpu | reference | cuda")->capture_default_str();
  verb->add_option("--threads", a->threads, "0: all cores");
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a, &exit_code] { exit_code = eval(*a); });
}

}  // namespace separatrix
