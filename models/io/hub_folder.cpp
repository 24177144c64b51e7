#include "models/io/hub_folder.h"

#include <unistd.h>

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
  if (json.is_discarded()) fail("{}: cut off, or not JSON; fetch the file again", index);
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

  std::size_t count() const { return left_.size(); }
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

/// A tensor of the folder and the weight, or the part of one, that it becomes.
struct Placed {
  TensorView tensor;
  std::string name;   // of the weight
  std::size_t begin;  // first number of it
};

void check_dtype(const std::string& folder, const std::string& name, const TensorView& tensor) {
  if (tensor.dtype != DType::F32 && tensor.dtype != DType::BF16)
    fail("{}: '{}' has dtype {}; F32 and BF16 can be imported", folder, name, dtype_name(tensor.dtype));
}

constexpr const char* kFirstConvolution = "q_conv1d.weight";  // those of k and v follow it in the layout

/// The convolutions of q, k and v, one tensor inside transformers.  Its save_pretrained (5.23) cuts that one into three equal parts
/// whatever the sizes of q, k and v are, so only the rows of all three together count.  `ours` are their three parameters.
void place_convolutions(const std::string& folder, Tensors& tensors, std::span<const Parameter> ours, std::vector<Placed>& out) {
  const std::string& first = ours[0].name;
  const std::int64_t width = ours[0].shape[2], rows = ours[0].shape[0] + ours[1].shape[0] + ours[2].shape[0];
  std::vector<TensorView> parts;
  std::int64_t found = 0;
  for (const Parameter& p : ours) {
    const TensorView part = tensors.take({p.name});
    if (part.shape.size() != 3 || part.shape[1] != 1 || part.shape[2] != width)
      fail("{}: '{}' has shape [{}], config.json wants [..., 1, {}]", folder, p.name, fmt::join(part.shape, ", "), width);
    check_dtype(folder, p.name, part);
    found += part.shape[0];
    parts.push_back(part);
  }
  if (found != rows) fail("{}: '{}' and its neighbours have {} channels, config.json wants {}", folder, first, found, rows);
  std::size_t begin = 0;
  for (const TensorView& part : parts) {
    out.push_back({part, first, begin});
    begin += static_cast<std::size_t>(part.shape[0] * width);
  }
}

/// Which tensor becomes which weight, shapes checked: before memory for the weights is asked for.
std::vector<Placed> place(const std::string& folder, Tensors& tensors, const HubConfig& config, bool tied) {
  if (config.spec.blocks.size() > tensors.count())
    fail("{}: config.json wants {} layers, the files have {} tensors in all", folder, config.spec.blocks.size(), tensors.count());
  const std::vector<Parameter> wanted = layout(config.spec);
  std::vector<Placed> out;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Parameter& p = wanted[i];
    if (tied && p.name == kHead) continue;
    if (config.format == HubFormat::olmo_hybrid && p.name.ends_with(kFirstConvolution)) {
      place_convolutions(folder, tensors, std::span(wanted).subspan(i, 3), out);
      i += 2;
      continue;
    }
    const TensorView tensor = tensors.take(hub_names(p.name, config.format));
    if (tensor.shape != p.shape)
      fail("{}: '{}' has shape [{}], config.json wants [{}]", folder, p.name, fmt::join(tensor.shape, ", "),
           fmt::join(p.shape, ", "));
    check_dtype(folder, p.name, tensor);
    out.push_back({tensor, p.name, 0});
  }
  tensors.check_all_taken();
  return out;
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

/// Another export's files would be taken for this one's, and a run's checkpoint would be lost; an export has a config.json.
void check_folder(const std::string& folder, std::size_t shards) {
  std::set<std::string> ours;
  for (std::size_t i = 0; i < shards; ++i) ours.insert(shard_name(i, shards));
  if (shards > 1) ours.insert(kIndex);
  if (fs::exists(folder + "/" + kSingle) && !fs::exists(folder + "/config.json"))
    fail("{}: already holds {}, which is no export but a checkpoint; give an empty folder", folder, kSingle);
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

/// All files are written beside the old ones and then take their places: a full disk leaves an older export as it was.
void write_files(const std::string& folder, const std::string& config, const std::vector<std::map<std::string, TensorView>>& shards,
                 const std::map<std::string, std::string>& metadata) {
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (error) fail("cannot make the folder {}: {}", folder, error.message());
  check_folder(folder, shards.size());
  const std::string part = fmt::format("{}/.part{}", folder, ::getpid());
  try {
    if (!fs::create_directory(part, error)) fail("cannot write to {}: {}", folder, error.message());
    for (std::size_t i = 0; i < shards.size(); ++i)
      write_safetensors(part + "/" + shard_name(i, shards.size()), shards[i], metadata);
    if (shards.size() > 1) write_whole(part + "/" + kIndex, index_text(shards));
    write_whole(part + "/config.json", config);
    for (const auto& entry : fs::directory_iterator(part)) {
      const fs::path target = fs::path(folder) / entry.path().filename();
      fs::rename(entry.path(), target, error);
      if (error) fail("cannot write {}: {}", target.string(), error.message());
    }
    fs::remove(part);
  } catch (...) {
    fs::remove_all(part, error);
    if (made) fs::remove(folder, error);
    throw;
  }
}

}  // namespace

HubModel read_hub_folder(const std::string& folder) {
  const HubConfig config = read_hub_config(folder + "/config.json");
  Tensors tensors(folder);
  const bool tied = config.tied.value_or(!tensors.has(kHead));
  if (tied) tensors.drop(kHead);
  const std::vector<Placed> placed = place(folder, tensors, config, tied);
  HubModel model{config.format, config.spec, Weights<float>(config.spec), tensors.metadata(), config.passed_over};
  for (const Placed& p : placed) {
    // A part of a convolution may reach into its neighbours, which lie behind it.
    const std::size_t size = p.tensor.bytes.size() / dtype_size(p.tensor.dtype);
    p.tensor.copy_to({model.weights[p.name].data() + p.begin, size});
  }
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
