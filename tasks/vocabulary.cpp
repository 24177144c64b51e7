// Encoding of drafts.  The vocabulary depends on the options only, never on the difficulty.
#include "tasks/vocabulary.h"

#include <set>

namespace separatrix {

Vocabulary::Vocabulary(std::vector<Symbol> symbols, Tokenisation how) : symbols_(std::move(symbols)), how_(how) {
  if (how_.characters) {
    std::set<unsigned char> characters;
    for (const Symbol& symbol : symbols_) characters.insert(symbol.spelling.begin(), symbol.spelling.end());
    for (const unsigned char c : characters) {
      id_of_character_[c] = static_cast<int>(tokens_.size());
      tokens_.emplace_back(1, static_cast<char>(c));
    }
  } else {
    for (const Symbol& symbol : symbols_) tokens_.push_back(symbol.name);
  }
  if (how_.bos) tokens_.push_back("<bos>");
}

/// Character tokens of example.text; positions of the answers counted without <bos>.
void Vocabulary::write_characters(const Draft& draft, Example& example) const {
  for (const unsigned char c : example.text) example.tokens.push_back(id_of_character_[c]);
  std::size_t answer = 0;
  int end = 0;  // of the current symbol in the text
  for (std::size_t i = 0; i < draft.symbols.size() && answer < draft.answers.size(); ++i) {
    const std::string& spelling = symbols_[draft.symbols[i]].spelling;
    const int begin = end;
    end += static_cast<int>(spelling.size()) - (i == 0 && spelling[0] == ' ');
    if (static_cast<int>(i) != draft.answers[answer]) continue;
    ++answer;
    for (int position = begin; position < end; ++position)
      if (example.text[position] != ' ') example.answers.push_back({position, example.tokens[position]});
  }
}

Example Vocabulary::encode(Draft draft, int difficulty) const {
  Example example;
  example.difficulty = difficulty;
  example.shortcut_fails = std::move(draft.shortcut_fails);
  for (const int symbol : draft.symbols) example.text += symbols_[symbol].spelling;
  if (!example.text.empty() && example.text[0] == ' ') example.text.erase(0, 1);

  if (how_.characters) {
    write_characters(draft, example);
  } else {
    for (const int position : draft.answers) example.answers.push_back({position, draft.symbols[position]});
    example.tokens = std::move(draft.symbols);
  }
  if (how_.bos) {
    example.tokens.insert(example.tokens.begin(), static_cast<int>(tokens_.size()) - 1);
    for (Answer& answer : example.answers) ++answer.position;
  }
  // Nothing is predicted for the first token.
  example.loss_mask.assign(example.tokens.size(), how_.loss_on_all);
  example.loss_mask[0] = 0;
  for (const Answer& answer : example.answers) example.loss_mask[answer.position] = 1;
  return example;
}

}  // namespace separatrix
