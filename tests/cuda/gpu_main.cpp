// The tests that run on a GPU.  Without one: exit code 77, which ctest shows as skipped; a GPU that does not answer is a failure.
#define CATCH_CONFIG_RUNNER
#include <cstdio>

#include "kernels/cuda/runtime.h"
#include "tasks/error.h"
#include "tests/catch.h"

int main(int argc, char** argv) {
  try {
    separatrix::SIMT::require_device();
  } catch (const separatrix::Error& error) {
    const bool none = separatrix::SIMT::no_device();
    std::printf("%s: %s\n", none ? "skipped" : "the GPU does not answer", error.what());
    return none ? 77 : 1;
  }
  return Catch::Session().run(argc, argv);
}
