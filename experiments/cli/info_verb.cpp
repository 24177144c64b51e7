// separatrix info: versions, devices, instruction sets, what is missing and how to get it.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "experiments/cli/verbs.h"
#include "experiments/harness/machine.h"
#include "kernels/cuda_devices.h"
#include "kernels/isa.h"

namespace separatrix {
namespace {

using Json = nlohmann::ordered_json;

/// "available", or why a device is not.
std::string device_state(Device device) {
  try {
    make_executor(make_spec(ModelOptions{}, 8), device, Precision::fp32);
    return "available";
  } catch (const Error& error) {
    return error.what();
  }
}

/// The CUDA devices, or why there are none.
Json cuda_state() {
  try {
    return cuda_devices();
  } catch (const std::exception& error) {
    return error.what();
  }
}

int info(bool json) {
  Json out;
  out["commit"] = program_commit();
  out["compiler"] = program_compiler();
  out["fmt"] = FMT_VERSION;
  out["host"] = host_name();
  out["machine"] = cpu_model();
  out["threads"] = use_threads(0);
  out["isa"] = {{"machine", isa_name(machine_isa())}, {"in_force", isa_name(isa())}};
  out["precision_auto"] = precision_name(parse_precision("auto", Device::cpu));
  out["devices"] = {
      {"cpu", device_state(Device::cpu)}, {"reference", device_state(Device::reference)}, {"cuda", device_state(Device::cuda)}};
  out["cuda_devices"] = cuda_state();
  if (json) {
    fmt::print("{}\n", out.dump(1));
    return 0;
  }
  const Json flat = out.flatten();
  for (const auto& [key, value] : flat.items()) {
    std::string name = key.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    fmt::print("{:<18} {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return 0;
}

}  // namespace

void add_info_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("info", "versions, devices, instruction sets, precision, threads");
  verb->footer("example: separatrix info --json");
  auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "print JSON");
  verb->callback([json, &exit_code] { exit_code = info(*json); });
}

}  // namespace separatrix
