// RFC 4180 quoting and its inverse.
#include "experiments/report/csv.h"

#include "tasks/error.h"

namespace separatrix {
namespace {

/// Reads one record starting at `at` (advanced past its newline).
std::vector<std::string> record(std::string_view text, std::size_t& at) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '"' && at + 1 < text.size() && text[at + 1] == '"') {
      fields.back() += '"', ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c == '\n' && !quoted) {
      ++at;
      break;
    } else if (c != '\r' || quoted) {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    if (fields[i].find_first_of(",\"\n\r") == std::string::npos) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) line += c == '"' ? "\"\"" : std::string(1, c);
    line += '"';
  }
  return line;
}

Csv parse_csv(std::string_view text, const std::string& source) {
  Csv csv;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '#' || text[at] == '\n') {
      const std::size_t end = text.find('\n', at);
      at = end == std::string_view::npos ? text.size() : end + 1;
      continue;
    }
    std::vector<std::string> fields = record(text, at);
    if (csv.header.empty()) {
      csv.header = std::move(fields);
    } else if (fields.size() == csv.header.size()) {
      csv.rows.push_back(std::move(fields));
    } else {
      fail("{}: row {} has {} fields, the header {}; the file is damaged or of another format", source, csv.rows.size() + 1,
           fields.size(), csv.header.size());
    }
  }
  return csv;
}

}  // namespace separatrix
