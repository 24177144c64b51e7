// How far constructions reach, and how that is shown.
#include "experiments/report/limits_table.h"
#include "experiments/report/reach_table.h"
#include "models/io/whole_file.h"
#include "program.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

const Reach* of(const std::vector<Reach>& rows, const std::string& numbers) {
  for (const Reach& r : rows)
    if (r.numbers == numbers) return &r;
  return nullptr;
}

}  // namespace

TEST_CASE("the layer-norm hash of the recall construction fails in 8 and 11 bits where its closed form says, not in 24") {
  const Scratch folder;
  ReachOptions options;
  options.work = 100, options.samples = 32, options.largest = 16;
  const std::vector<Reach> rows = measure_reach(find_construction("recall_by_attention"), folder.path(), options);
  REQUIRE(rows.size() == arithmetics().size());
  // 4 log2 m + 2 bits: 8 bits are too few for 4, 11 for 8; how many of 32 random examples show it decides the doubling above.
  CHECK(of(rows, "log:8")->wrong_at > 0);
  CHECK(of(rows, "log:8")->right_up_to <= 4);
  CHECK(of(rows, "log:11")->wrong_at == 16);
  CHECK(of(rows, "log:24")->right_up_to == 16);
  CHECK(of(rows, "log:24")->wrong_at == 0);
  CHECK(of(rows, "float")->refused.find("no CPU kernel") != std::string::npos);
  CHECK(std::filesystem::exists(folder / "recall_by_attention/model.safetensors"));
}

TEST_CASE("the swap construction in trained form runs through the training kernels, in fp32 and where it is there in bf16") {
  const Scratch folder;
  ReachOptions options;
  options.work = 100, options.samples = 4, options.largest = 256;
  const std::vector<Reach> rows = measure_reach(find_construction("swaps_in_trained_form"), folder.path(), options);
  CHECK(of(rows, "float")->right_up_to == 256);
  const Reach* bf16 = of(rows, "bf16");
  CHECK((bf16->right_up_to == 256 || bf16->refused.find("AVX512_BF16") != std::string::npos));
  CHECK(of(rows, "log:8")->wrong_at > 0);
}

TEST_CASE("reaches are written and read back, shown in a table, and a file that is none is refused") {
  const std::vector<Reach> rows = {{"one", "log:8", "reference", 4, 8, 8, ""},
                                   {"one", "float", "cpu", 0, 0, 8, "no kernel, \"hard\" attention"},
                                   {"two", "log:24", "reference", 64, 0, 8, ""}};
  const std::vector<Reach> back = reach_from_csv(to_csv(rows), "here");
  REQUIRE(back.size() == 3);
  CHECK(back[1].refused == rows[1].refused);
  CHECK(back[2].right_up_to == 64);
  const std::string table = to_markdown(reach_table(rows));
  CHECK(table.find("64 or more") != std::string::npos);
  CHECK(table.find("wrong at 8") != std::string::npos);
  CHECK(table.find("no kernel") != std::string::npos);
  const Scratch folder;
  draw(reach_figure(rows), folder.path());
  CHECK(std::filesystem::file_size(folder / "reach.svg") > 1000);
  CHECK_THROWS_WITH(reach_from_csv("a,b\n1,2\n", "here"), Catch::Matchers::Contains("separatrix reach"));
}

TEST_CASE("limits are measured beside their law, written and read back, shown, and a file that is none is refused") {
  const std::vector<Limit> limits = limits_from_csv(to_csv(measure_limits()), "here");
  REQUIRE(limits.size() == 11);
  const auto measured = [&](const std::string& name, int at) {
    for (const Limit& l : limits)
      if (l.name == name && l.at == at) return l.measured;
    return -1;
  };
  CHECK(measured("rounded_key", 8) == 1622);
  CHECK(measured("lazy_walk", 10) == 7633);
  CHECK(measured("hash", 24) == 48);
  CHECK(measured("padded_formulas", 7) == 32);
  CHECK(to_markdown(limits_table(limits)).find("1622") != std::string::npos);
  const Scratch folder;
  draw(limits_figure(limits), folder.path());
  CHECK(std::filesystem::file_size(folder / "limits.svg") > 1000);
  CHECK_THROWS_WITH(limits_from_csv("a,b\n1,2\n", "here"), Catch::Matchers::Contains("separatrix reach"));
  CHECK_THROWS_AS(limits_from_csv("limit,at,law,measured\nhash,one,2,3\n", "here"), Error);
  CHECK_THROWS_AS(limits_from_csv("limit,at,law,measured\nhush,1,2,3\n", "here"), Error);
}

TEST_CASE("the verb reach writes reach.csv, and bad arguments end with exit code 2") {
  const Scratch folder;
  CHECK(run_program({"reach", "swaps_by_delta_rule", "--work", "0.01", "--samples", "2", "--out", folder / "r"}).code == 0);
  CHECK(read_whole(folder / "r/reach.csv").find("swaps_by_delta_rule,log:8,reference,") != std::string::npos);
  CHECK(read_whole(folder / "r/limits.csv").find("rounded_key,8,") != std::string::npos);
  CHECK(run_program({"reach", "no_such_construction", "--out", folder / "r"}).code == 2);
  CHECK(run_program({"reach", "--samples", "0", "--out", folder / "r"}).code == 2);
  CHECK(run_program({"reach", "--work", "inf", "--out", folder / "r"}).code == 2);
}
