#include "experiments/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tasks/error.h"
#include "tasks/nearest.h"

namespace separatrix {
namespace {

template <class T>
bool is_out_of_range(const std::string& word) {
  T value = 0;
  const char* begin = word.data() + (word[0] == '+');
  return std::from_chars(begin, word.data() + word.size(), value).ec == std::errc::result_out_of_range;
}

enum class Kind { with_sign, without_sign, real };

/// What is wrong with a number; empty: nothing.
std::string complaint(const std::string& word, Kind kind) {
  if (word.empty()) return "a number is missing";
  if (kind == Kind::without_sign && word[0] == '-') return word + ": wanted 0 or more";
  const std::size_t sign = word[0] == '-' || word[0] == '+';
  const bool digits = word.size() > sign && word.find_first_not_of("0123456789", sign) == std::string::npos;
  if (digits && word[sign] == '0' && word.size() > sign + 1) return word + ": a whole number does not begin with 0";
  if (word.find_first_of("xX") != std::string::npos) return word + ": wanted a decimal number";
  if (kind == Kind::without_sign && is_out_of_range<std::uint64_t>(word))
    return fmt::format("{}: out of range, wanted at most {}", word, std::numeric_limits<std::uint64_t>::max());
  using Signed = std::numeric_limits<std::int64_t>;
  if (kind == Kind::with_sign && is_out_of_range<std::int64_t>(word))
    return fmt::format("{}: out of range, wanted {} to {}", word, Signed::min(), Signed::max());
  return "";
}

const CLI::App* verb_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* verb : app.get_subcommands({}))
    if (verb->get_name() == name) return verb;
  return nullptr;
}

/// Whether a word names an option whose values are lists.
bool names_list(const CLI::App& verb, const std::string& word) {
  for (const CLI::Option* option : verb.get_options())
    if (option->get_delimiter() != '\0' && word.starts_with("--") && option->check_lname(word.substr(2))) return true;
  return false;
}

}  // namespace

void read_numbers_strictly(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (!type.starts_with("INT") && !type.starts_with("UINT") && !type.starts_with("FLOAT")) continue;
    const Kind kind = type.starts_with("INT") ? Kind::with_sign : type.starts_with("UINT") ? Kind::without_sign : Kind::real;
    option->check(CLI::Validator([kind](const std::string& word) { return complaint(word, kind); }, "", "decimal"));
  }
  for (CLI::App* verb : app.get_subcommands({})) read_numbers_strictly(*verb);
}

void refuse_unknown_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  const std::string word = argv[1];
  if (const CLI::App* verb = verb_named(app, word)) {
    if (verb->get_require_subcommand_min() > 0) refuse_unknown_verb(*verb, argc - 1, argv + 1);
    return;
  }
  if (word == "test" && !app.get_parent()) fail("unknown verb 'test': the launcher has it, not the program; run ./separatrix test");
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  fail("unknown verb '{}'; did you mean '{}'? (--help lists them)", word, nearest(word, names));
}

void refuse_empty_entries(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const CLI::App* verb = &app;
  std::string list;  // the option whose values the words are
  for (const std::string& word : words) {
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    if (const CLI::App* inner = list.empty() ? verb_named(*verb, word) : nullptr) {
      verb = inner;
      continue;
    }
    if (word.starts_with("--")) list = names_list(*verb, word.substr(0, equals)) ? word.substr(0, equals) : "";
    if (list.empty() || (word.starts_with("--") && equals == std::string::npos)) continue;
    const std::string value = equals == std::string::npos ? word : word.substr(equals + 1);
    if (value.starts_with(',') || value.ends_with(',') || value.find(",,") != std::string::npos)
      fail("{}: {}: an entry of the list is empty; give values with one comma between two of them", list, value);
    if (equals != std::string::npos) list = "";
  }
}

}  // namespace separatrix
