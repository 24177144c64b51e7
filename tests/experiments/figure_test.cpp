// The report's figures are drawn by gnuplot from scripts that stay beside them.
#include <filesystem>

#include "experiments/report/plots.h"
#include "models/io/whole_file.h"
#include "tests/catch.h"
#include "tests/experiments/made_up_rows.h"
#include "tests/experiments/scratch.h"

using namespace separatrix;

TEST_CASE("the separation figure is drawn as SVG, PNG and PDF beside its script", "[report]") {
  const Scratch scratch;
  const std::filesystem::path directory = scratch.path();
  const auto experiments = group(made_up_rows());
  for (const Figure& figure : {separation_figure(experiments), every_run_figure(experiments), learning_rate_figure(experiments)}) {
    draw(figure, directory);
    for (const std::string kind : {".gp", ".svg", ".png", ".pdf"})
      CHECK(std::filesystem::file_size(directory / (figure.name + kind)) > 1000);
    const std::string svg = read_whole(directory / (figure.name + ".svg"));
    for (const std::string title : {"State tracking", "Recall", "State-based recall", "Transformer"})
      CHECK(svg.find(title) != std::string::npos);
  }
}
