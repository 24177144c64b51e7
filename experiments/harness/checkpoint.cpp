#include "experiments/harness/checkpoint.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "models/io/json_reason.h"
#include "models/io/safetensors.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

Json level_steps(const std::map<int, std::int64_t>& steps) {
  Json json = Json::object();
  for (const auto& [difficulty, step] : steps) json[std::to_string(difficulty)] = step;
  return json;
}

std::map<int, std::int64_t> parse_level_steps(const Json& json) {
  std::map<int, std::int64_t> steps;
  for (const auto& [difficulty, step] : json.items()) steps[std::stoi(difficulty)] = step.get<std::int64_t>();
  return steps;
}

Json state_json(const TrainingState& s) {
  const CurriculumState& c = s.curriculum;
  const Platform& p = s.platform;
  return {{"step", s.step},
          {"tokens", s.tokens},
          {"seconds", s.seconds},
          {"curriculum",
           {{"level", c.level},
            {"entered", c.entered},
            {"solved", c.solved},
            {"solved_at", level_steps(c.solved_at)},
            {"forced_at", level_steps(c.forced_at)}}},
          {"platform",
           {{"device", p.device}, {"precision", p.precision}, {"isa", p.isa}, {"threads", p.threads}, {"commit", p.commit}}},
          {"notes", s.notes}};
}

void parse_state(const Json& json, TrainingState& s) {
  s.step = json.at("step").get<std::int64_t>();
  s.tokens = json.at("tokens").get<std::int64_t>();
  s.seconds = json.at("seconds").get<double>();
  const Json& c = json.at("curriculum");
  s.curriculum = {c.at("level").get<int>(), c.at("entered").get<std::int64_t>(), c.at("solved").get<bool>(),
                  parse_level_steps(c.at("solved_at")), parse_level_steps(c.at("forced_at"))};
  const Json& p = json.at("platform");
  s.platform = {p.at("device").get<std::string>(), p.at("precision").get<std::string>(), p.at("isa").get<std::string>(),
                p.at("threads").get<int>(), p.at("commit").get<std::string>()};
  s.notes = json.at("notes").get<std::vector<std::string>>();
}

Tensor flat(const std::vector<float>& values) {
  return Tensor::of<float>({static_cast<std::int64_t>(values.size())}, std::span<const float>(values));
}

const std::string& metadata_at(const std::map<std::string, std::string>& metadata, const std::string& path,
                               const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) fail("{}: the metadata have no '{}'; this is not a checkpoint of separatrix", path, key);
  return found->second;
}

std::vector<float> read_flat(const Safetensors& file, const std::string& path, const std::string& name, std::size_t size) {
  std::vector<float> values = file.at(name).values<float>();
  if (values.size() != size) fail("{}: '{}' has {} numbers, wanted {}", path, name, values.size(), size);
  for (const float x : values)
    if (!std::isfinite(x)) fail("{}: '{}' holds {}, wanted finite numbers; the file is damaged", path, name, x);
  return values;
}

Weights<float> read_weights(const MappedSafetensors& file, const std::string& path, const Spec& spec) {
  Weights<float> weights(spec);
  for (const Parameter& p : weights.layout()) {
    const TensorView& tensor = file.at(p.name);
    if (tensor.shape != p.shape)
      fail("{}: '{}' has shape [{}], the spec wants [{}]", path, p.name, fmt::join(tensor.shape, ", "), fmt::join(p.shape, ", "));
    tensor.copy_to(weights[p.name]);
  }
  if (file.tensors().size() != weights.layout().size())
    fail("{}: {} tensors, the spec has {}", path, file.tensors().size(), weights.layout().size());
  return weights;
}

}  // namespace

void save_training(const std::string& path, const Spec& spec, const TrainingState& state) {
  Safetensors file;
  file.tensors["weights"] = flat(state.weights.values());
  file.tensors["first_moment"] = flat(state.moments.first);
  file.tensors["second_moment"] = flat(state.moments.second);
  file.metadata = {{"spec", to_text(spec)}, {"spec_hash", spec_hash(spec)}, {"state", state_json(state).dump()}};
  write_safetensors(path, file);
}

