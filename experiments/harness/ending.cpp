#include "experiments/harness/ending.h"

#include <filesystem>
#include <ios>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>

#include "models/io/json_reason.h"
#include "tasks/error.h"

namespace separatrix {

Ending ending_of(const std::exception& error) {
  const auto is = [&]<class E>(const E*) { return dynamic_cast<const E*>(&error) != nullptr; };
  if (is(static_cast<const Error*>(nullptr))) return {2, error.what()};
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
    return {2, fmt::format("{}: {}", file->path1().string(), file->code().message())};
  if (is(static_cast<const std::bad_alloc*>(nullptr)))
    return {2, "the machine has not enough memory for what was asked; ask for smaller sizes"};
  if (is(static_cast<const std::ios_base::failure*>(nullptr))) return {2, fmt::format("a file cannot be read: {}", error.what())};
  if (is(static_cast<const std::system_error*>(nullptr)))  // fmt::print
    return {2, fmt::format("what was to be printed cannot be written: {}", error.what())};
  // Of a record that was changed by hand, or of a name that is no UTF-8: we write no such thing ourselves.
  if (is(static_cast<const nlohmann::json::exception*>(nullptr)))
    return {2, fmt::format("a JSON text is not what was expected: {}", json_reason(error))};
  return {3, fmt::format("unexpected: {}", error.what())};
}

}  // namespace separatrix
