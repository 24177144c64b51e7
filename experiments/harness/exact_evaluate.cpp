#include "experiments/harness/exact_evaluate.h"

#include <algorithm>
#include <charconv>

#include "experiments/harness/built_model.h"
#include "models/instances.h"
#include "models/numbers/cast.h"
#include "models/numbers/from_exact.h"

namespace separatrix {
namespace {

/// The first of the largest.
template <Field T>
int argmax(const Row<T>& x) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < x.size(); ++i)
    if (x[best] < x[i]) best = i;
  return static_cast<int>(best);
}

template <Field T>
void predict_sequence(const Model<T>& model, const Batch& batch, int row, std::vector<std::int32_t>& out) {
  const std::size_t first = static_cast<std::size_t>(row) * batch.length;
  int last = batch.length - 1;
  while (last >= 0 && !batch.mask[first + last]) --last;
  auto state = model.start();
  for (int t = 0; t <= last; ++t) {
    const int token = batch.tokens[first + t];
    if (batch.mask[first + t])
      out[first + t] = argmax(model.step(state, token));
    else
      model.trace(state, token);
  }
}

template <Field T>
Matrix<double> rounded(const std::vector<Row<T>>& rows) {
  Matrix<double> out(rows.size(), rows.at(0).size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::transform(rows[i].begin(), rows[i].end(), out.row(i).begin(), [](const T& x) { return to_double(x); });
  return out;
}

template <Field T>
Trace trace_sequence(const Model<T>& model, const std::vector<std::int32_t>& tokens, bool layers) {
  std::vector<Row<T>> logits;
  std::vector<std::vector<Row<T>>> streams(layers ? model.spec().blocks.size() + 1 : 0);
  auto state = model.start();
  for (const std::int32_t token : tokens) {
    if (layers) {
      auto copy = state;
      const std::vector<Row<T>> rows = model.trace(copy, token);
      for (std::size_t b = 0; b < rows.size(); ++b) streams[b].push_back(rows[b]);
    }
    logits.push_back(model.step(state, token));
  }
  Trace trace{rounded(logits), {}};
  for (const std::vector<Row<T>>& stream : streams) trace.layers.push_back(rounded(stream));
  return trace;
}

template <Field T>
Runner generic_runner(const Spec& spec, const Weights<T>& weights) {
  const auto model = std::make_shared<const Model<T>>(spec, weights);
  const auto predict = [model](const Batch& batch) {
    std::vector<std::int32_t> out(static_cast<std::size_t>(batch.batch) * batch.length, -1);
    for (int row = 0; row < batch.batch; ++row) predict_sequence(*model, batch, row, out);
    return out;
  };
  return {predict, [model](const auto& tokens, bool layers) { return trace_sequence(*model, tokens, layers); }};
}

BuiltModel with_notes(const LoadedModel& loaded, Device device) {
  if (device == Device::cuda)
    fail("--device cuda runs float and bf16; the other number types run on the generic layers, --device cpu");
  ExactModel exact = exact_model(loaded);
  for (const std::string& note : exact.notes) fmt::print(stderr, "{}: {}\n", loaded.path, note);
  return std::move(exact.model);
}

template <Field T>
Runner make_generic(const LoadedModel& loaded, const std::string&, Device device) {
  const BuiltModel model = with_notes(loaded, device);
  return generic_runner<T>(model.spec, weights_as<T>(model.spec, model.weights));
}

Runner make_log_float(const LoadedModel& loaded, const std::string& parameter, Device device) {
  int bits = 0;
  const char* end = parameter.data() + parameter.size();
  if (const auto [stop, error] = std::from_chars(parameter.data(), end, bits); error != std::errc() || stop != end)
    fail("--numbers log:P wants a number of bits such as log:24, not 'log:{}'", parameter);
  const BuiltModel model = with_notes(loaded, device);
  return generic_runner<LogFloat>(model.spec, weights_as_log_float(model.spec, model.weights, bits));
}

}  // namespace

const std::vector<Numbers>& exact_number_types() {
  static const std::vector<Numbers> all = {
      {"double", "the generic layers in double precision", make_generic<double>},
      {"rational", "rational numbers, exactly", make_generic<Rational>},
      {"root2", "numbers a + b sqrt 2, exactly", make_generic<RootTwo>},
      {"root5", "numbers a + b sqrt 5, exactly", make_generic<RootFive>},
      {"big", "floating point of 200 bits", make_generic<BigFloat<200>>},
      {"log:", "floating point of P bits rounded to nearest after every operation", make_log_float}};
  return all;
}

}  // namespace separatrix
