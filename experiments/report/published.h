// The paper's own numbers (experiments/paper/published.csv), to stand beside ours.
#pragma once
#include <string>
#include <vector>

namespace separatrix {

struct Published {
  int table;
  std::string task, model;
  int difficulty;
  std::string accuracy;  // as printed
  int counted;
};

/// All of them, in the file's order.  Throws Error when the file is not where the program was configured.
const std::vector<Published>& published();

/// The paper's number for a task, model and difficulty; null when it has none.
const Published* find_published(const std::string& task, const std::string& model, int difficulty);

/// The paper's table on a task (15, 16, 17); 0 when it has none.
int table_of(const std::string& task);

}  // namespace separatrix
