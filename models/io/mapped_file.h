// A file read through the page cache: its bytes are in memory only while they are looked at.
#pragma once
#include <string>
#include <string_view>

namespace separatrix {

class MappedFile {
 public:
  /// Throws Error when the file cannot be read.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  /// All bytes; valid as long as this object.
  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace separatrix
