#include "models/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tasks/error.h"

namespace separatrix {

MappedFile::MappedFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("cannot read {}: {}", path, std::strerror(errno));
  struct stat info {};
  int error = ::fstat(file, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
  size_ = error == 0 ? static_cast<std::size_t>(info.st_size) : 0;
  if (size_ > 0) {  // an empty file cannot be mapped
    void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED)
      error = errno, size_ = 0;
    else
      data_ = static_cast<const char*>(data);
  }
  ::close(file);
  if (error != 0) fail("cannot read {}: {}", path, std::strerror(error));
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<char*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace separatrix
