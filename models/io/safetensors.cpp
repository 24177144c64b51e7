// Reading and writing safetensors files, strictly: nothing in a file is ignored or repaired.
#include "models/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "models/io/whole_file.h"

namespace separatrix {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little endian");
using Json = nlohmann::json;

struct DTypeRow {
  DType type;
  const char* name;
  std::size_t size;
};
constexpr DTypeRow kDTypes[] = {{DType::F32, "F32", 4}, {DType::F64, "F64", 8}, {DType::I32, "I32", 4},
                                {DType::I64, "I64", 8}, {DType::U8, "U8", 1},   {DType::BF16, "BF16", 2}};

const DTypeRow& row(DType type) {
  return *std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DTypeRow& r) { return r.type == type; });
}

/// Bytes of a tensor; nothing when a length is negative or the product does not fit 63 bits.
std::optional<std::uint64_t> byte_count(DType type, const std::vector<std::int64_t>& shape) {
  std::uint64_t count = dtype_size(type);
  for (const std::int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(length), &count) || count >> 63) return std::nullopt;
  }
  return count;
}

// ---- writing ----

/// Names with the widest elements first, so that every tensor starts at a multiple of its element size.
std::vector<std::string> file_order(const std::map<std::string, TensorView>& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return dtype_size(tensors.at(a).dtype) > dtype_size(tensors.at(b).dtype);
  });
  return names;
}

std::string header_text(const std::map<std::string, TensorView>& tensors, const std::map<std::string, std::string>& metadata,
                        const std::vector<std::string>& order) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t begin = 0;
  for (const std::string& name : order) {
    const TensorView& tensor = tensors.at(name);
    if (byte_count(tensor.dtype, tensor.shape) != tensor.bytes.size())
      fail("safetensors: tensor '{}' has {} bytes, which its shape does not need", name, tensor.bytes.size());
    const std::uint64_t end = begin + tensor.bytes.size();
    header[name] = {{"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data start at a multiple of 8
  return text;
}

// ---- reading ----

/// Parses the header; a name that occurs twice is an error, as nothing would say which one counts.
Json parse_header(const std::string& path, std::string_view text) {
  std::vector<std::set<std::string>> seen;
  std::string twice;
  const Json::parser_callback_t watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end) seen.pop_back();
    if (event == Json::parse_event_t::key && !seen.back().insert(value.get<std::string>()).second) twice = value.get<std::string>();
    return true;
  };
  const Json header = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (header.is_discarded() || !header.is_object()) fail("{}: the header is not a JSON object; the file is damaged", path);
  if (!twice.empty()) fail("{}: the header names '{}' twice", path, twice);
  return header;
}

std::map<std::string, std::string> parse_metadata(const std::string& path, const Json& entry) {
  std::map<std::string, std::string> metadata;
  if (!entry.is_object()) fail("{}: __metadata__ is not an object of strings", path);
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) fail("{}: __metadata__ '{}' is not a string", path, key);
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

struct Extent {
  std::uint64_t begin, end;
  std::string name;
};

bool is_list_of_sizes(const Json& list) {
  return list.is_array() && std::all_of(list.begin(), list.end(),
                                        [](const Json& x) { return x.is_number_unsigned() && x.get<std::uint64_t>() >> 62 == 0; });
}

/// The tensor's dtype and shape, and where its bytes lie.
std::pair<TensorView, Extent> parse_entry(const std::string& path, const std::string& name, const Json& entry) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets"))
    fail("{}: tensor '{}' needs exactly dtype, shape and data_offsets", path, name);
  const Json &dtype = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
  const auto known = std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DTypeRow& r) { return dtype == r.name; });
  if (known == std::end(kDTypes))
    fail("{}: tensor '{}' has dtype {}; known are F32, F64, I32, I64, U8, BF16", path, name, dtype.dump());
  if (!is_list_of_sizes(shape) || !is_list_of_sizes(offsets) || offsets.size() != 2)
    fail("{}: tensor '{}' has a bad shape or data_offsets", path, name);
  TensorView tensor{known->type, shape.get<std::vector<std::int64_t>>(), {}};
  Extent extent{offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>(), name};
  if (extent.begin > extent.end || byte_count(tensor.dtype, tensor.shape) != extent.end - extent.begin)
    fail("{}: tensor '{}': data_offsets {} do not fit shape {}", path, name, offsets.dump(), shape.dump());
  return {std::move(tensor), std::move(extent)};
}

