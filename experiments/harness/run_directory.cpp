#include "experiments/harness/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "experiments/harness/output.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

namespace fs = std::filesystem;

/// Opens and locks a folder; -1 when another process has it.
int lock_folder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail("cannot open {}: {}", path, std::strerror(errno));
  if (::flock(folder, LOCK_EX | LOCK_NB) == 0) return folder;
  ::close(folder);
  return -1;
}

}  // namespace

RunDirectory::RunDirectory(std::string path) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) fail("cannot make the folder {}: {}", path_, error.message());
  lock_ = lock_folder(path_);
  if (lock_ < 0) fail("{}: another process is training there", path_);
  for (const fs::directory_entry& entry : fs::directory_iterator(path_))
    if (entry.path().extension().string().starts_with(".part")) fs::remove(entry.path(), error);
}

RunDirectory::~RunDirectory() {
  ::close(lock_);
}

bool RunDirectory::has(const std::string& name) const {
  return fs::exists(*this / name);
}

void check_checkpoint_folder(const std::string& path) {
  for (const char* name : {"run.json", "training.safetensors", "model.safetensors"})
    if (fs::exists(fs::path(path) / name))
      fail("--out {}: it holds a {} already, which would be lost; give another folder, or remove it", path, name);
  check_output_folder("--out", path);
}

void make_checkpoint_folder(const std::string& path) {
  check_checkpoint_folder(path);
  make_output_folder("--out", path);
}

std::string run_status(const std::string& directory) {
  const std::string path = directory + "/run.json";
  if (!fs::exists(path)) return "";
  const auto json = nlohmann::json::parse(read_whole(path), nullptr, false);
  if (!json.is_object() || !json.contains("status")) fail("{}: not a run record; move it away or choose another folder", path);
  const std::string status = json["status"].get<std::string>();
  if (status != "running") return status;
  const int folder = lock_folder(directory);
  if (folder < 0) return "running";
  ::close(folder);
  return "cut";
}

void check_continues(const RunConfig& before, const RunConfig& config, const std::string& directory) {
  const auto free = [&](const std::string& key) {
    if (key == "train.steps") return before.train.schedule == "constant" && config.train.schedule == "constant";
    for (const char* name :
         {"train.device", "train.threads", "train.log_every", "train.checkpoint_every", "train.stop_when_solved"})
      if (key == name) return true;
    return key.starts_with("evaluate.");
  };
  std::map<std::string, std::string> old;
  for (const ConfigKey& key : config_entries(before)) old[key.name] = key.value;
  for (const ConfigKey& key : config_entries(config)) {
    const std::string was = old.count(key.name) ? old[key.name] : "not set";
    if (was != key.value && !free(key.name))
      fail("{}: the run there has {} = {}, not {}; resume with the same settings or choose another --out", directory, key.name, was,
           key.value);
  }
}

}  // namespace separatrix
