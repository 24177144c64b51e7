// separatrix report DIR... [--out DIR]
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "experiments/cli/verbs.h"
#include "experiments/report/report.h"
#include "tasks/error.h"

namespace separatrix {

void add_report_verb(CLI::App& app, int&) {
  struct Options {
    std::vector<std::string> sweeps;
    std::string out = "report";
  };
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("report", "tables, plots and one HTML page from sweeps");
  verb->add_option("sweeps", options->sweeps, "sweep directories, or CSV files of rows")->required();
  verb->add_option("--out", options->out, "directory the report is written to")->capture_default_str();
  verb->footer("Example: separatrix report runs/recall runs/state_tracking --out report");
  verb->callback([options] {
    write_report({options->sweeps.begin(), options->sweeps.end()}, options->out);
    fmt::print("{}\n", (std::filesystem::path(options->out) / "index.html").string());
  });
}

}  // namespace separatrix
