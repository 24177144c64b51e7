// A folder of its own for one test, removed afterwards; and small readers.  In memory where there is such a file system: runs
// flush their files to disk, which is most of the time of a run of this size.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {

class Scratch {
 public:
  Scratch() {
    const std::filesystem::path memory = "/dev/shm";
    const auto base = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (base / "separatrix_test_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline nlohmann::json read_json(const std::string& path) {
  return nlohmann::json::parse(read_whole(path));
}

/// metrics.jsonl without the times, which no two runs share.
inline std::string timeless_metrics(const std::string& path) {
  std::istringstream lines(read_whole(path));
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    auto json = nlohmann::json::parse(line);
    json.erase("seconds");
    json.erase("tokens_per_second");
    out += json.dump() + "\n";
  }
  return out;
}

/// The message of the Error that `call` throws; empty when it does not.
template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace separatrix
