// Three ways to write a table.
#include "experiments/report/table.h"

#include <map>

#include "tasks/error.h"

namespace separatrix {
namespace {

std::string escaped(const std::string& text, const std::map<char, std::string>& replacements) {
  std::string out;
  for (const char c : text) {
    const auto at = replacements.find(c);
    out += at == replacements.end() ? std::string(1, c) : at->second;
  }
  return out;
}

std::string escape_latex(const std::string& text) {
  return escaped(text, {{'_', "\\_"},
                        {'&', "\\&"},
                        {'%', "\\%"},
                        {'#', "\\#"},
                        {'$', "\\$"},
                        {'{', "\\{"},
                        {'}', "\\}"},
                        {'^', "\\^{}"},
                        {'~', "\\~{}"},
                        {'\\', "\\textbackslash{}"}});
}

std::string escape_markdown(const std::string& text) {
  return escaped(text, {{'|', "\\|"}, {'<', "&lt;"}, {'\n', " "}});
}

}  // namespace

std::string escape_html(const std::string& text) {
  return escaped(text, {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}});
}

std::string to_markdown(const Table& table) {
  std::string text = "**" + table.title + "**\n\n|", rule = "|";
  for (const std::string& name : table.header) text += " " + escape_markdown(name) + " |", rule += "---|";
  text += "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const Cell& cell : row)
      text += " " + escape_markdown(cell.text) + (cell.detail.empty() ? "" : " (" + escape_markdown(cell.detail) + ")") + " |";
    text += "\n";
  }
  for (const std::string& note : table.notes) text += "\n" + escape_markdown(note) + "\n";
  return text;
}

std::string to_latex(const Table& table) {
  std::string text = "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\\small\n\\begin{tabular}{" +
                     std::string(table.header.size(), 'l') + "}\n\\toprule\n";
  const auto line = [](std::vector<std::string> cells) { return fmt::format("{} \\\\\n", fmt::join(cells, " & ")); };
  std::vector<std::string> header;
  for (const std::string& name : table.header) header.push_back(escape_latex(name));
  text += line(header) + "\\midrule\n";
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const Cell& cell : row)
      cells.push_back(escape_latex(cell.text) + (cell.detail.empty() ? "" : " {\\scriptsize " + escape_latex(cell.detail) + "}"));
    text += line(cells);
  }
  text += "\\bottomrule\n\\end{tabular}\n\\caption{" + escape_latex(table.title) + ".";
  for (const std::string& note : table.notes) text += " " + escape_latex(note);
  return text + "}\n\\end{table}\n";
}

std::string to_html(const Table& table) {
  std::string text = "<figure class=\"table\"><figcaption>" + escape_html(table.title) + "</figcaption>\n<table><thead><tr>";
  for (const std::string& name : table.header) text += "<th>" + escape_html(name) + "</th>";
  text += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    text += "<tr>";
    for (const Cell& cell : row)
      text += "<td>" + escape_html(cell.text) + (cell.detail.empty() ? "" : "<small>" + escape_html(cell.detail) + "</small>") +
              "</td>";
    text += "</tr>\n";
  }
  text += "</tbody></table>\n";
  for (const std::string& note : table.notes) text += "<p class=\"note\">" + escape_html(note) + "</p>\n";
  return text + "</figure>\n";
}

}  // namespace separatrix