TrainingState load_training(const std::string& path, const Spec& spec) {
  const Safetensors file = read_safetensors(path);
  const std::string& hash = metadata_at(file.metadata, path, "spec_hash");
  if (hash != spec_hash(spec)) fail("{}: a checkpoint of another model (spec {}, this run has {})", path, hash, spec_hash(spec));
  TrainingState state{Weights<float>(spec)};
  const std::size_t size = state.weights.values().size();
  state.weights.values() = read_flat(file, path, "weights", size);
  state.moments.first = read_flat(file, path, "first_moment", size);
  state.moments.second = read_flat(file, path, "second_moment", size);
  try {
    parse_state(Json::parse(metadata_at(file.metadata, path, "state")), state);
  } catch (const std::exception& error) {
    fail("{}: the state of training cannot be read: {}; the file is damaged", path, json_reason(error));
  }
  return state;
}

std::map<std::string, std::string> to_metadata(const ModelOrigin& origin) {
  return {{"format", "pt"},
          {"task", origin.task},
          {"task_options", Json(origin.options).dump()},
          {"vocabulary", Json(origin.vocabulary).dump()},
          {"step", std::to_string(origin.step)},
          {"seed", std::to_string(origin.seed)}};
}

ModelOrigin origin_from(const std::map<std::string, std::string>& metadata, const std::string& path) {
  const auto text = [&](const char* key, const char* otherwise) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string(otherwise) : found->second;
  };
  try {
    ModelOrigin origin;
    origin.task = text("task", "");
    origin.options = Json::parse(text("task_options", "{}")).get<TaskOptions>();
    origin.vocabulary = Json::parse(text("vocabulary", "[]")).get<std::vector<std::string>>();
    origin.step = std::stoll(text("step", "0"));
    origin.seed = std::stoull(text("seed", "0"));
    return origin;
  } catch (const Json::exception& error) {
    fail("{}: the metadata cannot be read: {}; the file is damaged", path, json_reason(error));
  } catch (const std::logic_error& error) {  // stoll
    fail("{}: the metadata cannot be read: {}; the file is damaged", path, json_reason(error));
  }
}

void save_model(const std::string& path, const Spec& spec, const Weights<float>& weights, const ModelOrigin& origin,
                const std::map<std::string, std::string>& more) {
  std::map<std::string, TensorView> tensors;
  for (const Parameter& p : weights.layout()) tensors[p.name] = TensorView::of<float>(p.shape, weights[p.name]);
  std::map<std::string, std::string> metadata = to_metadata(origin);
  metadata["spec"] = to_text(spec);
  metadata["spec_hash"] = spec_hash(spec);
  metadata.insert(more.begin(), more.end());
  write_safetensors(path, tensors, metadata);
}

LoadedModel load_model(const std::string& given) {
  const std::string path = std::filesystem::is_directory(given) ? given + "/model.safetensors" : given;
  const MappedSafetensors file(path);
  const std::map<std::string, std::string>& metadata = file.metadata();
  const Spec spec = parse_spec(metadata_at(metadata, path, "spec"));
  if (metadata_at(metadata, path, "spec_hash") != spec_hash(spec))
    fail("{}: the spec's hash is {}, the file says {}; the spec was changed after the weights were written", path, spec_hash(spec),
         metadata.at("spec_hash"));
  return {spec, read_weights(file, path, spec), origin_from(metadata, path), metadata, path};
}

void check_finite(const LoadedModel& model) {
  for (const Parameter& p : model.weights.layout())
    for (const float w : model.weights[p.name])
      if (!std::isfinite(w))
        fail("{}: '{}' holds {}, wanted finite numbers; the run diverged (a lower train.lr may help), or the file is damaged",
             model.path, p.name, w);
}

}  // namespace separatrix
