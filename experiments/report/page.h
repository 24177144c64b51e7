// The report as one self-contained HTML page: styles and figures are inside, nothing is loaded from anywhere.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/report/collect.h"
#include "experiments/report/table.h"
#include "experiments/report/verdict.h"

namespace separatrix {

/// What one experiment contributes to the page.
struct Section {
  std::string title, name;
  std::vector<Verdict> verdicts;
  std::vector<Table> tables;
};

struct FigureOnPage {
  std::string name, caption;  // name of the .svg in the report directory
};

struct Page {
  std::vector<std::string> facts;     // machine, commit, dates, seconds: one sentence each
  nlohmann::ordered_json statements;  // verify --json's list; null when verify was not run
  std::vector<Table> reach;           // of the constructions; empty when it was not measured
  FigureOnPage main_figure;
  std::vector<Section> sections;
  std::vector<FigureOnPage> figures;
  std::vector<Table> settings;     // where the runs differ from the paper's
  std::vector<std::string> files;  // names in the report directory, to link to
};

/// The page's text; figures are read from `directory`.
std::string to_html(const Page& page, const std::filesystem::path& directory);

/// An SVG of gnuplot for use inside an HTML page: without XML prologue and namespaces, its background transparent.
std::string inline_svg(const std::string& svg);

}  // namespace separatrix
