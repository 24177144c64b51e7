// From symbols to tokens.  A generator writes symbols (words, names, numbers, punctuation); the text of a program is their
// spellings one after the other, and its tokens are either the symbols themselves or the characters of that text.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "tasks/task.h"

namespace separatrix {

/// A symbol: its name as a token, and how it is written in the text, with the spaces around it.
struct Symbol {
  std::string name, spelling;
};

/// A program as symbols.  answers are indices into symbols, ascending; the last one is the question asked.
struct Draft {
  std::vector<int> symbols, answers;
  std::vector<std::uint8_t> shortcut_fails;

  void add(std::initializer_list<int> more) { symbols.insert(symbols.end(), more); }
  void add_answer(int symbol) {
    answers.push_back(static_cast<int>(symbols.size()));
    symbols.push_back(symbol);
  }
};

struct Tokenisation {
  bool characters = false;  // one token per character, else one per symbol
  bool bos = false;         // begin with the token <bos>
  bool loss_on_all = true;  // else on the answers only
};

class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(std::vector<Symbol> symbols, Tokenisation how);

  /// The token texts; a token's id is its index.
  const std::vector<std::string>& tokens() const { return tokens_; }
  /// Tokens, loss mask, answers and text of a program.  With characters, every character of an answer is an answer of its own.
  Example encode(Draft draft, int difficulty) const;

 private:
  void write_characters(const Draft& draft, Example& example) const;

  std::vector<Symbol> symbols_;
  std::vector<std::string> tokens_;
  std::array<int, 256> id_of_character_{};
  Tokenisation how_;
};

}  // namespace separatrix
