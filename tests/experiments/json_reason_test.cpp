// What the program says of JSON that is not what it expects: no word of the library's own.
#include "models/io/json_reason.h"

#include "experiments/harness/ending.h"
#include "refused.h"

using namespace separatrix;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

template <class F>
std::string reason(const F& f) {
  try {
    f();
  } catch (const std::exception& error) {
    CHECK_THAT(ending_of(error).line, !Catch::Contains("json.exception"));
    return json_reason(error);
  }
  return "";
}

}  // namespace

TEST_CASE("reasons name what is missing, of another kind, cut off or no JSON") {
  const json object = {{"a", "x"}};
  CHECK(reason([&] { object.at("laws"); }) == "'laws' is missing");
  CHECK(reason([&] { object.at("a").get<double>(); }) == "type must be number, but is string");
  CHECK(reason([&] { json::array({1}).at("a"); }) == "something else stands where an object is wanted");
  CHECK(reason([&] { return json::parse("{").size(); }) == "it is empty or cut off");
  CHECK(reason([&] { return json::parse("").size(); }) == "it is empty or cut off");
  CHECK(reason([&] { return json::parse("{]").size(); }) == "it is not JSON from byte 2 on");
  CHECK(reason([&] { (void)std::stoi("x"); }) == "a text stands where a number is wanted");
  try {
    (void)fs::directory_iterator("/nosuch");
  } catch (const std::exception& error) {
    CHECK(ending_of(error).line == "/nosuch: No such file or directory");
  }
}

TEST_CASE("a JSON file that is not the one that is wanted is refused with its path in a line of ours") {
  const Scratch folder;
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& words) {
    check_refused(arguments, words);
    CHECK_THAT(run_program(arguments, 60).err, !Catch::Contains("exception"));
  };
  const std::string fit = folder / "e.json";
  for (const auto& [text, why] : {std::pair("{}", "'laws' is missing"),
                                  {"[]", "an object is wanted"},
                                  {"{", "cut off"},
                                  {"{\"laws\": [{\"arch\": 7}]}", "but is number"}}) {
    write_whole(fit, text);
    for (const char* verb : {"savings", "optimal"}) refused({"scaling", verb, fit}, std::string("e.json: "));
    CHECK_THAT(run_program({"scaling", "savings", fit}).err, Catch::Contains(why) && Catch::Contains("scaling fit --json"));
  }
  fs::create_directories(folder / "sweep/one");
  for (const char* runs : {"", "\"runs\": 7", "\"runs\": [7]", "\"runs\": [{}]"}) {
    write_whole(folder / "sweep/sweep.json", std::string("{") + runs + "}");
    refused({"report", folder / "sweep", "--out", folder / "out"}, "sweep.json: no list of runs");
  }
  write_whole(folder / "sweep/sweep.json", R"({"runs": [{"name": "one"}]})");
  for (const char* run : {"{}", R"({"task": 7})", R"({"task": "recall", "solved": true})"}) {
    write_whole(folder / "sweep/one/run.json", run);
    refused({"report", folder / "sweep", "--out", folder / "out"}, "one/run.json: damaged");
  }
  fs::create_directories(folder / "out");
  write_whole(folder / "out/verify.json", "{\"statements\": [");
  refused({"report", std::string(SOURCE_DIR) + "/experiments/results/eigenvalues.csv", "--out", folder / "out"},
          "verify.json: not what `separatrix verify --json` prints");
}
