// Where the experiments' data files (sweeps, the paper's numbers) are: in the source tree the program was built from.
#pragma once
#include <filesystem>
#include <string>

#include "tasks/error.h"

namespace separatrix {

/// The folder experiments/ of the source tree.  Throws Error when the tree has been moved since the build.
inline std::filesystem::path experiments_dir() {
  const std::filesystem::path dir = std::filesystem::path(SEPARATRIX_SOURCE_DIR) / "experiments";
  if (!std::filesystem::is_directory(dir))
    fail("the source tree is no longer at {}; build again where it is now", SEPARATRIX_SOURCE_DIR);
  return dir;
}

}  // namespace separatrix
