// separatrix: one program with verbs.  Exit codes: 0 done, 1 the answer is no (a check failed), 2 bad input, 3 our own mistake.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "experiments/cli/arguments.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/ending.h"
#include "experiments/harness/machine.h"

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
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit on sizes is a write that fails, and is reported as one
  std::set_terminate(end_by_exception);
  CLI::App app("separatrix: what transformers, linear RNNs and hybrids compute, in theory and after training");
  app.require_subcommand(1);
  app.set_version_flag("--version", "separatrix, commit " + separatrix::program_commit());
  int exit_code = 0;
  for (const auto add_verb : separatrix::verbs()) add_verb(app, exit_code);
  separatrix::read_numbers_strictly(app);
  try {
    separatrix::refuse_unknown_verb(app, argc, argv);
    separatrix::refuse_empty_entries(app, argc, argv);
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
