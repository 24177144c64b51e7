// The tests that run on a GPU.  Without one: exit code 77, which ctest shows as skipped.
#define CATCH_CONFIG_RUNNER
#include <cstdio>

#include "kernels/cuda/runtime.h"
#include "tasks/error.h"
#include "tests/catch.h"

int main(int argc, char** argv) {
  try {
    separatrix::SIMT::require_device();
  } catch (const separatrix::Error& error) {
    std::printf("skipped: %s\n", error.what());
    return 77;
  }
  return Catch::Session().run(argc, argv);
}
