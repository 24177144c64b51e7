// Statements:  names = expressions  |  assert expression == expression
// Expressions: number | name | name[expression] | [expressions] | range(number) | len('|||') | int('011'[::-1], 2)
#include "tasks/interpreter.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>
#include <vector>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// An integer, or a list of them.
struct Value {
  bool is_list = false;
  long number = 0;
  std::vector<long> items;
};

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i;
    while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) || line[end] == '_')) ++end;
    if (end == i && line[i] == '\'') end = std::min(line.find('\'', i + 1), line.size() - 1) + 1;  // a string is one word
    if (end == i) end += line.compare(i, 2, "==") == 0 ? 2 : 1;
    if (line[i] != ' ') words.push_back(line.substr(i, end - i));
    i = end;
  }
  return words;
}

class Machine {
 public:
  void load(const std::string& line, int number) { line_ = number, words_ = words_of(line), at_ = 0; }
  bool is_assert() const { return !words_.empty() && words_[0] == "assert"; }

  void assignment() {
    std::vector<std::string> names;
    do names.push_back(take());
    while (accept(","));
    expect("=");
    std::vector<Value> values = expressions();
    if (at_ != words_.size()) stop("something follows the statement");
    if (values.size() == 1 && names.size() > 1) values = unpack(values[0]);
    if (values.size() != names.size()) stop("the two sides have different lengths");
    for (std::size_t i = 0; i < names.size(); ++i) variables_[names[i]] = values[i];
  }

  /// Left side of an assert; its right side is next.
  long left_side() {
    expect("assert");
    const long left = integer(expression());
    expect("==");
    return left;
  }
  void check_assert() {
    const long left = left_side(), right = integer(expression());
    if (left != right) stop(fmt::format("the assert does not hold: {} is not {}", left, right));
  }

 private:
  [[noreturn]] void stop(const std::string& why) const { fail("line {} of the program: {}", line_, why); }
  std::string take() { return at_ < words_.size() ? words_[at_++] : (stop("it ends too early"), ""); }
  bool accept(const std::string& word) { return at_ < words_.size() && words_[at_] == word ? (++at_, true) : false; }
  void expect(const std::string& word) {
    if (!accept(word)) stop(fmt::format("expected '{}'", word));
  }
  long integer(const Value& value) const { return value.is_list ? (stop("a number is needed, not a list"), 0) : value.number; }
  std::vector<Value> unpack(const Value& list) const {
    if (!list.is_list) stop("a list is needed on the right");
    std::vector<Value> values;
    for (const long item : list.items) values.push_back({false, item, {}});
    return values;
  }
  std::vector<Value> expressions() {
    std::vector<Value> values;
    do values.push_back(expression());
    while (accept(","));
    return values;
  }

  Value expression() {
    const std::string word = take();
    Value value;
    if (std::isdigit(static_cast<unsigned char>(word[0]))) {
      value.number = std::stol(word);
    } else if (word == "[") {
      value.is_list = true;
      for (const Value& item : expressions()) value.items.push_back(integer(item));
      expect("]");
    } else if (word == "range") {
      expect("(");
      const long count = integer(expression());
      expect(")");
      value.is_list = true;
      for (long i = 0; i < count; ++i) value.items.push_back(i);
    } else if (word == "len") {
      expect("(");
      value.number = static_cast<long>(quoted().size());
      expect(")");
    } else if (word == "int") {
      value.number = reversed_binary();
    } else {
      value = variable(word);
    }
    return value;
  }

  /// What stands between quotes.
  std::string quoted() {
    const std::string word = take();
    if (word.size() < 2 || word.front() != '\'' || word.back() != '\'') stop("a string is needed");
    return word.substr(1, word.size() - 2);
  }

  /// The rest of `int('011'[::-1], 2)`: binary digits, lowest first.
  long reversed_binary() {
    expect("(");
    const std::string digits = quoted();
    for (const char* word : {"[", ":", ":", "-", "1", "]", ",", "2", ")"}) expect(word);
    if (digits.empty() || digits.find_first_not_of("01") != std::string::npos) stop("binary digits are needed");
    long number = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) number += static_cast<long>(digits[i] - '0') << i;
    return number;
  }

  Value variable(const std::string& name) {
    const auto found = variables_.find(name);
    if (found == variables_.end()) stop(fmt::format("unknown name '{}'", name));
    if (!accept("[")) return found->second;
    const long index = integer(expression());
    expect("]");
    if (!found->second.is_list || index < 0 || index >= static_cast<long>(found->second.items.size()))
      stop("the index is out of range");
    return {false, found->second.items[index], {}};
  }

  std::map<std::string, Value> variables_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  int line_ = 0;
};

}  // namespace

long run_program(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  if (lines.empty()) fail("the program is empty");
  Machine machine;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    machine.load(lines[i], static_cast<int>(i) + 1);
    machine.is_assert() ? machine.check_assert() : machine.assignment();
  }
  machine.load(lines.back(), static_cast<int>(lines.size()));
  return machine.left_side();
}

int run_formula(const std::string& text) {
  // The formula is the shortest prefix in which every gate has found two arguments.
  std::istringstream stream(text);
  std::vector<std::string> formula;
  int missing = 1;
  for (std::string word; missing > 0 && stream >> word; formula.push_back(word)) {
    if (word != "and" && word != "or" && word != "0" && word != "1") fail("'{}' is not one of and, or, 0, 1", word);
    missing += word == "and" || word == "or" ? 1 : -1;
  }
  if (missing > 0) fail("the formula ends too early: {} arguments are missing", missing);
  // From right to left, a gate finds its two values on the stack.
  std::vector<int> stack;
  for (auto word = formula.rbegin(); word != formula.rend(); ++word) {
    if (*word == "0" || *word == "1") {
      stack.push_back(*word == "1");
      continue;
    }
    const int first = stack.back();
    stack.pop_back();
    stack.back() = *word == "and" ? (first & stack.back()) : (first | stack.back());
  }
  return stack.back();
}

namespace {

/// What a factor makes of a point, both as digits: an image list "21345", or disjoint cycles "(12)(34)".
char moved(const std::string& factor, char point) {
  if (factor[0] != '(') {
    if (point < '1' || point > '0' + static_cast<int>(factor.size())) fail("'{}' does not move {}", factor, point);
    return factor[point - '1'];
  }
  const std::size_t at = factor.find(point);
  if (at == std::string::npos) return point;
  const bool ends_cycle = factor.at(at + 1) == ')';
  return ends_cycle ? factor[factor.rfind('(', at) + 1] : factor[at + 1];
}

}  // namespace

std::string run_word(const std::string& text) {
  std::istringstream stream(text);
  std::string group, factor;
  stream >> group;
  const bool adds = group.starts_with("Z");
  std::string points = std::string("123456789").substr(0, adds || group.size() != 2 ? 0 : group[1] - '0');
  const long modulus = adds ? std::stol(group.substr(1)) : 1;
  long total = 0;
  while (stream >> factor && factor != "=") {
    if (factor == "_") continue;
    if (adds)
      total = (total + std::stol(factor)) % modulus;
    else
      for (char& point : points) point = moved(factor, point);
  }
  if (factor != "=") fail("the word ends without `=`");
  return adds ? std::to_string(total) : points;
}

}  // namespace separatrix
