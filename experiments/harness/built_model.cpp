#include "experiments/harness/built_model.h"

#include <nlohmann/json.hpp>

#include "models/io/json_reason.h"
#include "models/numbers/from_exact.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

bool holds(float stored, const Exact& exact) {
  return Exact(rational_from_double(stored)) == exact;
}

/// Puts the exact numbers of one tensor in the places of the floats they round to.
void refine(ExactModel& out, const std::string& name, const Json& strings) {
  const std::span<Exact> w = out.model.weights[name];
  for (const auto& [key, text] : strings.items()) {
    const std::size_t index = std::stoull(key);
    if (index >= w.size()) fail("metadata 'exact': {} has no number {}", name, key);
    const Exact exact = parse_exact(text.get<std::string>());
    if (holds(from_exact<float>(exact), w[index]))
      w[index] = exact;
    else
      out.notes.push_back(fmt::format("{}[{}] is {}, which is not the float nearest to the exact {}; the tensor's number is used",
                                      name, index, nearest_double(w[index]), to_text(exact)));
  }
}

}  // namespace

void save_built_model(const std::string& path, const BuiltModel& model) {
  const Weights<float> rounded = weights_as<float>(model.spec, model.weights);
  Json exact = Json::object();
  for (const Parameter& p : model.weights.layout())
    for (std::size_t i = 0; i < p.size; ++i)
      if (const Exact& x = model.weights[p.name][i]; !holds(rounded[p.name][i], x)) exact[p.name][std::to_string(i)] = to_text(x);
  ModelOrigin origin;
  origin.task = model.task;
  origin.options = model.options;
  origin.vocabulary = make_task(model.task, model.options)->vocabulary();
  save_model(path, model.spec, rounded, origin, {{"exact", exact.dump()}});
}

ExactModel exact_model(const LoadedModel& loaded) {
  ExactModel out{{loaded.spec, Weights<Exact>(loaded.spec), loaded.origin.task, loaded.origin.options}, {}};
  for (std::size_t i = 0; i < loaded.weights.values().size(); ++i)
    out.model.weights.values()[i] = rational_from_double(loaded.weights.values()[i]);
  const auto found = loaded.metadata.find("exact");
  if (found == loaded.metadata.end()) return out;
  try {
    const Json exact = Json::parse(found->second);
    for (const auto& [name, strings] : exact.items()) refine(out, name, strings);
  } catch (const Json::exception& error) {
    fail("{}: metadata 'exact' cannot be read: {}; build the checkpoint again", loaded.path, json_reason(error));
  } catch (const std::logic_error& error) {  // stoll
    fail("{}: metadata 'exact' cannot be read: {}; build the checkpoint again", loaded.path, json_reason(error));
  }
  return out;
}

}  // namespace separatrix
