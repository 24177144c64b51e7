#include "experiments/report/settings_table.h"
namespace separatrix {
std::optional<Table> settings_table(const SweepResults&) {
  return std::nullopt;
}
}  // namespace separatrix
