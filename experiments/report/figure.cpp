// Figures to gnuplot scripts.  All sizes are in SVG pixels; PNG has twice the resolution, PDF the same proportions.
#include "experiments/report/figure.h"

#include <algorithm>
#include <map>

#include "experiments/harness/process.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

constexpr int panels_per_row = 3, panel_width = 350, panel_height = 300, legend_height = 44;
constexpr int left = 68, right = 18, top = 36, bottom = 52;  // margins of a panel

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string data_block(const std::string& name, const Points& points) {
  std::string text = fmt::format("${} << EOD\n", name);
  for (const auto& row : points) {
    for (const double x : row) text += fmt::format("{:.6g} ", x);
    text += "\n";
  }
  return text + "EOD\n";
}

std::string terminals(const std::string& name, int width, int height) {
  const std::string font = "font 'Arial,13'";
  return fmt::format(
      "  if (kind eq 'svg') {{ set terminal svg size {0},{1} dynamic enhanced {2} background '#ffffff' name '{3}' }}\n"
      "  if (kind eq 'png') {{ set terminal pngcairo size {4},{5} enhanced {2} fontscale 1.5 linewidth 2 pointscale 2 }}\n"
      "  if (kind eq 'pdf') {{ set terminal pdfcairo size {6:.3f}in,{7:.3f}in enhanced {2} fontscale 0.75 }}\n"
      "  set output '{3}.'.kind\n",
      width, height, font, name, 2 * width, 2 * height, width / 72.0, height / 72.0);
}

std::string panel_script(const Panel& panel, std::size_t index, int width, int height) {
  const int column = static_cast<int>(index) % panels_per_row, row = static_cast<int>(index) / panels_per_row;
  const double x = column * panel_width, y = height - row * panel_height;
  std::string text = fmt::format("  # {}\n  reset\n", panel.title);
  text += fmt::format("  set lmargin at screen {:.5f}\n  set rmargin at screen {:.5f}\n", (x + left) / width,
                      (x + panel_width - right) / width);
  text += fmt::format("  set tmargin at screen {:.5f}\n  set bmargin at screen {:.5f}\n", (y - top) / height,
                      (y - panel_height + bottom) / height);
  text +=
      "  set border 3 lc '#808080'\n  set tics nomirror out scale 0.6 textcolor 'black'\n"
      "  set format y '%g'\n  set grid ytics back lt 1 lw 0.6 lc '#d9d9d9'\n  unset key\n";
  text += fmt::format("  set title {} offset 0,-0.4\n", quoted("{/:Bold " + panel.title + "}"));
  text += fmt::format("  set xlabel {} offset 0,0.3\n  set ylabel {} offset 0,0\n", quoted(panel.x_label), quoted(panel.y_label));
  text += panel.settings;
  text += "  plot ";
  for (std::size_t i = 0; i < panel.curves.size(); ++i)
    text += fmt::format("{}$d{}_{} {}", i ? ", \\\n       " : "", index, i, panel.curves[i].drawing);
  return text + "\n";
}

/// Width of an entry, by an average width of a letter: gnuplot's own key gives every entry the width of the widest.
int entry_width(const LegendEntry& entry) {
  return 62 + 7 * static_cast<int>(entry.title.size());
}

/// The legend is a plot of its own whose unit is one pixel; its text goes into `labels`.
std::vector<Curve> legend_curves(const std::vector<LegendEntry>& legend, int width, std::string& labels) {
  int x = width;
  for (const LegendEntry& entry : legend) x -= entry_width(entry);
  x = std::max(0, x / 2);
  std::vector<Curve> curves;
  for (const LegendEntry& entry : legend) {
    if (!entry.line.empty()) curves.push_back({{{x + 4.0, 16}, {x + 34.0, 16}}, "using 1:2 with lines " + entry.line});
    if (!entry.marker.empty()) curves.push_back({{{x + 19.0, 16}}, "using 1:2 with points " + entry.marker});
    labels += fmt::format("  set label {} at {}, 16 left\n", quoted(entry.title), x + 42);
    x += entry_width(entry);
  }
  return curves;
}

