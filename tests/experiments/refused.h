// A request that the program refuses: one line, exit code 2, at once.
#pragma once
#include <algorithm>

#include "program.h"
#include "tests/catch.h"

namespace separatrix {

inline void check_refused(const std::vector<std::string>& arguments, const std::string& words) {
  const Outcome done = run_program(arguments, 60);
  INFO(done.err);
  CHECK(done.code == 2);
  CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
  CHECK_THAT(done.err, Catch::Contains(words));
}

}  // namespace separatrix
