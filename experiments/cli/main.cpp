// separatrix: one program with verbs.  Exit codes: 0 done, 1 the answer is no (a check failed), 2 bad input.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "experiments/cli/verbs.h"
#include "tasks/error.h"

int main(int argc, char** argv) {
  CLI::App app("separatrix: what transformers, linear RNNs and hybrids compute, in theory and after training");
  app.require_subcommand(1);
  int exit_code = 0;
  for (const auto add_verb : separatrix::verbs()) add_verb(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const separatrix::Error& error) {
    fmt::print(stderr, "separatrix: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "separatrix: unexpected: {}\n", error.what());
    return 3;
  }
  return exit_code;
}
