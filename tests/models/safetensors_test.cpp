#include "models/io/safetensors.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "models/io/whole_file.h"
#include "tests/catch.h"

using namespace separatrix;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("separatrix_safetensors_{}", ::getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
  int count() const { return static_cast<int>(std::distance(fs::directory_iterator(path), fs::directory_iterator())); }
};

Safetensors sample_file() {
  Safetensors file;
  file.tensors["mask"] = Tensor::of<std::uint8_t>({3}, std::vector<std::uint8_t>{1, 0, 1});
  file.tensors["weight"] = Tensor::of<float>({2, 2}, std::vector<float>{1.5f, -2, 0, 3});
  file.tensors["exact"] = Tensor::of<double>({1}, std::vector<double>{0.1});
  file.tensors["ids"] = Tensor::of<std::int32_t>({1, 2}, std::vector<std::int32_t>{-1, 7});
  file.tensors["index"] = Tensor::of<std::int64_t>({}, std::vector<std::int64_t>{1LL << 40});
  file.tensors["nothing"] = Tensor::of<float>({0, 4}, std::vector<float>{});
  file.metadata["spec"] = "a \"quoted\"\nline";
  return file;
}

/// A file with the given header text and `data` zero bytes after it.
std::string raw(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data, '\0');
}

/// The message read_safetensors fails with; empty when it reads.
std::string complaint(const Folder& folder, const std::string& bytes) {
  std::ofstream(folder.file("bad"), std::ios::binary) << bytes;
  try {
    read_safetensors(folder.file("bad"));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a safetensors file reads back what was written, byte for byte the same each time") {
  const Folder folder;
  write_safetensors(folder.file("a"), sample_file());
  write_safetensors(folder.file("b"), sample_file());
  CHECK(read_whole(folder.file("a")) == read_whole(folder.file("b")));
  const Safetensors back = read_safetensors(folder.file("a"));
  CHECK(back.metadata == sample_file().metadata);
  REQUIRE(back.tensors.size() == 6);
  for (const auto& [name, tensor] : sample_file().tensors) {
    INFO(name);
    CHECK(back.at(name).dtype == tensor.dtype);
    CHECK(back.at(name).shape == tensor.shape);
    CHECK(back.at(name).bytes == tensor.bytes);
  }
  CHECK(back.at("index").values<std::int64_t>() == std::vector<std::int64_t>{1LL << 40});
  CHECK_THROWS_AS(back.at("index").values<float>(), Error);
  CHECK_THROWS_AS(back.at("other"), Error);
  CHECK(folder.count() == 2);
}

TEST_CASE("every truncation of a safetensors file is refused") {
  const Folder folder;
  write_safetensors(folder.file("a"), sample_file());
  const std::string bytes = read_whole(folder.file("a"));
  for (std::size_t keep = 0; keep < bytes.size(); ++keep) CHECK(complaint(folder, bytes.substr(0, keep)) != "");
  CHECK(complaint(folder, bytes) == "");
  CHECK(complaint(folder, bytes + '\0').find("belong to none") != std::string::npos);
}

TEST_CASE("a malformed safetensors header is refused in one line that names the file") {
  const Folder folder;
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK(complaint(folder, raw("{" + a + "}", 8)) == "");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {raw("[1]", 0), "JSON object"},
      {raw("{", 0), "JSON object"},
      {raw("{" + a + "," + a + "}", 8), "twice"},
      {raw("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12), "overlap"},
      {raw("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})", 20), "gap"},
      {raw(R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})", 8), "dtype"},
      {raw(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8), "do not fit"},
      {raw(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8), "bad shape"},
      {raw(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), "do not fit"},
      {raw(R"({"a":{"dtype":"F32","shape":[4611686018427387903,16],"data_offsets":[0,8]}})", 8), "do not fit"},
      {raw(R"({"a":{"dtype":"F32","shape":[2]}})", 8), "exactly"},
      {raw(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", 8), "exactly"},
      {raw("{" + a + R"(,"__metadata__":{"n":1}})", 8), "not a string"},
      {std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), "truncated"},
  };
  for (const auto& [bytes, wanted] : cases) {
    const std::string message = complaint(folder, bytes);
    INFO(message);
    CHECK(message.find(wanted) != std::string::npos);
    CHECK(message.find(folder.file("bad")) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a failed write is an Error and leaves the old file as it was") {
  const Folder folder;
  const std::string path = folder.file("a");
  write_safetensors(path, sample_file());
  const std::string before = read_whole(path);
  Safetensors large = sample_file();
  large.tensors["large"] = Tensor::of<float>({4096}, std::vector<float>(4096, 1.0f));

  // A file size limit stops the write in its middle, as a full disk does.
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK_THROWS_AS(write_safetensors(path, large), Error);
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);

  CHECK(read_whole(path) == before);
  CHECK(folder.count() == 1);
  CHECK_THROWS_AS(write_safetensors(folder.file("no/such/folder"), large), Error);
  large.tensors["large"].shape = {4095};
  CHECK_THROWS_AS(write_safetensors(path, large), Error);
}
