// A table of text that can be written as Markdown, LaTeX and HTML.
#pragma once
#include <string>
#include <vector>

namespace separatrix {

/// What a cell says, and what stands smaller beside it (counts and interval beside an accuracy).
struct Cell {
  std::string text, detail;
};

struct Table {
  std::string file;  // name without extension
  std::string title;
  std::vector<std::string> notes;  // sentences below the table
  std::vector<std::string> header;
  std::vector<std::vector<Cell>> rows;  // each as long as the header
};

std::string to_markdown(const Table& table);
/// A table environment for the booktabs package.
std::string to_latex(const Table& table);
std::string to_html(const Table& table);

/// Text with &, <, > and quotes escaped for HTML.
std::string escape_html(const std::string& text);

}  // namespace separatrix
