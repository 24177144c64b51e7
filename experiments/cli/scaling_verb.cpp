// separatrix scaling model | fit | optimal | savings | published: scaling laws, in theory and fitted.
#include "experiments/cli/scaling.h"

#include <CLI/CLI.hpp>

#include "experiments/cli/verbs.h"

namespace separatrix {

void add_scaling_verb(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("scaling", "scaling laws: the quantization model, fits, savings");
  verb->footer("example: separatrix scaling model --figure scaling\nParameters and operations of a model: separatrix spec");
  verb->require_subcommand(1);
  for (const auto add : {add_scaling_model, add_scaling_fit, add_scaling_optimal, add_scaling_savings, add_scaling_published})
    add(*verb, exit_code);
}

}  // namespace separatrix
