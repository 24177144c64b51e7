// Where a verb writes at its end is looked at before it begins.
#include "experiments/harness/output.h"

#include <sys/stat.h>

#include <csignal>

#include "refused.h"

using namespace separatrix;
namespace fs = std::filesystem;

namespace {

const std::string kNowhere = "/nosuch/x";

int files_in(const std::string& folder) {
  return static_cast<int>(std::distance(fs::recursive_directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("an output file or folder is checked without a trace") {
  const Scratch folder;
  write_whole(folder / "file", "mine");
  CHECK_NOTHROW(check_output_file("--x", ""));
  CHECK_NOTHROW(check_output_file("--x", folder / "new"));
  CHECK_NOTHROW(check_output_file("--x", folder / "file"));
  for (const std::string& path : {kNowhere, folder.path(), folder / "file/x", folder.path() + "/", folder / "none/x"})
    CHECK_THAT(error_of([&] { check_output_file("--x", path); }), Catch::StartsWith("--x: cannot write " + path + ": "));
  CHECK_NOTHROW(check_output_folder("--x", ""));
  CHECK_NOTHROW(check_output_folder("--x", folder.path()));
  CHECK_NOTHROW(check_output_folder("--x", folder / "new/a/b"));
  for (const std::string& path : {folder / "file", folder / "file/x", std::string("/proc/x")})
    CHECK_THAT(error_of([&] { check_output_folder("--x", path); }),
               Catch::StartsWith("--x " + path + ": cannot make the folder: "));
  CHECK(files_in(folder.path()) == 1);
  CHECK(read_whole(folder / "file") == "mine");
  make_output_folder("--x", folder / "new/a");
  CHECK(fs::is_directory(folder / "new/a"));
}

TEST_CASE("a file that cannot be written is refused before the work that would fill it") {
  const Scratch folder;
  write_whole(folder / "run.toml", "[task]\nname = \"state_tracking\"\ndifficulty = 2\n[model]\npattern = \"G\"\n");
  for (const std::string& path : {kNowhere, folder.path()}) {
    check_refused({"verify", "--write-readme", path}, "--write-readme: cannot write " + path);
    check_refused({"verify", "--write-errata", path}, "--write-errata: cannot write " + path);
    check_refused({"tasks", "sample", "recall", "--difficulty", "64", "--count", "100000000", "--out", path},
                  "--out: cannot write");
    check_refused({"bench", "step", folder / "run.toml", "--steps", "100000", "--csv", path}, "--csv: cannot write");
    check_refused({"logits", "none", "--tokens", "none", "--out", path}, "--out: cannot write");
    check_refused({"logits", "none", "--tokens", "none", "--out", folder / "o", "--gradients", path}, "--gradients: cannot write");
  }
  check_refused({"bench", "step", folder / "run.toml", "--steps", "100000", "--csv", folder / "run.toml"}, "no file of such rows");
  fs::create_directories(folder / "reach/reach.csv");
  check_refused({"reach", "--work", "1000", "--out", folder / "reach"}, "reach.csv: it is there and is not a regular file");
}

TEST_CASE("a folder that cannot be made is refused in a line of ours, before the work") {
  const Scratch folder;
  write_whole(folder / "t.sh", "mine");
  write_whole(folder / "points.csv", "arch,N,D,loss\n");
  const std::string results = std::string(SOURCE_DIR) + "/experiments/results/quick/results.csv";
  for (const std::string& path : {folder / "t.sh", folder / "t.sh/x", std::string("/proc/x")}) {
    const std::string line = path + ": cannot make the folder: ";
    check_refused({"reach", "--work", "1000", "--out", path}, "--out " + path);
    check_refused({"report", results, "--out", path}, "--out " + line);
    check_refused({"scaling", "model", "--figure", path}, "--figure " + line);
    check_refused({"scaling", "savings", "--figure", path}, "--figure " + line);
    check_refused({"scaling", "fit", folder / "points.csv", "--figure", path}, "--figure " + line);
    check_refused({"construct", "swaps_by_delta_rule", "--out", path}, "--out " + line);
    check_refused({"import", "none", "--out", path}, "--out " + line);
    check_refused({"export", "none", "--format", "fla", "--out", path}, "--out " + line);
  }
  CHECK(read_whole(folder / "t.sh") == "mine");
}

TEST_CASE("a limit on the size of files is a write that fails, whatever the verb") {
  const Scratch folder;
  const auto old = std::signal(SIGXFSZ, SIG_DFL);
  const auto limited = [&](const std::string& arguments) {
    const std::string command = fmt::format("ulimit -f 1; {} {} 2>{}", PROGRAM, arguments, folder / "err");
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  const std::string sample = "tasks sample recall --difficulty 64 --count 100 ";
  CHECK(limited(sample + "--format safetensors --out " + (folder / "x.safetensors")) == 2);
  CHECK_THAT(read_whole(folder / "err"), Catch::Contains("cannot write " + (folder / "x.safetensors")));
  CHECK(limited(sample + "--out " + (folder / "x.txt")) == 2);
  CHECK(limited(sample + "> " + (folder / "y.txt")) == 2);
  CHECK(limited("construct swaps_by_delta_rule --out " + (folder / "built")) == 2);
  CHECK(limited("scaling model --figure " + (folder / "figure")) == 2);
  CHECK_FALSE(fs::exists(folder / "x.safetensors"));
  std::signal(SIGXFSZ, old);
}
