// separatrix: one program with verbs.  Exit codes: 0 done, 1 the answer is no (a check failed), 2 bad input.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "experiments/cli/verbs.h"
#include "tasks/error.h"

namespace {

/// One line on stderr; a stderr that cannot be written changes nothing.
void complain(const std::string& what) {
  std::fputs(("separatrix: " + what + "\n").c_str(), stderr);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("separatrix: what transformers, linear RNNs and hybrids compute, in theory and after training");
  app.require_subcommand(1);
  int exit_code = 0;
  for (const auto add_verb : separatrix::verbs()) add_verb(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    complain(fmt::format("{} (see --help)", error.what()));
    return 2;
  } catch (const separatrix::Error& error) {
    complain(error.what());
    return 2;
  } catch (const std::exception& error) {
    complain(fmt::format("unexpected: {}", error.what()));
    return 3;
  }
  return exit_code;
}
