// The statements' verdicts, asked of this same program in a child process.
#pragma once
#include <nlohmann/json.hpp>

namespace separatrix {

/// What `verify --json` prints: {"statements": [{name, holds, strength, cases, failures, seconds}]}.
/// Throws Error when it cannot be run or prints something else.
nlohmann::ordered_json run_verify();

/// Whether all statements hold (and there is at least one).
bool all_hold(const nlohmann::ordered_json& verified);

}  // namespace separatrix
