// Rows survive the CSV file, and a damaged file is refused.
#include "experiments/report/row.h"

#include "experiments/report/csv.h"
#include "tests/catch.h"
#include "tests/experiments/made_up_rows.h"

using namespace separatrix;

TEST_CASE("rows read back from CSV equal those written", "[report]") {
  std::vector<Row> rows = made_up_rows();
  rows[0].machine = "Xeon, \"Gold\" 6230\nsecond line";
  rows[1].lr = 0.1 + 0.2;
  rows[2].steps_to_solve = -1;
  CHECK(rows_from_csv(to_csv(rows), "test") == rows);
}

TEST_CASE("an unknown, a missing and a damaged column each end in one line", "[report]") {
  const std::vector<Row> rows = {made_up_row("recall", "gdn", 1, 1e-3, "report", 4, 5)};
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = to_csv(rows);
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK_THROWS_WITH(rows_from_csv(replaced("difficulty", "dificulty"), "r.csv"),
                    Catch::Contains("unknown column 'dificulty'; did you mean 'difficulty'"));
  CHECK_THROWS_WITH(rows_from_csv(replaced(",4,5,", ",4,five,"), "r.csv"), Catch::Contains("wants a number, got 'five'"));
  CHECK_THROWS_WITH(rows_from_csv("experiment,run\na,b\n", "r.csv"), Catch::Contains("is missing"));
  CHECK_THROWS_WITH(rows_from_csv(to_csv(rows) + "a,b\n", "r.csv"), Catch::Contains("row 2 has 2 fields"));
}

TEST_CASE("counts that cannot be and unknown statuses are refused, rows from before hardest and isa are read", "[report]") {
  std::vector<Row> rows = {made_up_row("recall", "gdn", 1, 1e-3, "report", 4, 5)};
  const auto refusal = [&](auto change) {
    std::vector<Row> changed = rows;
    change(changed[0]);
    CHECK_THROWS_WITH(rows_from_csv(to_csv(changed), "r.csv"), Catch::Contains("the file is damaged or edited"));
  };
  refusal([](Row& row) { row.correct = row.counted + 1; });
  refusal([](Row& row) { row.correct = -1; });
  refusal([](Row& row) { row.status = "finished"; });
  refusal([](Row& row) { row.correct = row.counted = 0; });
  rows[0].hardest = 4, rows[0].isa = "avx2";
  std::string text = to_csv(rows);
  for (const std::string part : {",hardest,isa\n", ",4,avx2\n"}) text.replace(text.rfind(part), part.size(), "\n");
  const Row old = rows_from_csv(text, "r.csv")[0];
  CHECK(old.hardest == -1);
  CHECK(old.isa.empty());
}

TEST_CASE("CSV comments and blank lines are skipped, quotes are read", "[report]") {
  const Csv csv = parse_csv("# note\na,b\n\n\"x,\"\"y\"\"\",2\r\n", "test");
  REQUIRE(csv.rows.size() == 1);
  CHECK(csv.rows[0] == std::vector<std::string>{"x,\"y\"", "2"});
}
