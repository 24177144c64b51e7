// The page's structure.  Styles are in page_style.h.
#include "experiments/report/page.h"

#include <algorithm>

#include "experiments/report/page_style.h"
#include "models/io/whole_file.h"
#include "tasks/error.h"

namespace separatrix {
namespace {

std::string paragraph(const std::string& text, const std::string& kind = "") {
  return fmt::format("<p{}>{}</p>\n", kind.empty() ? "" : " class=\"" + kind + "\"", escape_html(text));
}

std::string figure_html(const FigureOnPage& figure, const std::filesystem::path& directory) {
  const std::string svg = inline_svg(read_whole(directory / (figure.name + ".svg")));
  return fmt::format(
      "<figure class=\"plot\">{0}<figcaption>{1} <span class=\"files\"><a href=\"{2}.svg\">SVG</a> <a href=\"{2}.png\">PNG</a> "
      "<a href=\"{2}.pdf\">PDF</a> <a href=\"{2}.gp\">script</a></span></figcaption></figure>\n",
      svg, escape_html(figure.caption), figure.name);
}

std::string mark(bool holds) {
  return holds ? "<span class=\"mark yes\">yes</span>" : "<span class=\"mark no\">no</span>";
}

std::string verdict_list(const std::vector<Section>& sections) {
  std::string text;
  for (const Section& section : sections) {
    if (section.verdicts.empty()) continue;
    text += "<div class=\"verdicts\"><h3>" + escape_html(section.title) + "</h3><ul>\n";
    for (const Verdict& v : section.verdicts)
      text +=
          fmt::format("<li>{}<span>{}<small>{}</small></span></li>\n", mark(v.holds), escape_html(v.expected), escape_html(v.seen));
    text += "</ul></div>\n";
  }
  return text.empty() ? "" : "<div class=\"columns\">" + text + "</div>\n";
}

std::string statements_html(const nlohmann::ordered_json& statements) {
  if (!statements.is_array())
    return paragraph("Not part of this report: run `separatrix verify`, or `separatrix reproduce`.", "note");
  std::string text =
      "<figure class=\"table\"><table><thead><tr><th>holds</th><th>statement</th><th>strength</th><th>cases</th><th>failures</th>"
      "<th>seconds</th></tr></thead><tbody>\n";
  for (const auto& s : statements)
    text += fmt::format(
        "<tr><td>{}</td><td>{}<small class=\"words\">{}</small></td><td>{}</td><td>{}</td><td>{}</td><td>{:.2f}</td></tr>\n",
        mark(s.value("holds", false)), escape_html(s.value("name", "")), escape_html(s.value("statement", "")),
        escape_html(s.value("strength", "")), s.value("cases", std::int64_t{0}), s.value("failures", std::int64_t{0}),
        s.value("seconds", 0.0));
  return text + "</tbody></table></figure>\n";
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

std::string inline_svg(const std::string& svg) {
  std::string text = svg.substr(std::min(svg.find("<svg"), svg.size()));
  replace_all(text, " xmlns=\"http://www.w3.org/2000/svg\"\n", "");
  replace_all(text, " xmlns:xlink=\"http://www.w3.org/1999/xlink\"\n", "");
  replace_all(text, "fill=\"#ffffff\"/>", "fill=\"none\"/>");
  return text;
}

std::string to_html(const Page& page, const std::filesystem::path& directory) {
  std::string text =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\"><title>Separatrix report</title>\n<style>\n";
  text += page_style;
  text += "</style></head><body><main>\n<h1>Separatrix</h1>\n";
  text +=
      "<p class=\"lead\">What transformers, linear RNNs (gated delta nets) and hybrids learn to compute: state tracking, recall, "
      "and both at once.</p>\n";
  text += "<h2>What was seen</h2>\n" + verdict_list(page.sections);
  if (!page.main_figure.name.empty()) text += figure_html(page.main_figure, directory);
  for (const Section& section : page.sections) {
    text += fmt::format("<h2>{}</h2>\n", escape_html(section.title));
    for (const Table& table : section.tables) text += to_html(table);
  }
  text += "<h2>Proved and checked exactly</h2>\n" + statements_html(page.statements);
  for (const Table& table : page.reach) text += to_html(table);
  if (!page.figures.empty()) text += "<h2>Beyond the selected runs</h2>\n";
  for (const FigureOnPage& figure : page.figures) text += figure_html(figure, directory);
  text += "<h2>What was run</h2>\n<ul class=\"facts\">\n";
  for (const std::string& fact : page.facts) text += "<li>" + escape_html(fact) + "</li>\n";
  text += "</ul>\n";
  for (const Table& table : page.settings) text += to_html(table);
  text += "<h2>Files</h2>\n<p class=\"files\">";
  for (const std::string& file : page.files) text += fmt::format("<a href=\"{0}\">{0}</a> ", escape_html(file));
  return text + "</p>\n</main></body></html>\n";
}

}  // namespace separatrix
