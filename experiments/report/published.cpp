// Reads the paper's numbers once.
#include "experiments/report/published.h"

#include "experiments/harness/paths.h"
#include "experiments/report/csv.h"
#include "models/io/whole_file.h"

namespace separatrix {

const std::vector<Published>& published() {
  static const std::vector<Published> all = [] {
    const std::string path = experiments_dir() / "paper" / "published.csv";
    std::vector<Published> rows;
    for (const auto& f : parse_csv(read_whole(path), path).rows)
      rows.push_back({std::stoi(f[0]), f[1], f[2], std::stoi(f[3]), f[4], std::stoi(f[5])});
    return rows;
  }();
  return all;
}

const Published* find_published(const std::string& task, const std::string& model, int difficulty) {
  for (const Published& p : published())
    if (p.task == task && p.model == model && p.difficulty == difficulty) return &p;
  return nullptr;
}

int table_of(const std::string& task) {
  for (const Published& p : published())
    if (p.task == task) return p.table;
  return 0;
}

}  // namespace separatrix
