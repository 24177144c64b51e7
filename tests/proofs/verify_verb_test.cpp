#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/harness/built_model.h"
#include "models/io/whole_file.h"
#include "tests/catch.h"

using namespace separatrix;

namespace {

struct Ran {
  int exit_code;
  std::string out;
};

/// Runs the program with these arguments; what it prints on both streams.
Ran run(const std::string& arguments) {
  const std::string file = (std::filesystem::temp_directory_path() / fmt::format("separatrix_verify_{}.txt", getpid())).string();
  const int status = std::system(fmt::format("'{}' {} > '{}' 2>&1", PROGRAM, arguments, file).c_str());
  const Ran ran{WEXITSTATUS(status), read_whole(file)};
  std::filesystem::remove(file);
  return ran;
}

}  // namespace

TEST_CASE("verify exits with 0 when statements hold, 1 when one fails and 2 when it is unknown") {
  const Ran good = run("verify lazy_walk swap_operator --json");
  CHECK(good.exit_code == 0);
  const auto json = nlohmann::json::parse(good.out);
  REQUIRE(json.at("statements").size() == 2);
  CHECK(json["statements"][0].at("name") == "lazy_walk");
  for (const char* key : {"holds", "strength", "cases", "failures", "seconds"}) CHECK(json["statements"][1].contains(key));

  const Ran heads = run("verify padded_heads --threads 1 --json");
  const auto first = nlohmann::json::parse(heads.out).at("statements").at(0).at("heads").at(0);
  CHECK(first.at("tie_deviation") < first.at("score_gap"));

  const Ran unknown = run("verify lazy_wolk");
  CHECK(unknown.exit_code == 2);
  CHECK_THAT(unknown.out, Catch::Matchers::Contains("lazy_walk"));
}

TEST_CASE("construct writes a checkpoint that eval runs exactly, and verify names what a planted wrong swap broke") {
  const std::string folder = (std::filesystem::temp_directory_path() / fmt::format("separatrix_construct_{}", getpid())).string();
  CHECK(run("construct swaps_by_delta_rule --out '" + folder + "'").exit_code == 0);
  const Ran exact = run("eval '" + folder + "' --task state_tracking --difficulty 16 --samples 4 --numbers root2");
  CHECK(exact.exit_code == 0);
  CHECK_THAT(exact.out, Catch::Matchers::Contains("4 of 4 right"));
  CHECK(run("eval '" + folder + "' --difficulty 16 --numbers rational").exit_code == 2);
  CHECK(run("eval '" + folder + "' --difficulty 16 --numbers log:one").exit_code == 2);

  BuiltModel wrong = build_swaps_by_delta_rule(5);
  wrong.weights["model.layers.0.linear_attn.k_conv1d.weight"][2] = RootTwo(0);
  save_built_model(folder + "/model.safetensors", wrong);
  const Ran broken = run("verify --checkpoint '" + folder + "' swaps_all_lengths");
  CHECK(broken.exit_code == 1);
  CHECK_THAT(broken.out, Catch::Matchers::Contains("swaps_all_lengths"));
  CHECK_THAT(broken.out, Catch::Matchers::Contains("b , a = a , b"));
  std::filesystem::remove_all(folder);
}
