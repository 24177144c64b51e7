// How an exception ends the program, or one run of a sweep.
#pragma once
#include <exception>
#include <string>

namespace separatrix {

struct Ending {
  int exit_code;     // 2: bad input, or what the machine does not give; 3: our own mistake
  std::string line;  // what to say
};

Ending ending_of(const std::exception& error);

}  // namespace separatrix
