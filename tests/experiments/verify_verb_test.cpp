// What `verify` and `construct` say of what they list, and of extents.
#include "refused.h"

using namespace separatrix;

namespace {

nlohmann::json printed(const std::vector<std::string>& arguments) {
  const Outcome done = run_program(arguments, 60);
  INFO(done.err);
  REQUIRE(done.code == 0);
  return nlohmann::json::parse(done.out);
}

}  // namespace

TEST_CASE("lists are JSON where JSON is asked for") {
  const auto statements = printed({"verify", "--list", "--json"})["statements"];
  CHECK(statements.size() > 20);
  for (const auto& s : statements)
    for (const char* key : {"name", "strength", "statement", "source", "extent"}) CHECK_FALSE(s.at(key).get<std::string>().empty());
  CHECK(printed({"verify", "--list", "--json", "lazy_walk"})["statements"].size() == 1);
  const auto constructions = printed({"construct", "--list", "--json"})["constructions"];
  CHECK(constructions.size() > 5);
  for (const auto& c : constructions) CHECK_FALSE(c.at("name").get<std::string>().empty());
  const Scratch folder;
  CHECK(printed({"construct", "parity_by_sign_flip", "--json", "--out", folder / "built"})["checkpoint"] ==
        folder / "built/model.safetensors");
  CHECK(printed({"tasks", "list", "--json"})["tasks"].size() > 2);
}

TEST_CASE("a checkpoint whose statement has no larger extent for it is not checked over fewer cases in silence") {
  const Scratch folder;
  REQUIRE(run_program({"construct", "swaps_by_delta_rule", "--out", folder / "built"}).code == 0);
  const std::string name = "theorem_1_delta_rule_first_long_words";
  check_refused({"verify", "--deep", "--checkpoint", folder / "built", name}, name + ": its larger extent is not about a model");
  const auto usual =
      printed({"verify", "--deep", "--checkpoint", folder / "built", "swaps_all_lengths", "--json"})["statements"][0];
  CHECK(usual["extent"] == printed({"verify", "--list", "--json", "swaps_all_lengths"})["statements"][0]["extent"]);
  CHECK_THAT(run_program({"verify", "--deep", "--checkpoint", folder / "built", "swaps_all_lengths"}).out,
             Catch::Contains("(the usual extent)"));
}
