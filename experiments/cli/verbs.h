// The verbs of the command line.  Each adds one subcommand whose callback may set the exit code.
#pragma once
#include <vector>

namespace CLI {
class App;
}

namespace separatrix {

using AddVerb = void (*)(CLI::App& app, int& exit_code);

void add_reproduce_verb(CLI::App& app, int& exit_code);
void add_verify_verb(CLI::App& app, int& exit_code);
void add_construct_verb(CLI::App& app, int& exit_code);
void add_reach_verb(CLI::App& app, int& exit_code);
void add_tasks_verb(CLI::App& app, int& exit_code);
void add_train_verb(CLI::App& app, int& exit_code);
void add_eval_verb(CLI::App& app, int& exit_code);
void add_logits_verb(CLI::App& app, int& exit_code);
void add_generate_verb(CLI::App& app, int& exit_code);
void add_export_verb(CLI::App& app, int& exit_code);
void add_import_verb(CLI::App& app, int& exit_code);
void add_scaling_verb(CLI::App& app, int& exit_code);
void add_spec_verb(CLI::App& app, int& exit_code);
void add_sweep_verb(CLI::App& app, int& exit_code);
void add_report_verb(CLI::App& app, int& exit_code);
void add_bench_verb(CLI::App& app, int& exit_code);
void add_info_verb(CLI::App& app, int& exit_code);

/// All verbs, in the order the help shows them.
inline std::vector<AddVerb> verbs() {
  return {
      add_reproduce_verb, add_verify_verb, add_construct_verb, add_reach_verb,  add_tasks_verb,  add_train_verb,
      add_eval_verb,      add_logits_verb, add_generate_verb,  add_export_verb, add_import_verb, add_spec_verb,
      add_scaling_verb,   add_sweep_verb,  add_report_verb,    add_bench_verb,  add_info_verb,
  };
}

}  // namespace separatrix
