// Token sequences from a text file, one a line.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace separatrix {

/// Each line: ids separated by spaces or commas, or a JSON object with `tokens` (as `tasks sample --format jsonl` prints).
/// An empty line, an id outside [0, vocab), anything else, or a file without lines is an Error naming the line.
std::vector<std::vector<std::int32_t>> read_token_lines(const std::string& path, int vocab);

}  // namespace separatrix
