#include "tasks/program.h"

#include <algorithm>

namespace separatrix {
namespace {

std::pair<int, int> two_different(Rng& rng, int variables) {
  const int x = static_cast<int>(rng.below(variables)), y = static_cast<int>(rng.below(variables - 1));
  return {x, y + (y >= x)};
}

}  // namespace

Update random_swap(Rng& rng, int variables) {
  const auto [x, y] = two_different(rng, variables);
  Update update;
  update.add(x, y);
  update.add(y, x);
  return update;
}

Update random_assignment(Rng& rng, int variables) {
  const auto [x, y] = two_different(rng, variables);
  Update update;
  update.add(x, y);
  return update;
}

Update random_overwriting(Rng& rng, int variables) {
  const auto [x, y] = two_different(rng, variables);
  int z = static_cast<int>(rng.below(static_cast<std::uint32_t>(variables - 2)));
  for (const int taken : {std::min(x, y), std::max(x, y)}) z += z >= taken;
  Update update;
  update.add(x, y), update.add(y, z);
  return update;
}

Update random_permutation(Rng& rng, int variables) {
  Update update;
  for (int v = 0; v < variables; ++v) update.add(v, v);
  for (int v = variables; v > 1; --v) std::swap(update.source[v - 1], update.source[rng.below(v)]);  // Fisher-Yates
  return update;
}

void ProgramWriter::names() {
  for (int v = 0; v < variables_; ++v) {
    if (v > 0) draft_.add({kComma});
    draft_.add({name(v)});
  }
}

void ProgramWriter::list(std::span<const int> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) draft_.add({kComma});
    draft_.add({number(values[i])});
  }
}

void ProgramWriter::range_header() {
  names();
  draft_.add({kAssign, kRange, kLeft, number(variables_), kRight, kNewline});
}

void ProgramWriter::number_header(std::span<const int> values) {
  std::vector<std::vector<int>> symbols;
  for (const int value : values) symbols.push_back({number(value)});
  header(symbols);
}

void ProgramWriter::header(const std::vector<std::vector<int>>& values) {
  names();
  draft_.add({kAssign});
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) draft_.add({kComma});
    draft_.symbols.insert(draft_.symbols.end(), values[i].begin(), values[i].end());
  }
  draft_.add({kNewline});
}

void ProgramWriter::bits_header(std::span<const int> bits) {
  draft_.add({kBits, kAssign, kOpen});
  list(bits);
  draft_.add({kClose, kNewline});
}

void ProgramWriter::update(const Update& update) {
  for (int i = 0; i < update.count; ++i) {
    if (i > 0) draft_.add({kComma});
    draft_.add({name(update.target[i])});
  }
  draft_.add({kAssign});
  for (int i = 0; i < update.count; ++i) {
    if (i > 0) draft_.add({kComma});
    draft_.add({name(update.source[i])});
  }
  draft_.add({kNewline});
}

void ProgramWriter::assert_variable(int variable, int value, bool last) {
  draft_.add({kAssert, name(variable), kEqual});
  draft_.add_answer(number(value));
  if (!last) draft_.add({kNewline});
}

void ProgramWriter::assert_bit(int index_symbol, int bit, bool last) {
  draft_.add({kAssert, kBits, kOpen, index_symbol, kClose, kEqual});
  draft_.add_answer(number(bit));
  if (!last) draft_.add({kNewline});
}

std::vector<Symbol> program_symbols(int variables, int numbers) {
  std::vector<Symbol> symbols = {{"\n", "\n"},          {",", ", "},      {"=", " = "}, {"==", " == "},
                                 {"assert", "assert "}, {"bits", "bits"}, {"[", "["},   {"]", "]"},
                                 {"range", "range"},    {"(", "("},       {")", ")"}};
  for (int v = 0; v < variables; ++v)
    symbols.push_back({std::string(1, static_cast<char>('a' + v)), std::string(1, static_cast<char>('a' + v))});
  for (int i = 0; i < numbers; ++i) symbols.push_back({std::to_string(i), std::to_string(i)});
  return symbols;
}

}  // namespace separatrix
