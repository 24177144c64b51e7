// The verb `tasks`, run as a user runs it.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <regex>
#include <set>

#include "models/io/whole_file.h"
#include "tasks/task.h"
#include "tests/catch.h"

using namespace separatrix;
namespace fs = std::filesystem;

namespace {

struct Result {
  int code;
  std::string out;  // standard output and error
};

Result shell(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "; } 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  char block[4096];
  for (std::size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) out.append(block, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out};
}

Result separatrix_program(const std::string& arguments) {
  return shell(fmt::format("{} {}", PROGRAM, arguments));
}

/// "recall --difficulty 9 --set query=variable" -> "recall query=variable"
std::string words_but_options(const std::string& arguments) {
  return std::regex_replace(arguments, std::regex(" --difficulty [0-9]+| --set(?= )"), "");
}

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("separatrix_command_{}", ::getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

}  // namespace

// Also the shortcuts' flags, which floors are counted by: written a second time, in Python, from the text.
TEST_CASE("a thousand programs of each task run in Python, all their asserts hold, and shortcuts fail where they say") {
  const Folder folder;
  const std::vector<std::string> cases = {
      "state_tracking --difficulty 16",
      "state_tracking --difficulty 16 --set updates=permutation --set reveal_every=1 --set tokens=char",
      "state_tracking --difficulty 9 --set updates=assign --set bos=true --set variables=7",
      "state_tracking --difficulty 12 --set updates=printed",
      "recall --difficulty 64",
      "recall --difficulty 9 --set query=variable --set tokens=char",
      "state_based_recall --difficulty 16",
      "state_based_recall --difficulty 12 --set order=pointers_first --set tokens=char --set spacing=1",
      "state_based_recall --difficulty 0 --set bits=8 --set warmup_reveals=4",
      "state_based_recall --difficulty 3 --set warmup_reveals=4 --set warmup=mixed --set reveal_variables=2 --set reveal_last=true",
      "state_based_recall --difficulty 3 --set bits_per_swap=4 --set questions=5 --set strict=50",
      "state_based_recall --difficulty 13 --set pointers=unary",
      "state_based_recall --difficulty 13 --set pointers=unary --set tokens=char --set order=pointers_first",
      "state_based_recall --difficulty 13 --set pointers=binary",
      "state_based_recall --difficulty 16 --set pointers=binary --set tokens=char",
      "polish_formula --difficulty 16 --set padding=5",
      "polish_formula --difficulty 11 --set shape=complete --set distribution=easy --set padding=n^2 --set tokens=char",
      "polish_formula --difficulty 30 --set shape=caterpillar",
      "polish_formula --difficulty 30 --set shape=bounded --set depth=5 --set bos=true",
      "word_problem --difficulty 16 --set letters=swaps --set padding=2",
      "word_problem --difficulty 16 --set group=A5 --set letters=half_turns",
      "word_problem --difficulty 16 --set group=Z9 --set tokens=char",
  };
  std::set<std::string> tried;
  for (const std::string& arguments : cases) {
    INFO(arguments);
    const std::string sample = "tasks sample " + arguments + " --seed 7 --count 1000 --format ";
    REQUIRE(separatrix_program(sample + "jsonl --out " + folder.file("a.jsonl")).code == 0);
    REQUIRE(separatrix_program(sample + "safetensors --out " + folder.file("a.safetensors")).code == 0);
    const Result python =
        shell("python3 " SOURCE_DIR "/tests/tasks/run_programs.py " + folder.file("a.jsonl") + " " + folder.file("a.safetensors"));
    INFO(python.out);
    CHECK(python.code == 0);
    CHECK(python.out == "1000 programs hold\n");
    const Result flags =
        shell("python3 " SOURCE_DIR "/tests/tasks/shortcuts.py " + words_but_options(arguments) + " < " + folder.file("a.jsonl"));
    INFO(flags.out);
    CHECK(flags.out == "1000 examples have the flags of their shortcuts\n");
    tried.insert(arguments.substr(0, arguments.find(' ')));
  }
  const std::vector<std::string> names = task_names();
  CHECK(tried == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("the same sample command prints the same bytes, and another seed others") {
  const std::string command = "tasks sample state_based_recall --difficulty 16 --count 3 --format jsonl --seed ";
  const Result a = separatrix_program(command + "7"), b = separatrix_program(command + "7"), c = separatrix_program(command + "8");
  CHECK(a.code == 0);
  CHECK(a.out == b.out);
  CHECK(a.out != c.out);
  CHECK(std::count(a.out.begin(), a.out.end(), '\n') == 3);
}

TEST_CASE("bad input to the verb tasks ends with exit code 2 and says what was wanted") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"sample recal --difficulty 3", "did you mean 'recall'"},
      {"sample recall --difficulty 129", "wanted 1 to 128; set the option numbers"},
      {"sample recall --difficulty -1", "out of range"},
      {"sample state_tracking --difficulty 3 --set variabels=4", "did you mean 'variables'"},
      {"sample state_tracking --difficulty 3 --set updates=swaps", "did you mean 'swap'"},
      {"sample state_tracking --difficulty 3 --set variables=27", "2 to 26"},
      {"sample state_tracking --difficulty 3 --set variables=11 --set tokens=char", "at most 10"},
      {"sample state_tracking --difficulty 3 --set reveal_every=often", "wanted 'auto' or an integer"},
      {"sample state_tracking --difficulty 3 --set variables", "option=value"},
      {"sample state_tracking --difficulty 3 --set query=a --set query=a", "twice"},
      {"sample state_based_recall --difficulty 3 --set distinct=true", "wanted 5 to 128"},
      {"sample state_based_recall --difficulty 0 --set bits=4 --set distinct=true", "distinct pointers"},
      {"sample state_based_recall --difficulty 0 --set bits=200", "needs numbers = 200"},
      {"sample state_based_recall --difficulty 4 --set warmup_reveals=5", "at most 4"},
      {"sample state_based_recall --difficulty 4 --set reveal_variables=5", "at most 4"},
      {"sample state_based_recall --difficulty 4 --set questions=6", "at most 5"},
      {"sample state_based_recall --difficulty 4 --set bits=8 --set bits_per_swap=4", "needs bits = n"},
      {"sample state_based_recall --difficulty 40 --set bits_per_swap=4", "wanted 1 to 32"},
      {"sample state_based_recall --difficulty 4 --set pointers=urnary", "did you mean 'unary'"},
      {"sample polish_formula --difficulty 4 --set padding=n^4", "n^0, n^1, n^2, n^3"},
      {"sample polish_formula --difficulty 300 --set padding=n^3", "wanted 1 to 256"},
      {"sample polish_formula --difficulty 100 --set padding=21*n^3", "wanted 1 to 92"},
      {"sample polish_formula --difficulty 4 --set padding=21n^3", "such as 21*n^3"},
      {"sample polish_formula --difficulty 33 --set shape=bounded --set depth=5", "wanted 1 to 32"},
      {"sample polish_formula --difficulty 4 --set shape=bounded", "give a depth"},
      {"sample word_problem --difficulty 4 --set group=S6", "wanted S2 to S5, A3 to A5 or Z2 to Z1000"},
      {"sample word_problem --difficulty 4 --set letters=half_turns", "half_turns those of A5"},
      {"sample word_problem --difficulty 4 --set tokens=char", "one character"},
      {"sample recall --difficulty 3 --count 0", "at least 1"},
      {"sample recall --difficulty 3 --seed -1", "wanted 0 or more"},
      {"sample recall --difficulty 3 --format safetensors", "--out FILE"},
      {"sample recall --difficulty 3 --out /no/such/folder/x", "cannot write /no/such/folder/x"},
      {"sample recall --difficulty 3 > /dev/full", "disk is full"},
      {"list --set tokens=char", "--set needs the task"},
  };
  for (const auto& [arguments, wanted] : cases) {
    const Result result = separatrix_program("tasks " + arguments);
    INFO(arguments << "\n" << result.out);
    CHECK(result.code == 2);
    CHECK(result.out.find(wanted) != std::string::npos);
  }
}

TEST_CASE("tasks/README.md lists every option with its default and reason") {
  const std::string readme = read_whole(SOURCE_DIR "/tasks/README.md");
  for (const std::string& name : task_names()) {
    std::string table = fmt::format("### {}\n\n| option | default | choices | why |\n|---|---|---|---|\n", name);
    for (const TaskOption& option : make_task(name)->options())
      table += fmt::format("| `{}` | `{}` | {} | {} |\n", option.name, option.value, option.choices, option.reason);
    INFO("tasks/README.md must contain\n" << table);
    CHECK(readme.find(table) != std::string::npos);
  }
}
