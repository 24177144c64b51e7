#include "experiments/harness/verify_hook.h"

#include "experiments/harness/process.h"
#include "tasks/error.h"

namespace separatrix {

nlohmann::ordered_json run_verify() {
  const Finished verify = run_and_read({this_program(), "verify", "--json"});
  auto json = nlohmann::ordered_json::parse(verify.output, nullptr, false);
  if ((verify.exit_code != 0 && verify.exit_code != 1) || !json.is_object() || !json.contains("statements"))
    fail("`separatrix verify --json` ended with exit code {} and no statements: {}", verify.exit_code, verify.error);
  return json;
}

bool all_hold(const nlohmann::ordered_json& verified) {
  for (const auto& statement : verified.at("statements"))
    if (!statement.at("holds").get<bool>()) return false;
  return !verified.at("statements").empty();
}

}  // namespace separatrix
