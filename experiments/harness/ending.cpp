#include "experiments/harness/ending.h"

#include <filesystem>
#include <ios>
#include <new>

#include "tasks/error.h"

namespace separatrix {

Ending ending_of(const std::exception& error) {
  const auto is = [&]<class E>(const E*) { return dynamic_cast<const E*>(&error) != nullptr; };
  if (is(static_cast<const Error*>(nullptr)) || is(static_cast<const std::filesystem::filesystem_error*>(nullptr)))
    return {2, error.what()};
  if (is(static_cast<const std::bad_alloc*>(nullptr)))
    return {2, "the machine has not enough memory for what was asked; ask for smaller sizes"};
  if (is(static_cast<const std::ios_base::failure*>(nullptr))) return {2, fmt::format("a file cannot be read: {}", error.what())};
  return {3, fmt::format("unexpected: {}", error.what())};
}

}  // namespace separatrix
