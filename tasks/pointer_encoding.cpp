#include "tasks/pointer_encoding.h"

#include <algorithm>
#include <bit>

namespace separatrix {

const std::vector<std::string>& pointer_encodings() {
  static const std::vector<std::string> words = {"token", "unary", "binary"};
  return words;
}

PointerEncoding pointer_encoding(const std::string& word) {
  const auto& words = pointer_encodings();
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) fail("pointers = {}: wanted token, unary or binary", word);
  return static_cast<PointerEncoding>(found - words.begin());
}

std::vector<Symbol> pointer_symbols(PointerEncoding encoding) {
  if (encoding == PointerEncoding::unary) return {{"len", "len"}, {"'", "'"}, {"|", "|"}};
  if (encoding == PointerEncoding::binary) return {{"int", "int"}, {"'", "'"}, {"[::-1],2", "[::-1], 2"}};
  return {};
}

int pointer_digits(int m) {
  return std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(m - 1))));
}

std::vector<int> encoded_pointer(PointerEncoding encoding, int pointer, int m, int zero, int first) {
  if (encoding == PointerEncoding::token) return {zero + pointer};
  const int word = first, quote = first + 1, last = first + 2;
  std::vector<int> symbols{word, kLeft, quote};
  if (encoding == PointerEncoding::unary) {
    symbols.insert(symbols.end(), pointer, last);
    symbols.insert(symbols.end(), {quote, kRight});
  } else {
    for (int i = 0; i < pointer_digits(m); ++i) symbols.push_back(zero + (pointer >> i & 1));
    symbols.insert(symbols.end(), {quote, last, kRight});
  }
  return symbols;
}

}  // namespace separatrix
