// The verbs of the command line.  Each adds one subcommand whose callback may set the exit code.
#pragma once
#include <vector>

namespace CLI {
class App;
}

namespace separatrix {

using AddVerb = void (*)(CLI::App& app, int& exit_code);

void add_report_verb(CLI::App& app, int& exit_code);

/// All verbs, in the order the help shows them.
inline std::vector<AddVerb> verbs() {
  return {add_report_verb};
}

}  // namespace separatrix
