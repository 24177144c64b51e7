// A tiny interpreter of the programs, for checking: it reads the text only and shares nothing with the generators.
#pragma once
#include <string>

namespace separatrix {

/// Runs a program and gives the value of the left side of its last line, `assert X == ...`; what follows the last == is not read.
/// Throws Error at a line that does not parse, an unknown name, an index out of range, or an earlier assert that does not hold.
long run_program(const std::string& text);

/// Value (0 or 1) of the Polish formula at the beginning of the text; throws Error when there is none.
int run_formula(const std::string& text);

/// Product of the word at the beginning of the text, up to its `=`: `S5 21345 (12)(34) = ...` moves points, `Z6 4 5 = ...` adds.
std::string run_word(const std::string& text);

}  // namespace separatrix
