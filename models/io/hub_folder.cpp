#include "models/io/hub_folder.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "models/io/hub_names.h"
#include "models/io/safetensors.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char *kHead = "lm_head.weight", *kEmbedding = "model.embed_tokens.weight";

// ---- reading ----

/// The files that hold the tensors: one, or those the index names.
std::vector<std::string> weight_files(const std::string& folder) {
  if (fs::exists(folder + "/" + kSingle)) return {folder + "/" + kSingle};
  const std::string index = folder + "/" + kIndex;
  if (!fs::exists(index)) fail("{}: neither {} nor {}; only safetensors can be imported", folder, kSingle, kIndex);
  const Json json = Json::parse(read_whole(index), nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) fail("{}: no 'weight_map'", index);
  std::set<std::string> names;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string() || file.get<std::string>().find('/') != std::string::npos)
      fail("{}: '{}' is in {}, which is not a file of this folder", index, tensor, file.dump());
    names.insert(file.get<std::string>());
  }
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(folder + "/" + name);
  return paths;
}

/// All tensors of a folder by their names there; taking one removes it.
class Tensors {
 public:
  explicit Tensors(const std::string& folder) : folder_(folder) {
    for (const std::string& path : weight_files(folder)) files_.emplace_back(path);
    for (const MappedSafetensors& file : files_)
      for (const auto& [name, tensor] : file.tensors())
        if (!left_.emplace(name, tensor).second) fail("{}: two files have a tensor '{}'", folder_, name);
  }

  bool has(const std::string& name) const { return left_.count(name) != 0; }
  /// The tensor under the first of `names` that is there.
  TensorView take(const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (const auto found = left_.find(name); found != left_.end()) {
        const TensorView tensor = found->second;
        left_.erase(found);
        return tensor;
      }
    fail("{}: no tensor '{}', which config.json asks for", folder_, fmt::join(names, "' or '"));
  }
  void drop(const std::string& name) { left_.erase(name); }
  void check_all_taken() const {
    if (!left_.empty()) fail("{}: tensor '{}' is not part of the model that config.json describes", folder_, left_.begin()->first);
  }
  std::map<std::string, std::string> metadata() const { return files_.empty() ? decltype(metadata()){} : files_[0].metadata(); }

 private:
  std::string folder_;
  std::vector<MappedSafetensors> files_;
  std::map<std::string, TensorView> left_;
};

void copy(const std::string& folder, const std::string& name, const TensorView& tensor, std::span<float> to) {
  if (tensor.dtype != DType::F32 && tensor.dtype != DType::BF16)
    fail("{}: '{}' has dtype {}; F32 and BF16 can be imported", folder, name, dtype_name(tensor.dtype));
  tensor.copy_to(to);
}

constexpr const char* kConvolutions[] = {"q_conv1d.weight", "k_conv1d.weight", "v_conv1d.weight"};

bool is_convolution(const std::string& name) {
  return std::ranges::any_of(kConvolutions, [&](const char* end) { return name.ends_with(end); });
}

/// The convolutions of q, k and v, of which `first` is q's name: neighbours here, one tensor inside transformers.  Its
/// save_pretrained (5.23) cuts that one into three equal parts whatever the sizes of q, k and v are, so only the rows of all three
/// together count.
void read_convolutions(const std::string& folder, Tensors& tensors, const std::string& first, Weights<float>& weights) {
  const std::string at = first.substr(0, first.size() - std::string(kConvolutions[0]).size());
  std::span<float> left = weights[first];
  for (const char* end : {kConvolutions[1], kConvolutions[2]}) left = {left.data(), left.size() + weights[at + end].size()};
  const std::int64_t width = weights.parameter(first).shape[2], rows = static_cast<std::int64_t>(left.size()) / width;
  std::vector<TensorView> parts;
  std::int64_t found = 0;
  for (const char* end : kConvolutions) {
    const TensorView part = tensors.take({at + end});
    if (part.shape.size() != 3 || part.shape[1] != 1 || part.shape[2] != width)
      fail("{}: '{}{}' has shape [{}], config.json wants [..., 1, {}]", folder, at, end, fmt::join(part.shape, ", "), width);
    found += part.shape[0];
    parts.push_back(part);
  }
  if (found != rows) fail("{}: '{}' and its neighbours have {} channels, config.json wants {}", folder, first, found, rows);
  for (const TensorView& part : parts) {
    const std::size_t size = static_cast<std::size_t>(part.shape[0] * width);
    copy(folder, first, part, left.first(size));
    left = left.subspan(size);
  }
}

// ---- writing ----

