#include "experiments/harness/predictors.h"

#include <algorithm>

#include "experiments/harness/exact_evaluate.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

Matrix<double> widened(const Matrix<float>& x) {
  Matrix<double> out(x.rows(), x.cols());
  std::copy(x.values().begin(), x.values().end(), out.values().begin());
  return out;
}

Trace trace_on(Executor& executor, const LoadedModel& model, const std::vector<std::int32_t>& tokens, bool layers) {
  const Batch batch{1, static_cast<int>(tokens.size()), tokens, tokens, std::vector<std::uint8_t>(tokens.size(), 1)};
  Trace trace{widened(executor.logits(model.weights, batch)), {}};
  if (layers)
    for (const Matrix<float>& x : executor.layers(model.weights, batch)) trace.layers.push_back(widened(x));
  return trace;
}

Runner on_executor(const LoadedModel& model, Device device, Precision precision) {
  const std::shared_ptr<Executor> executor = make_executor(model.spec, device, precision);
  return {[executor, &model](const Batch& batch) { return executor->predict(model.weights, batch); },
          [executor, &model](const auto& tokens, bool layers) { return trace_on(*executor, model, tokens, layers); }};
}

}  // namespace

const std::vector<Numbers>& number_types() {
  static const std::vector<Numbers> all = [] {
    std::vector<Numbers> list = {
        {"float", "single precision",
         [](const LoadedModel& model, const std::string&, Device device) { return on_executor(model, device, Precision::fp32); }},
        {"bf16", "matrix products in bfloat16, on cuda also the activations between them; the rest in single precision",
         [](const LoadedModel& model, const std::string&, Device device) { return on_executor(model, device, Precision::bf16); }},
    };
    list.insert(list.end(), exact_number_types().begin(), exact_number_types().end());
    return list;
  }();
  return all;
}

std::string number_types_help() {
  std::string text;
  for (const Numbers& type : number_types())
    text += fmt::format("{}{}{}{}", text.empty() ? "" : "; ", type.name, type.name.ends_with(':') ? "P, " : ": ", type.meaning);
  return text;
}

Runner make_runner(const LoadedModel& model, const std::string& numbers, Device device) {
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
