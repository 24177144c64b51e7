// Write to a temporary file, flush, rename (POSIX: rename replaces atomically within one file system).
#include "models/io/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// Writes all bytes; 0 or the errno of the failed write.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// A link stays; what it names is replaced.
std::string target_of(const std::string& name) {
  std::error_code none;
  return std::filesystem::is_symlink(name, none) ? std::filesystem::weakly_canonical(name, none).string() : name;
}

/// The temporary file beside `path`, opened; or why not.
struct Opened {
  std::string temporary;
  int file = -1;
  std::string why;
};

Opened open_beside(const std::string& path) {
  std::error_code none;
  const auto kind = std::filesystem::status(path, none).type();
  if (kind != std::filesystem::file_type::not_found && kind != std::filesystem::file_type::regular)
    return {"", -1, "it is there and is not a regular file"};
  Opened opened{fmt::format("{}.part{}", path, ::getpid()), -1, ""};
  opened.file = ::open(opened.temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (opened.file < 0) opened.why = std::strerror(errno);
  return opened;
}

}  // namespace

std::string why_not_writable(const std::string& name) {
  const std::string path = target_of(name);
  if (std::filesystem::path(path).filename().empty()) return "it names a folder";
  const Opened opened = open_beside(path);
  if (opened.file < 0) return opened.why;
  ::close(opened.file);
  ::unlink(opened.temporary.c_str());
  return "";
}

void write_whole(const std::string& name, std::span<const std::string_view> parts) {
  const std::string path = target_of(name);
  const auto [temporary, file, why] = open_beside(path);
  if (file < 0) fail("cannot write {}: {}; give the name of a file that can be written", path, why);
  int error = 0;
  for (const std::string_view part : parts)
    if (error == 0) error = write_all(file, part);
  if (error == 0 && ::fsync(file) != 0) error = errno;
  if (::close(file) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail("cannot write {}: {} (an older file of that name is unchanged)", path, std::strerror(error));
  }
}

void write_whole(const std::string& path, std::string_view text) {
  write_whole(path, std::span<const std::string_view>(&text, 1));
}

std::string read_whole(const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) fail("cannot read {}: it is a folder, and a file is wanted", path);
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read {}: {}", path, std::strerror(errno));
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) fail("cannot read {}: the read failed", path);
  return bytes;
}

}  // namespace separatrix
