#include "experiments/harness/reach.h"

#include "experiments/harness/built_model.h"
#include "experiments/harness/machine.h"
#include "experiments/harness/output.h"
#include "experiments/harness/predictors.h"

namespace separatrix {
namespace {

/// The task the model was built for, without reveals where it has the option.
std::unique_ptr<Task> strict_task(const BuiltModel& model) {
  TaskOptions options = model.options;
  for (const TaskOption& option : make_task(model.task, options)->options())
    if (option.name == "strict") options["strict"] = "100";
  return make_task(model.task, options);
}

/// Operations of the forward passes over the examples of one difficulty, by the length of the first.
double gigaflop_at(const Task& task, const Spec& spec, int n, const Stream& stream) {
  const int length = static_cast<int>(task.sample(stream.seed, stream.purpose, n, 0).tokens.size());
  return 1e-9 * forward_flops_per_token(spec, length) * length * stream.samples;
}

void climb(Reach& reach, const Predictor& predict, const Task& task, const Spec& spec, int smallest, double gigaflop,
           const ReachOptions& options) {
  Stream stream{1, Purpose::report};
  stream.samples = stream.batch = options.samples;
  const int largest = std::min(options.largest, task.max_difficulty());
  for (int n = std::max(task.min_difficulty(), smallest); n <= largest; n *= 2) {
    gigaflop -= gigaflop_at(task, spec, n, stream);
    if (gigaflop < 0) return;
    const Tally tally = evaluate(predict, task, n, stream);
    if (tally.correct < tally.counted) {
      reach.wrong_at = n;
      return;
    }
    reach.right_up_to = n;
  }
}

}  // namespace

const std::vector<Arithmetic>& arithmetics() {
  static const std::vector<Arithmetic> list = {
      {"log:8", "reference", "8 bits (as bf16), every operation rounded", 0.03},
      {"log:11", "reference", "11 bits (as fp16), every operation rounded", 0.03},
      {"log:24", "reference", "24 bits (as fp32), every operation rounded", 0.03},
      {"bf16", "cpu", "training kernels: bf16 matrix products, fp32 sums and states", 2},
      {"float", "cpu", "training kernels in fp32", 2},
      {"double", "reference", "double precision", 0.3},
  };
  return list;
}

std::vector<Reach> measure_reach(const Construction& construction, const std::filesystem::path& folder,
                                 const ReachOptions& options) {
  const BuiltModel built = construction.build(construction.default_n);
  const auto task = strict_task(built);
  make_output_folder("--out", (folder / construction.name).string());
  const std::string path = folder / construction.name / "model.safetensors";
  save_built_model(path, built);
  const LoadedModel model = load_model(path);
  std::vector<Reach> rows;
  for (const Arithmetic& arithmetic : arithmetics()) {
    Reach reach{construction.name, arithmetic.numbers, arithmetic.device, 0, 0, options.samples, ""};
    try {
      climb(reach, make_runner(model, arithmetic.numbers, parse_device(arithmetic.device)).predict, *task, built.spec,
            construction.smallest, options.work * arithmetic.gigaflop, options);
    } catch (const Error& error) {
      reach.refused = error.what();
    }
    rows.push_back(reach);
  }
  return rows;
}

}  // namespace separatrix
