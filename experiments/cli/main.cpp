// separatrix: one program with verbs.  Exit codes: 0 done, 1 the answer is no (a check failed), 2 bad input, 3 our own mistake.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "experiments/cli/verbs.h"
#include "experiments/harness/ending.h"
#include "experiments/harness/machine.h"
#include "tasks/nearest.h"

namespace {

/// One line on stderr; a stderr that cannot be written changes nothing.
void complain(const std::string& what) {
  std::fputs(("separatrix: " + what + "\n").c_str(), stderr);
}

/// What no one catches, as where a parallel loop finds no memory, ends as what main catches does.
[[noreturn]] void end_by_exception() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    const separatrix::Ending ending = separatrix::ending_of(error);
    complain(ending.line);
    std::_Exit(ending.exit_code);
  } catch (...) {
  }
  std::abort();
}

/// Whole numbers are decimal, and nothing is not zero: the parser by itself reads 010 as eight, an empty word as 0, and -1 as the
/// largest number without a sign.
std::string plain_number(const std::string& word, bool has_sign) {
  if (word.empty()) return "a number is missing";
  if (!has_sign && word[0] == '-') return word + ": wanted 0 or more";
  const std::size_t sign = word[0] == '-' || word[0] == '+';
  const bool digits = word.size() > sign && word.find_first_not_of("0123456789", sign) == std::string::npos;
  if (digits && word[sign] == '0' && word.size() > sign + 1) return word + ": a whole number does not begin with 0";
  if (word.find_first_of("xX") != std::string::npos) return word + ": wanted a decimal number";
  return "";
}

void read_numbers_as_decimal(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (const std::string type = option->get_type_name();
        type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT"))
      option->check(CLI::Validator(
          [has_sign = !type.starts_with("UINT")](const std::string& word) { return plain_number(word, has_sign); }, "", "decimal"));
  for (CLI::App* verb : app.get_subcommands({})) read_numbers_as_decimal(*verb);
}

/// A verb, or what a verb itself wants one of (`bench step`).
void refuse_unknown_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  const std::vector<const CLI::App*> verbs = app.get_subcommands({});
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const CLI::App* verb) { return verb->get_name() == argv[1]; });
  if (found != verbs.end()) {
    if ((*found)->get_require_subcommand_min() > 0) refuse_unknown_verb(**found, argc - 1, argv + 1);
    return;
  }
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
  separatrix::fail("unknown verb '{}'; did you mean '{}'? (--help lists them)", argv[1], separatrix::nearest(argv[1], names));
}

/// Settings that the runtimes of GCC and glibc read when they are loaded, before main; so where one is missing the program begins
/// anew, and where that fails it goes on as it is.
/// - A waiting thread shall look 2,000 times, then sleep.  By default it looks on for milliseconds, which takes the core from the
///   very thread it waits for wherever something else runs on the machine.
/// - Memory shall come in large pages where the system has them for the asking (kernels/matmul/notes.md).
void settle(char** argv) {
  if (std::getenv("SEPARATRIX_SETTLED")) return;  // at most once, also where the system takes such settings away again
  ::setenv("SEPARATRIX_SETTLED", "1", 1);
  bool missing = false;
  const auto prefer = [&](const char* name, const char* value) {
    if (std::getenv(name)) return;
    ::setenv(name, value, 1);
    missing = true;
  };
  if (!std::getenv("OMP_WAIT_POLICY")) prefer("GOMP_SPINCOUNT", "2000");
  prefer("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
  if (missing) ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  settle(argv);
  separatrix::limit_memory();
  std::set_terminate(end_by_exception);
  CLI::App app("separatrix: what transformers, linear RNNs and hybrids compute, in theory and after training");
  app.require_subcommand(1);
  app.set_version_flag("--version", "separatrix, commit " + separatrix::program_commit());
  int exit_code = 0;
  for (const auto add_verb : separatrix::verbs()) add_verb(app, exit_code);
  read_numbers_as_decimal(app);
  try {
    refuse_unknown_verb(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    exit_code = app.exit(help);
  } catch (const CLI::ParseError& error) {
    complain(fmt::format("{} (see --help)", error.what()));
    return 2;
  } catch (const std::exception& error) {
    const separatrix::Ending ending = separatrix::ending_of(error);
    complain(ending.line);
    return ending.exit_code;
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    complain("standard output could not be written: what was to be printed is lost");
    return 2;
  }
  return exit_code;
}
