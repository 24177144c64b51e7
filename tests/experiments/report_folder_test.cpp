// What a second report leaves of the first one in the same folder.
#include "models/io/whole_file.h"
#include "refused.h"

using namespace separatrix;
namespace fs = std::filesystem;

TEST_CASE("a report removes the tables and figures of the one before it, and nothing else") {
  const Scratch folder;
  const std::string results = fmt::format("{}/experiments/results/", SOURCE_DIR), out = folder / "out";
  REQUIRE(run_program({"report", results + "quick/results.csv", "--out", out}, 60).code == 0);
  const std::string gone = out + "/table_17_state_based_recall.md", mine = out + "/table_mine.md";
  REQUIRE(fs::exists(gone));
  write_whole(mine, "mine");
  REQUIRE(run_program({"report", results + "eigenvalues.csv", "--out", out}, 60).code == 0);
  CHECK(!fs::exists(gone));
  CHECK(fs::exists(out + "/separation.svg"));
  CHECK(read_whole(mine) == "mine");
  for (const char* list : {"{}", "[3]", "[\"../x\"]", "["}) {
    write_whole(out + "/files.json", list);
    check_refused({"report", results + "eigenvalues.csv", "--out", out}, "files.json");
  }
}