/// The tensors in layout order, cut into files of at most `shard_bytes`.
std::vector<std::map<std::string, TensorView>> shards_of(HubFormat format, const Weights<float>& weights, bool tied,
                                                         std::uint64_t shard_bytes) {
  std::vector<std::map<std::string, TensorView>> shards(1);
  std::uint64_t filled = 0;
  for (const Parameter& p : weights.layout()) {
    if (tied && p.name == kHead) continue;
    const TensorView tensor = TensorView::of<float>(p.shape, weights[p.name]);
    if (!shards.back().empty() && filled + tensor.bytes.size() > shard_bytes) shards.emplace_back(), filled = 0;
    filled += tensor.bytes.size();
    shards.back()[hub_names(p.name, format)[0]] = tensor;
  }
  return shards;
}

std::string shard_name(std::size_t i, std::size_t count) {
  return count == 1 ? kSingle : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, count);
}

std::string index_text(const std::vector<std::map<std::string, TensorView>>& shards) {
  Json map = Json::object();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < shards.size(); ++i)
    for (const auto& [name, tensor] : shards[i]) map[name] = shard_name(i, shards.size()), total += tensor.bytes.size();
  return Json{{"metadata", {{"total_size", total}}}, {"weight_map", map}}.dump(2) + "\n";
}

/// Another export's files would be taken for this one's.
void check_folder(const std::string& folder, std::size_t shards) {
  std::set<std::string> ours;
  for (std::size_t i = 0; i < shards; ++i) ours.insert(shard_name(i, shards));
  if (shards > 1) ours.insert(kIndex);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".safetensors") != std::string::npos && !ours.count(name))
      fail("{}: already holds {}, which is of another checkpoint; give an empty folder", folder, name);
  }
}

/// The same model with its residual stream times `scale`: what is added to the stream is scaled, every norm undoes it.
Weights<float> scaled_stream(Weights<float> weights, double scale) {
  for (const Parameter& p : weights.layout())
    if (p.name == kEmbedding || p.name.ends_with(".o_proj.weight") || p.name.ends_with(".down_proj.weight"))
      for (float& x : weights[p.name]) x = static_cast<float>(x * scale);
  return weights;
}

void write_files(const std::string& folder, const std::string& config, const std::vector<std::map<std::string, TensorView>>& shards,
                 const std::map<std::string, std::string>& metadata) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail("cannot make the folder {}: {}", folder, error.message());
  check_folder(folder, shards.size());
  for (std::size_t i = 0; i < shards.size(); ++i)
    write_safetensors(folder + "/" + shard_name(i, shards.size()), shards[i], metadata);
  if (shards.size() > 1) write_whole(folder + "/" + kIndex, index_text(shards));
  write_whole(folder + "/config.json", config);
}

}  // namespace

HubModel read_hub_folder(const std::string& folder) {
  const HubConfig config = read_hub_config(folder + "/config.json");
  Tensors tensors(folder);
  HubModel model{config.format, config.spec, Weights<float>(config.spec), tensors.metadata()};
  const bool tied = config.tied.value_or(!tensors.has(kHead));
  if (tied) tensors.drop(kHead);
  for (const Parameter& p : model.weights.layout()) {
    if (tied && p.name == kHead) continue;
    if (config.format == HubFormat::olmo_hybrid && is_convolution(p.name)) {
      if (p.name.ends_with(kConvolutions[0])) read_convolutions(folder, tensors, p.name, model.weights);
      continue;
    }
    const TensorView tensor = tensors.take(hub_names(p.name, config.format));
    if (tensor.shape != p.shape)
      fail("{}: '{}' has shape [{}], config.json wants [{}]", folder, p.name, fmt::join(tensor.shape, ", "),
           fmt::join(p.shape, ", "));
    copy(folder, p.name, tensor, model.weights[p.name]);
  }
  tensors.check_all_taken();
  if (tied) std::ranges::copy(model.weights[kEmbedding], model.weights[kHead].begin());
  return model;
}

void write_hub_folder(const std::string& folder, HubFormat format, const Spec& spec, const Weights<float>& weights,
                      const std::map<std::string, std::string>& metadata, std::uint64_t shard_bytes) {
  write_hub_config(spec, format, false);  // refuses what the format cannot express
  const double scale = hub_stream_scale(spec, format);
  const bool tied = scale == 1 && std::ranges::equal(weights[kHead], weights[kEmbedding]);
  const std::string config = write_hub_config(spec, format, tied);
  if (scale == 1) {
    write_files(folder, config, shards_of(format, weights, tied, shard_bytes), metadata);
  } else {
    const Weights<float> scaled = scaled_stream(weights, scale);
    write_files(folder, config, shards_of(format, scaled, tied, shard_bytes), metadata);
  }
}

}  // namespace separatrix
