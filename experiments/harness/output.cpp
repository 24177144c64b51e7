#include "experiments/harness/output.h"

#include <filesystem>

#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {

namespace fs = std::filesystem;

void check_output_file(const std::string& option, const std::string& path) {
  if (path.empty()) return;
  if (const std::string why = why_not_writable(path); !why.empty())
    fail("{}: cannot write {}: {}; give the name of a file in a folder that can be written to", option, path, why);
}

void check_output_folder(const std::string& option, const std::string& path) {
  if (path.empty()) return;
  // The folder itself, or the nearest one above it that is there.
  fs::path there = fs::absolute(path).lexically_normal();
  std::error_code none;
  while (!fs::exists(fs::symlink_status(there, none)) && there != there.root_path()) there = there.parent_path();
  std::string why;
  if (fs::is_directory(there, none))
    why = why_not_writable((there / ".separatrix").string());
  else
    why = fmt::format("{} is there and is no folder", there.string());
  if (!why.empty()) fail("{} {}: cannot make the folder: {}; give a folder that can be made and written to", option, path, why);
}

void make_output_folder(const std::string& option, const std::string& path) {
  check_output_folder(option, path);
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail("{} {}: cannot make the folder: {}; give another one", option, path, error.message());
}

}  // namespace separatrix
