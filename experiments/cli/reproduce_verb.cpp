// separatrix reproduce [--scale quick|paper] [--out DIR] [--jobs K] [--runs-as auto|processes|threads] [--set a.b=c]...
#include <CLI/CLI.hpp>
#include <memory>

#include "experiments/cli/number_check.h"
#include "experiments/cli/verbs.h"
#include "experiments/harness/interrupt.h"
#include "experiments/harness/reproduce.h"

namespace separatrix {

void add_reproduce_verb(CLI::App& app, int& exit_code) {
  CLI::App* verb =
      app.add_subcommand("reproduce", "the main job: verify every statement, train the three models, write the report");
  verb->footer(
      "example: separatrix reproduce --out report\n"
      "Called again it goes on where it was.  Exit code 1: a statement does not hold.");
  const auto options = std::make_shared<ReproduceOptions>();
  const auto out = std::make_shared<std::string>("report");
  verb->add_option("--scale", options->scale, "quick: minutes on two cores; paper: Appendix C as written, days on a CPU")
      ->capture_default_str();
  verb->add_option("--out", *out, "the folder of the report; its runs are below")->capture_default_str();
  verb->add_option("--jobs", options->jobs, "runs at once; 0: one per core")->check(at_least_0());
  verb->add_option("--set", options->sets, "override a key of every run: train.steps=100")->take_all()->allow_extra_args(false);
  const auto runs_as = std::make_shared<std::string>("auto");
  verb->add_option("--runs-as", *runs_as, "as for sweep: processes | threads | auto")->capture_default_str();
  verb->callback([options, out, runs_as, &exit_code] {
    options->out = *out;
    options->runs_as = parse_runs_as(*runs_as);
    note_interrupts();
    options->stop = [] { return interrupted_by != 0; };
    const ReproduceResult result = reproduce(*options);
    exit_code = result.stopped ? 128 + interrupted_by : result.statements_hold ? 0 : 1;
  });
}

}  // namespace separatrix
