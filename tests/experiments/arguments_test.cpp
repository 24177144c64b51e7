// What the command line's own parser would let pass.
#include "refused.h"

using namespace separatrix;

TEST_CASE("a number beyond 64 bits is out of range, and is not taken for the largest that there is") {
  for (const std::string seed : {"18446744073709551616", "99999999999999999999999", "+18446744073709551616"}) {
    check_refused({"tasks", "sample", "recall", "--difficulty", "4", "--seed", seed}, seed + ": out of range, wanted at most 1844");
    check_refused({"tasks", "list", "recall", "--floors", "--seed", seed}, "out of range");
    check_refused({"eval", "none", "--difficulty", "4", "--seed", seed}, "out of range");
    check_refused({"generate", "none", "--prompt-file", "none", "--seed", seed}, "out of range");
    check_refused({"export", "none", "--format", "fla", "--out", "none", "--shard-megabytes", seed}, "wanted 1 to 1,000,000,000");
  }
  check_refused({"tasks", "sample", "recall", "--difficulty", "4", "--count", "9223372036854775808"},
                "out of range, wanted -9223372036854775808 to 9223372036854775807");
  check_refused({"export", "none", "--format", "fla", "--out", "none", "--shard-megabytes", "18446744073709"},
                "18446744073709: wanted 1 to 1,000,000,000");
  CHECK(run_program({"tasks", "sample", "recall", "--difficulty", "4", "--seed", "18446744073709551615"}).code == 0);
}

TEST_CASE("a list with an empty entry is refused wherever lists are read") {
  for (const std::string list : {"4,,", "4,", ",4", "4,,8", ","}) {
    check_refused({"eval", "none", "--difficulty", list}, "--difficulty: " + list + ": an entry of the list is empty");
    check_refused({"eval", "none", "--difficulty=" + list, "--json"}, "an entry of the list is empty");
    check_refused({"eval", "none", "--difficulty", "8", list}, "an entry of the list is empty");
    for (const char* option : {"--epsilon", "--reduction", "--parameters", "--tokens", "--N", "--D"})
      check_refused({"scaling", "model", option, list}, "an entry of the list is empty");
    check_refused({"scaling", "optimal", "--flops", list}, "an entry of the list is empty");
    for (const char* option : {"--parameters", "--tokens", "--flops"})
      check_refused({"scaling", "savings", option, list}, "an entry of the list is empty");
  }
  CHECK(run_program({"scaling", "model", "--epsilon", "0,0.5", "--N", "100", "1000", "--json"}).code == 0);
}

TEST_CASE("the launcher's verb is named as such") {
  check_refused({"test"}, "the launcher has it, not the program; run ./separatrix test");
}
