// Safetensors: named tensors in one file (huggingface/safetensors, README "Format").
//   8 bytes   length N of the header, unsigned little endian
//   N bytes   JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ..., "__metadata__": {string: string}}
//   the rest  the tensors' bytes, row major, little endian, without gaps or overlaps
#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "models/io/mapped_file.h"
#include "tasks/error.h"

namespace separatrix {

enum class DType { F32, F64, I32, I64, U8, BF16 };

const char* dtype_name(DType type);
std::size_t dtype_size(DType type);  // bytes of one element

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::F32;
  if constexpr (std::is_same_v<T, double>) return DType::F64;
  if constexpr (std::is_same_v<T, std::int32_t>) return DType::I32;
  if constexpr (std::is_same_v<T, std::int64_t>) return DType::I64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return DType::U8;
}

/// A tensor in somebody else's memory: bytes.size() = product of shape times dtype_size.
struct TensorView {
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::string_view bytes;

  template <class T>
  static TensorView of(std::vector<std::int64_t> shape, std::span<const T> values) {
    return {dtype_of<T>(), std::move(shape), {reinterpret_cast<const char*>(values.data()), values.size_bytes()}};
  }
  /// Writes its values to `to`, which has as many elements; bfloat16 is widened.  Another dtype than F32 or BF16 is an Error.
  void copy_to(std::span<float> to) const;
};

/// One tensor with its own bytes.
struct Tensor {
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::string bytes;

  /// A tensor of the given shape with a copy of `values`, row major.
  template <class T>
  static Tensor of(std::vector<std::int64_t> shape, std::span<const T> values) {
    return {dtype_of<T>(), std::move(shape), std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes())};
  }
  /// Its values; another dtype than T is an Error.
  template <class T>
  std::vector<T> values() const {
    if (dtype != dtype_of<T>()) fail("tensor has dtype {}, wanted {}", dtype_name(dtype), dtype_name(dtype_of<T>()));
    std::vector<T> out(bytes.size() / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
};

struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;

  /// The tensor of that name; an Error when there is none.
  const Tensor& at(const std::string& name) const;
};

/// An open file.  Its header is checked; the tensors' bytes stay on disk until they are looked at.
class MappedSafetensors {
 public:
  /// A truncated, overlapping, gapped or otherwise malformed file is an Error naming it.
  explicit MappedSafetensors(const std::string& path);
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// The tensor of that name; an Error when there is none.
  const TensorView& at(const std::string& name) const;

 private:
  std::string path_;
  MappedFile file_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes the file whole; throws Error when the disk is full (an older file then stays as it was), or when the bytes of a
/// tensor do not fit its shape.  Equal contents give equal bytes.
void write_safetensors(const std::string& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata);
void write_safetensors(const std::string& path, const Safetensors& file);

/// All of a file, as MappedSafetensors checks it.
Safetensors read_safetensors(const std::string& path);

}  // namespace separatrix
