// Examples of a task as text, JSON lines or a safetensors file.
#pragma once
#include <string>
#include <vector>

#include "models/io/safetensors.h"
#include "tasks/task.h"

namespace separatrix {

/// Programs one after the other, an empty line between two of them.
std::string as_text(const std::vector<Example>& examples);

/// One JSON object per line: text, tokens, loss_mask, answers [{position, token, id}], difficulty, flags {shortcut: does it fail}.
std::string as_jsonl(const Task& task, const std::vector<Example>& examples);

/// K examples, T = length of the longest, A answers in all, S shortcuts:
///   tokens (K, T) I32 and loss_mask (K, T) U8, both 0 beyond lengths (K) I32;
///   answer_positions (A), answer_ids (A) I32, those of example i in [answer_offsets[i], answer_offsets[i + 1]), (K + 1) I32;
///   flags (K, S) U8.  metadata: task, options, vocabulary, shortcuts (JSON), difficulty.
Safetensors as_safetensors(const Task& task, const std::vector<Example>& examples, int difficulty);

}  // namespace separatrix
