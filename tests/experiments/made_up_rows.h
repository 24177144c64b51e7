// Rows of runs that never happened: the shapes of the paper's three panels, for tests of what stands after training.
#pragma once
#include <cmath>
#include <string>
#include <vector>

#include "experiments/report/row.h"
#include "tasks/error.h"
#include "tasks/rng.h"

namespace separatrix {

/// A row of a finished run; the rest of the columns have sensible values.
inline Row made_up_row(const std::string& task, const std::string& model, int seed, double lr, const std::string& stream, int n,
                       int correct, int counted = 1024) {
  Row row;
  row.experiment = row.task = task;
  row.model = row.kind = model;
  row.run = fmt::format("{}-lr{}-seed{}", model, lr, seed);
  row.pattern = model == "transformer" ? "AAAA" : model == "gdn" ? "GGGG" : "GGGA";
  row.spec_hash = "0123456789abcdef";
  row.number_type = "float", row.device = "cpu", row.precision = "fp32";
  row.seed = seed, row.lr = lr, row.schedule = "cosine", row.stream = stream, row.difficulty = n;
  row.correct = correct, row.counted = counted;
  row.floor_name = "initial_value", row.floor_correct = counted / 5, row.floor_counted = counted;
  row.steps = 1000, row.steps_to_solve = 20 * correct >= 19 * counted ? 600 + 10 * seed : -1;
  row.status = "done", row.seconds = 12.5, row.commit = "abc1234", row.machine = "test machine", row.date = "2026-01-02T03:04:05Z";
  return row;
}

/// Three tasks, three models, two learning rates, three seeds, five difficulties; both streams.
inline std::vector<Row> made_up_rows() {
  std::vector<Row> rows;
  const std::vector<std::string> tasks = {"state_tracking", "recall", "state_based_recall"},
                                 models = {"transformer", "gdn", "hybrid"};
  for (std::size_t t = 0; t < 3; ++t)
    for (std::size_t m = 0; m < 3; ++m)
      for (int seed = 1; seed <= 3; ++seed)
        for (const double lr : {1e-3, 2e-3})
          for (const int n : {2, 4, 8, 16, 32})
            for (const std::string stream : {"select", "report"}) {
              const double floor = t == 0   ? 0.2 + 0.8 * std::pow(0.5, n)
                                   : t == 1 ? 0.5 + 0.4 / std::sqrt(n)
                                            : 0.7 + 0.1 / std::sqrt(n);
              const bool fails = (t == 0 && m == 0) || (t == 1 && m == 1) || (t == 2 && m != 2);
              const double drop =
                  fails ? 1 / (1 + std::pow(n / 3.0, 1.5 + 0.3 * seed)) : 1 - 0.0005 * n - (lr > 1e-3 ? 0 : 0.004 * n * seed / 3);
              Rng rng = draw(static_cast<std::uint64_t>(seed), Purpose::test, static_cast<std::uint32_t>(100 * t + 10 * m + n),
                             stream == "select");
              const double p = floor + (0.999 - floor) * drop;
              int correct = 0;
              for (int i = 0; i < 1024; ++i) correct += rng.next() < p * 4294967296.0;
              Row row = made_up_row(tasks[t], models[m], seed, lr, stream, n, correct);
              row.floor_name = t == 0 ? "initial_value" : "majority_bit";
              row.floor_correct = static_cast<std::int64_t>(1024 * floor);
              rows.push_back(row);
            }
  return rows;
}

}  // namespace separatrix
