// The report made from sweep directories.
#include "experiments/report/report.h"

#include "experiments/report/collect.h"
#include "experiments/report/learning.h"
#include "experiments/report/page.h"
#include "experiments/report/tables.h"
#include "experiments/report/verdict.h"
#include "tests/catch.h"
#include "tests/experiments/made_up_sweep.h"
#include "tests/experiments/scratch.h"

using namespace separatrix;
namespace fs = std::filesystem;

TEST_CASE("rows come from run.json, with the best shortcut as floor", "[report]") {
  const Scratch scratch;
  const fs::path directory = scratch.path();
  std::vector<Row> rows = {made_up_row("recall", "gdn", 1, 1e-3, "select", 4, 1000),
                           made_up_row("recall", "gdn", 1, 1e-3, "report", 4, 999)};
  make_up_sweeps(rows, directory);
  std::vector<Row> read = read_sweep(directory / "recall").rows;
  for (Row& row : read) {
    CHECK(row.date.size() == 20);
    row.date = rows[0].date;
  }
  CHECK(read == rows);
}

TEST_CASE("a run that diverged gives one row without counts, an unfinished one none", "[report]") {
  const Scratch scratch;
  const fs::path directory = scratch.path();
  std::vector<Row> rows = {made_up_row("recall", "gdn", 1, 1e-3, "none", 0, 0, 0),
                           made_up_row("recall", "gdn", 2, 1e-3, "report", 4, 9)};
  rows[0].status = "diverged", rows[1].status = "cut";
  make_up_sweeps(rows, directory);
  const SweepResults sweep = read_sweep(directory / "recall");
  REQUIRE(sweep.rows.size() == 1);
  CHECK(sweep.rows[0].status == "diverged");
  CHECK(sweep.rows[0].stream == "none");
  CHECK(sweep.planned == 2);
  CHECK(sweep.finished == 1);
}

TEST_CASE("verdicts follow the counts, whichever way they come out", "[report]") {
  const auto seen = [](int transformer, int gdn, int hybrid) {
    const std::vector<Row> rows = {made_up_row("state_tracking", "transformer", 1, 1e-3, "report", 16, transformer),
                                   made_up_row("state_tracking", "gdn", 1, 1e-3, "report", 16, gdn),
                                   made_up_row("state_tracking", "hybrid", 1, 1e-3, "report", 16, hybrid)};
    std::vector<bool> holds;
    for (const Verdict& verdict : verdicts(group(rows).at(0))) holds.push_back(verdict.holds);
    return holds;
  };
  CHECK(seen(210, 973, 1024) == std::vector<bool>{true, true, true});    // 973/1024 = 0.9502; the floor is 204/1024
  CHECK(seen(358, 972, 1024) == std::vector<bool>{false, false, true});  // 204/1024 + 0.15 = 357.6/1024; 972/1024 = 0.9492
  CHECK(seen(357, 1024, 0) == std::vector<bool>{true, true, false});
  const std::vector<Row> close = {made_up_row("recall", "gdn", 1, 1e-3, "report", 16, 960)};  // 0.9375, upper end 0.951
  CHECK_FALSE(verdicts(group(close).at(0)).at(0).holds);
}

TEST_CASE("an accuracy in a table stands with counts, interval, floor and the paper's number", "[report]") {
  const std::vector<Row> rows = {made_up_row("recall", "gdn", 1, 1e-3, "report", 64, 999)};
  const Table table = accuracy_table(group(rows).at(0));
  const std::string markdown = to_markdown(table), latex = to_latex(table), html = to_html(table);
  CHECK(table.file == "table_16_recall");
  CHECK(markdown.find("| 64 | 0.199 (204/1024 initial_value) | 0.976 (999/1024 [0.964, 0.983]) | 0.832 (of 256) |") !=
        std::string::npos);
  CHECK(latex.find("64 & 0.199 {\\scriptsize 204/1024 initial\\_value} & 0.976 {\\scriptsize 999/1024 [0.964, 0.983]} & 0.832") !=
        std::string::npos);
  CHECK(html.find("<td>0.976<small>999/1024 [0.964, 0.983]</small></td>") != std::string::npos);
  CHECK(accuracy_csv(group(rows).at(0)).find("recall,gdn,GGGG,gdn-lr0.001-seed1,64,999,1024,") != std::string::npos);
}

TEST_CASE("learning curves sum counts over bins and skip a half-written line", "[report]") {
  const Scratch scratch;
  const fs::path directory = scratch.path();
  make_up_sweeps({made_up_row("recall", "gdn", 1, 1e-3, "report", 4, 9)}, directory);
  const auto points = read_learning(directory / "recall" / "gdn-lr0.001-seed1" / "metrics.jsonl", 10);
  REQUIRE(points.size() == 10);
  CHECK(points[0].step == 100);
  CHECK(points[9].step == 1000);
  CHECK(points[9].difficulty == 32);
}

TEST_CASE("the report is one self-contained page beside its figures, tables and counts", "[report]") {
  const Scratch scratch;
  const fs::path directory = scratch.path();
  make_up_sweeps(made_up_rows(), directory / "runs");
  fs::create_directories(directory / "out");
  write_whole(
      (directory / "out" / "verify.json").string(),
      R"({"statements": [{"name": "five <swaps>", "holds": true, "strength": "closure", "cases": 120, "failures": 0, "seconds": 0.5}]})");
  const std::vector<fs::path> sweeps = {directory / "runs" / "state_tracking", directory / "runs" / "recall",
                                        directory / "runs" / "state_based_recall"};
  write_report(sweeps, directory / "out");
  for (const std::string figure : {"separation", "every_run", "learning_rate", "learning"})
    for (const std::string kind : {".svg", ".png", ".pdf", ".gp"}) CHECK(fs::file_size(directory / "out" / (figure + kind)) > 1000);
  for (const std::string table : {"table_15_state_tracking", "table_16_recall", "table_17_state_based_recall"})
    for (const std::string kind : {".md", ".csv", ".tex"}) CHECK(fs::file_size(directory / "out" / (table + kind)) > 300);

  const std::string page = read_whole((directory / "out" / "index.html").string());
  for (const std::string outside : {"http", "//cdn", "@import", "url(", "<script", "src="})
    CHECK(page.find(outside) == std::string::npos);
  CHECK(page.find("<svg") != std::string::npos);
  CHECK(page.find("five &lt;swaps&gt;") != std::string::npos);
  CHECK(page.find("href=\"results.csv\"") != std::string::npos);
  CHECK(page.find("prefers-color-scheme: dark") != std::string::npos);

  // The CSV of counts is a report's input like any other.
  const std::string table = read_whole((directory / "out" / "table_16_recall.md").string());
  write_report({directory / "out" / "results.csv"}, directory / "again");
  CHECK(read_whole((directory / "again" / "table_16_recall.md").string()) == table);
}

TEST_CASE("a directory that is no sweep is refused in one line", "[report]") {
  CHECK_THROWS_WITH(write_report({"/nonexistent"}, "/nonexistent/report"), Catch::Contains("no sweep directory"));
}
