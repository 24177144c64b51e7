// The subcommands of `separatrix scaling`, one a file.
#pragma once

namespace CLI {
class App;
}

namespace separatrix {

void add_scaling_model(CLI::App& scaling, int& exit_code);
void add_scaling_fit(CLI::App& scaling, int& exit_code);
void add_scaling_optimal(CLI::App& scaling, int& exit_code);
void add_scaling_savings(CLI::App& scaling, int& exit_code);
void add_scaling_published(CLI::App& scaling, int& exit_code);

}  // namespace separatrix
