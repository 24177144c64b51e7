#include "experiments/harness/predictors.h"

#include "experiments/harness/exact_evaluate.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

Predictor on_executor(const LoadedModel& model, Device device, Precision precision) {
  const std::shared_ptr<Executor> executor = make_executor(model.spec, device, precision);
  return [executor, &model](const Batch& batch) { return executor->predict(model.weights, batch); };
}

}  // namespace

const std::vector<Numbers>& number_types() {
  static const std::vector<Numbers> all = [] {
    std::vector<Numbers> list = {
        {"float", "single precision",
         [](const LoadedModel& model, const std::string&, Device device) { return on_executor(model, device, Precision::fp32); }},
        {"bf16", "matrix products in bfloat16, the rest in single precision",
         [](const LoadedModel& model, const std::string&, Device device) { return on_executor(model, device, Precision::bf16); }},
    };
    list.insert(list.end(), exact_number_types().begin(), exact_number_types().end());
    return list;
  }();
  return all;
}

Predictor make_predictor(const LoadedModel& model, const std::string& numbers, Device device) {
  const std::size_t colon = numbers.find(':');
  const std::string name = numbers.substr(0, colon == std::string::npos ? colon : colon + 1);
  std::vector<std::string> known;
  for (const Numbers& type : number_types()) {
    if (type.name == name) return type.make(model, colon == std::string::npos ? "" : numbers.substr(colon + 1), device);
    known.push_back(type.name);
  }
  fail("unknown number type '{}'; did you mean '{}'? ({})", numbers, nearest(name, known), fmt::join(known, ", "));
}

}  // namespace separatrix