/// The tensors must fill the data exactly: no overlap, no gap, nothing missing at the end.
void check_extents(const std::string& path, std::vector<Extent> extents, std::uint64_t data_size) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  std::uint64_t next = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != next)
      fail("{}: tensor '{}' begins at byte {} of the data, expected {}; tensors overlap or leave a gap", path, extent.name,
           extent.begin, next);
    next = extent.end;
  }
  if (next > data_size) fail("{}: truncated: {} bytes of tensors, {} in the file; use another copy", path, next, data_size);
  if (next < data_size) fail("{}: {} bytes after the last tensor belong to none", path, data_size - next);
}

}  // namespace

const char* dtype_name(DType type) {
  return row(type).name;
}
std::size_t dtype_size(DType type) {
  return row(type).size;
}

const Tensor& Safetensors::at(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) fail("no tensor named '{}' in this file", name);
  return found->second;
}

void TensorView::copy_to(std::span<float> to) const {
  if (dtype != DType::F32 && dtype != DType::BF16) fail("tensor has dtype {}, wanted F32 or BF16", dtype_name(dtype));
  if (bytes.size() != to.size() * dtype_size(dtype)) fail("tensor has {} bytes, wanted {} numbers", bytes.size(), to.size());
  if (to.empty()) return;
  if (dtype == DType::F32) {
    std::memcpy(to.data(), bytes.data(), bytes.size());
    return;
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::uint16_t upper;  // a bfloat16 is the upper half of a float
    std::memcpy(&upper, bytes.data() + 2 * i, 2);
    to[i] = std::bit_cast<float>(std::uint32_t{upper} << 16);
  }
}

void write_safetensors(const std::string& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::vector<std::string> order = file_order(tensors);
  std::string header;
  try {
    header = header_text(tensors, metadata, order);
  } catch (const Json::exception&) {
    fail("cannot write {}: a name or a metadata text is not UTF-8", path);
  }
  const std::uint64_t length = header.size();
  std::vector<std::string_view> parts{{reinterpret_cast<const char*>(&length), 8}, header};
  for (const std::string& name : order) parts.push_back(tensors.at(name).bytes);
  write_whole(path, parts);
}

void write_safetensors(const std::string& path, const Safetensors& file) {
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : file.tensors) views[name] = {tensor.dtype, tensor.shape, tensor.bytes};
  write_safetensors(path, views, file.metadata);
}

MappedSafetensors::MappedSafetensors(const std::string& path) : path_(path), file_(path) {
  const std::string_view bytes = file_.bytes();
  std::uint64_t length = 0;
  if (bytes.size() < 8) fail("{}: truncated: {} bytes, a safetensors file begins with 8; use another copy", path, bytes.size());
  std::memcpy(&length, bytes.data(), 8);
  if (length > bytes.size() - 8)
    fail("{}: truncated, or no safetensors file: a header of {} bytes is announced, {} follow", path, length, bytes.size() - 8);
  const Json header = parse_header(path, bytes.substr(8, length));
  const std::string_view data = bytes.substr(8 + length);

  std::vector<Extent> extents;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      metadata_ = parse_metadata(path, entry);
      continue;
    }
    auto [tensor, extent] = parse_entry(path, name, entry);
    tensors_[name] = std::move(tensor);
    extents.push_back(std::move(extent));
  }
  check_extents(path, extents, data.size());
  for (const Extent& extent : extents) tensors_[extent.name].bytes = data.substr(extent.begin, extent.end - extent.begin);
}

const TensorView& MappedSafetensors::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail("{}: no tensor named '{}'", path_, name);
  return found->second;
}

Safetensors read_safetensors(const std::string& path) {
  const MappedSafetensors mapped(path);
  Safetensors file;
  file.metadata = mapped.metadata();
  for (const auto& [name, view] : mapped.tensors()) file.tensors[name] = {view.dtype, view.shape, std::string(view.bytes)};
  return file;
}

}  // namespace separatrix
