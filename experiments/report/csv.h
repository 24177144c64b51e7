// Comma-separated values (RFC 4180): a header line, then one line per row; fields with commas, quotes or newlines are quoted.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace separatrix {

struct Csv {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // each as long as the header
};

/// One line, without its newline.
std::string csv_line(const std::vector<std::string>& fields);

/// Parses a whole file.  Lines that start with '#' are comments.  Throws Error (naming `source` and the line) when a row's length
/// differs.
Csv parse_csv(std::string_view text, const std::string& source);

}  // namespace separatrix
