// Safetensors for Python: arrays over the mapped file, read only.
#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include "experiments/python/arrays.h"
#include "experiments/python/module.h"
#include "models/io/safetensors.h"

namespace nb = nanobind;

namespace separatrix {
namespace {

nb::object array_of_tensor(const TensorView& t, const std::shared_ptr<MappedSafetensors>& file) {
  const auto as = [&]<class T>(const T*) { return array_over(reinterpret_cast<const T*>(t.bytes.data()), t.shape, file); };
  switch (t.dtype) {
    case DType::F32:
      return as(static_cast<const float*>(nullptr));
    case DType::F64:
      return as(static_cast<const double*>(nullptr));
    case DType::I32:
      return as(static_cast<const std::int32_t*>(nullptr));
    case DType::I64:
      return as(static_cast<const std::int64_t*>(nullptr));
    case DType::U8:
      return as(static_cast<const std::uint8_t*>(nullptr));
    case DType::BF16:
      break;
  }
  fail("NumPy has no bfloat16; export the checkpoint in float");
}

/// ({name: array}, metadata)
std::pair<nb::dict, std::map<std::string, std::string>> read(const std::string& path) {
  const auto file = std::make_shared<MappedSafetensors>(path);
  nb::dict arrays;
  for (const auto& [name, tensor] : file->tensors()) arrays[name.c_str()] = array_of_tensor(tensor, file);
  return {arrays, file->metadata()};
}

}  // namespace

void bind_files(nb::module_& m) {
  m.def("read_safetensors", &read, nb::arg("path"));
}

}  // namespace separatrix
