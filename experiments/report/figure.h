// A figure: panels side by side over one legend, as a gnuplot script that draws itself as SVG, PNG and PDF.
// The script holds its data, so a figure can be restyled by editing it and running `gnuplot NAME.gp`.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace separatrix {

/// How a model looks in every figure: colours of Okabe and Ito (2008), which stay apart for colour-blind readers, and a marker.
struct ModelStyle {
  std::string color;  // "#rrggbb"
  int filled, open;   // gnuplot point types of one shape
};
ModelStyle style_of(const std::string& model);
/// "Transformer", "GDN", "Hybrid"; other names as they are.
std::string label_of(const std::string& model);
/// "State tracking" from "state_tracking".
std::string title_of(const std::string& name);

/// The letter of a task's difficulty: m bits, n updates, k leaves.
std::string difficulty_symbol(const std::string& task);

/// Columns of numbers a curve is drawn from.
using Points = std::vector<std::vector<double>>;

struct Curve {
  Points points;
  std::string drawing;  // what follows the data in a plot command: "using 1:2 with lines lc ..."
};

struct Panel {
  std::string title, x_label, y_label;
  std::string settings;  // further gnuplot lines: ranges, ticks, scales
  std::vector<Curve> curves;
};

/// One entry of the legend: how its line and its marker are drawn (empty: none) and what it says.
struct LegendEntry {
  std::string line, marker;  // "lw 2 lc 'red'", "pt 7 lc 'red'"
  std::string title;
};

struct Figure {
  std::string name;  // file name without extension
  std::vector<Panel> panels;
  std::vector<LegendEntry> legend;
};

/// The gnuplot script of a figure.
std::string script(const Figure& figure);

/// Writes NAME.gp into `directory` and runs gnuplot there: NAME.svg, NAME.png, NAME.pdf.
/// Throws Error when gnuplot is missing or fails (with its own words).
void draw(const Figure& figure, const std::filesystem::path& directory);

}  // namespace separatrix