std::string legend_script(const std::vector<Curve>& curves, const std::string& labels, int width, int height) {
  std::string text =
      "  # legend\n  reset\n  unset border\n  unset tics\n  unset key\n  set lmargin at screen 0\n  set rmargin at screen 1\n"
      "  set bmargin at screen 0\n  set tmargin at screen 1\n";
  text += labels + fmt::format("  plot [0:{}][0:{}] NaN", width, height);
  for (std::size_t i = 0; i < curves.size(); ++i) text += fmt::format(", \\\n       $legend_{} {}", i, curves[i].drawing);
  return text + "\n";
}

}  // namespace

ModelStyle style_of(const std::string& model) {
  static const std::map<std::string, ModelStyle> known = {
      {"transformer", {"#d55e00", 7, 6}}, {"gdn", {"#0072b2", 5, 4}}, {"hybrid", {"#009e73", 9, 8}}};
  if (const auto at = known.find(model); at != known.end()) return at->second;
  static const std::vector<ModelStyle> others = {{"#cc79a7", 11, 10}, {"#e69f00", 13, 12}, {"#56b4e9", 15, 14}, {"#666666", 7, 6}};
  std::size_t sum = 0;
  for (const char c : model) sum = sum * 31 + static_cast<unsigned char>(c);
  return others[sum % others.size()];
}

std::string label_of(const std::string& model) {
  static const std::map<std::string, std::string> known = {
      {"transformer", "Transformer"}, {"gdn", "GDN (linear RNN)"}, {"hybrid", "Hybrid"}};
  const auto at = known.find(model);
  return at == known.end() ? model : at->second;
}

std::string title_of(const std::string& name) {
  if (name == "state_based_recall") return "State-based recall";
  std::string title = name;
  std::replace(title.begin(), title.end(), '_', ' ');
  if (!title.empty()) title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  return title;
}

std::string difficulty_symbol(const std::string& task) {
  return task == "recall" ? "m" : task == "polish_formula" ? "k" : "n";
}

std::string script(const Figure& figure) {
  const int count = std::max(1, static_cast<int>(figure.panels.size()));
  const int columns = std::min(panels_per_row, count), rows = (count + panels_per_row - 1) / panels_per_row;
  const int width = std::max(2, columns) * panel_width, height = rows * panel_height + legend_height;
  std::string text = fmt::format("# Draws {0}.svg, {0}.png and {0}.pdf:  gnuplot {0}.gp\n", figure.name);
  for (std::size_t p = 0; p < figure.panels.size(); ++p)
    for (std::size_t i = 0; i < figure.panels[p].curves.size(); ++i)
      text += data_block(fmt::format("d{}_{}", p, i), figure.panels[p].curves[i].points);
  std::string labels;
  const std::vector<Curve> legend = legend_curves(figure.legend, width, labels);
  for (std::size_t i = 0; i < legend.size(); ++i) text += data_block(fmt::format("legend_{}", i), legend[i].points);
  text += "do for [kind in 'svg png pdf'] {\n" + terminals(figure.name, width, height) + "  set multiplot\n";
  for (std::size_t p = 0; p < figure.panels.size(); ++p) text += panel_script(figure.panels[p], p, width, height);
  text += legend_script(legend, labels, width, height) + "  unset multiplot\n  set output\n}\n";
  return text;
}

void draw(const Figure& figure, const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) fail("{}: cannot make the folder: {}; give another one", directory.string(), error.message());
  write_whole(directory / (figure.name + ".gp"), script(figure));
  const Finished gnuplot = run_and_read({"gnuplot", figure.name + ".gp"}, directory);
  if (gnuplot.exit_code == 127)
    fail("gnuplot is wanted for plots and was not found; install it (Debian: apt-get install gnuplot-nox)");
  if (gnuplot.exit_code != 0) fail("gnuplot failed on {}: {}", (directory / (figure.name + ".gp")).string(), gnuplot.error);
}

}  // namespace separatrix
