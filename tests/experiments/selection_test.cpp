// The paper's selection rule on made-up tables.
#include "experiments/report/selection.h"

#include "tests/catch.h"
#include "tests/experiments/made_up_rows.h"

using namespace separatrix;

namespace {

/// Appends one run's counts at n = 4, 8, 16 (out of 100) on both streams.
void add_run(std::vector<Row>& rows, int seed, std::vector<int> select, std::vector<int> report, double lr = 1e-3) {
  const std::vector<int> difficulties = {4, 8, 16};
  for (std::size_t i = 0; i < 3; ++i) {
    rows.push_back(made_up_row("recall", "gdn", seed, lr, "select", difficulties[i], select[i], 100));
    rows.push_back(made_up_row("recall", "gdn", seed, lr, "report", difficulties[i], report[i], 100));
  }
}

std::int64_t selected_seed(std::vector<Row> rows, const std::map<std::string, int>& hardest = {}) {
  for (Row& row : rows)
    if (hardest.contains(row.experiment)) row.hardest = hardest.at(row.experiment);
  const ModelRuns model = group(rows).at(0).models.at(0);
  return model.runs.at(model.selected.value()).settings.seed;
}

}  // namespace

TEST_CASE("the run best at the hardest difficulty is selected, on the select stream only", "[report]") {
  std::vector<Row> rows;
  add_run(rows, 1, {100, 100, 80}, {100, 100, 99});  // best where it must not count
  add_run(rows, 2, {50, 50, 81}, {50, 50, 10});
  CHECK(selected_seed(rows) == 2);
}

TEST_CASE("a tie is broken by the next longest difficulty, and by the one after it", "[report]") {
  std::vector<Row> rows;
  add_run(rows, 1, {99, 70, 90}, {1, 1, 1});
  add_run(rows, 2, {90, 71, 90}, {1, 1, 1});
  add_run(rows, 3, {91, 71, 90}, {1, 1, 1});
  CHECK(selected_seed(rows) == 3);
}

TEST_CASE("of runs that tie everywhere the first is selected", "[report]") {
  std::vector<Row> rows;
  add_run(rows, 5, {90, 70, 90}, {1, 2, 3});
  add_run(rows, 4, {90, 70, 90}, {3, 2, 1});
  CHECK(selected_seed(rows) == 5);
}

TEST_CASE("difficulties beyond the one judged at take no part in the selection", "[report]") {
  std::vector<Row> rows;
  add_run(rows, 1, {90, 80, 100}, {1, 1, 1});
  add_run(rows, 2, {90, 81, 0}, {1, 1, 1});
  CHECK(selected_seed(rows) == 1);
  CHECK(selected_seed(rows, {{"recall", 8}}) == 2);
  for (Row& row : rows) row.hardest = 8;
  CHECK(selected_seed(rows) == 2);
}

TEST_CASE("a run that diverged is never selected and counts as a failure", "[report]") {
  std::vector<Row> rows;
  Row diverged = made_up_row("recall", "gdn", 1, 1e-3, "none", 0, 0, 0);
  diverged.status = "diverged";
  rows.push_back(diverged);
  add_run(rows, 2, {90, 80, 97}, {90, 80, 95});
  add_run(rows, 3, {90, 80, 96}, {90, 80, 94});
  CHECK(selected_seed(rows) == 2);
  const ModelRuns model = group(rows).at(0).models.at(0);
  CHECK(successes(all_runs(model), 16) == Counts{1, 3});
  CHECK(pooled(all_runs(model), 16) == Counts{189, 200});
}

TEST_CASE("the seeds of the selected setting are the runs that differ in nothing else", "[report]") {
  std::vector<Row> rows;
  add_run(rows, 1, {90, 80, 97}, {90, 80, 95}, 1e-3);
  add_run(rows, 1, {90, 80, 99}, {90, 80, 99}, 2e-3);
  add_run(rows, 2, {90, 80, 10}, {90, 80, 10}, 2e-3);
  const ModelRuns model = group(rows).at(0).models.at(0);
  CHECK(model.runs[*model.selected].settings.lr == 2e-3);
  CHECK(same_setting(model).size() == 2);
  CHECK(successes(same_setting(model), 16) == Counts{1, 2});
  // A sweep may vary anything: the run's name says what.
  for (Row& row : rows)
    if (row.seed == 2) row.run = "gdn-mix0.5-lr0.002-seed2";
  const ModelRuns other = group(rows).at(0).models.at(0);
  REQUIRE(same_setting(other).size() == 1);
  CHECK(same_setting(other)[0]->settings.seed == 1);
}

TEST_CASE("models of one name and different specs are not pooled, and are called by what the sweep varies", "[report]") {
  std::vector<Row> rows;
  for (const int width : {64, 128})
    for (const int seed : {1, 2}) {
      Row row = made_up_row("recall", "gdn", seed, 1e-3, "report", 4, width);
      row.model = "GGG", row.run = fmt::format("GGG-width{}-lr0.001-seed{}", width, seed), row.spec_hash = fmt::format("{}", width);
      rows.push_back(row);
    }
  Row crashed = rows[3];
  crashed.spec_hash = "", crashed.run = "GGG-width64-lr0.001-seed3", crashed.stream = "none", crashed.status = "crashed";
  rows.push_back(crashed);
  const Experiment experiment = group(rows).at(0);
  REQUIRE(experiment.models.size() == 2);
  CHECK(experiment.models[0].model == "GGG width128");
  CHECK(experiment.models[1].model == "GGG width64");
  CHECK(experiment.models[0].runs.size() == 2);
  CHECK(experiment.models[1].runs.size() == 3);
  CHECK(same_setting(experiment.models[0]).size() == 2);
}

TEST_CASE("models stand in the order transformer, gdn, hybrid, then by name", "[report]") {
  std::vector<Row> rows;
  for (const std::string model : {"hybrid", "AGA", "gdn", "AG", "transformer"})
    rows.push_back(made_up_row("recall", model, 1, 1e-3, "report", 4, 1));
  std::vector<std::string> order;
  const std::vector<Experiment> experiments = group(rows);
  for (const ModelRuns& model : experiments.at(0).models) order.push_back(model.model);
  CHECK(order == std::vector<std::string>{"transformer", "gdn", "hybrid", "AG", "AGA"});
}

TEST_CASE("a model is named by its kind unless another model of the experiment is of that kind", "[report]") {
  std::vector<Row> rows;
  for (const auto& [model, kind] : {std::pair{"AGA", "hybrid"}, {"AG", "hybrid"}, {"GG", "gdn"}}) {
    rows.push_back(made_up_row("recall", model, 1, 1e-3, "report", 4, 1));
    rows.back().kind = kind;
  }
  const std::vector<Experiment> experiments = group(rows);
  std::vector<std::string> names;
  for (const ModelRuns& model : experiments.at(0).models) names.push_back(model.model);
  CHECK(names == std::vector<std::string>{"gdn", "AG", "AGA"});
}

TEST_CASE("two rows for the same run and difficulty are refused", "[report]") {
  std::vector<Row> rows;
  add_run(rows, 1, {1, 2, 3}, {1, 2, 3});
  add_run(rows, 1, {1, 2, 3}, {1, 2, 3});
  CHECK_THROWS_WITH(group(rows), Catch::Contains("two rows for run gdn-lr0.001-seed1"));
}
