// Token sequences from a file.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace separatrix {

/// A file named *.safetensors: `tokens`, I32 (sequences, length), and `lengths`, I32 (sequences), where some are shorter (as
/// `tasks sample --format safetensors` writes).  Any other: a sequence a line, ids separated by spaces or commas, a JSON list, or a
/// JSON object with `tokens` (as `--format jsonl` prints).  An empty sequence, an id outside [0, vocab), anything else, or a file
/// without sequences is an Error naming the line or the tensor.
std::vector<std::vector<std::int32_t>> read_sequences(const std::string& path, int vocab);

}  // namespace separatrix
