// How the header of state-based recall writes a pointer p into m bits.
//   token    a, b = 3, 0                                      one number
//   unary    a, b = len('|||'), len('')                       p marks
//   binary   a, b = int('110'[::-1], 2), int('000'[::-1], 2)  the digits, lowest first, as many as m - 1 has
#pragma once
#include "tasks/program.h"

namespace separatrix {

enum class PointerEncoding { token, unary, binary };

/// The values of the option `pointers`, in the order of the enumerators.
const std::vector<std::string>& pointer_encodings();
PointerEncoding pointer_encoding(const std::string& word);

/// Symbols that the vocabulary needs beside program_symbols.
std::vector<Symbol> pointer_symbols(PointerEncoding encoding);
/// Binary digits of a pointer into m bits: at least one.
int pointer_digits(int m);
/// The pointer as symbols; `zero` is the id of the number 0, `first` that of the first of pointer_symbols.
std::vector<int> encoded_pointer(PointerEncoding encoding, int pointer, int m, int zero, int first);

}  // namespace separatrix
