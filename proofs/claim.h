// A claim: a statement of the theory, how strongly it is checked, and the check.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "constructions/construction.h"

namespace separatrix {

/// What a check that passes establishes.
enum class Strength {
  closure,     // all lengths: finitely many exact states, and every transition between them
  exhaustive,  // every case up to the stated size
  sampled,     // the stated cases
};
const char* strength_name(Strength strength);

/// What a check found.  detail says what was counted, or names the first thing that broke.
struct Outcome {
  std::int64_t cases = 0, failures = 0;
  std::string detail;
  bool holds() const { return cases > 0 && failures == 0; }
};

using CheckIdentity = Outcome (*)();                      // of mathematics alone
using CheckModel = Outcome (*)(const BuiltModel& model);  // of a construction, or of any checkpoint put in its place

struct Claim {
  std::string name;
  std::string statement;
  std::string source;
  Strength strength;
  std::string extent;        // "every number of swaps", "n <= 6"
  std::string construction;  // the model of a CheckModel; empty for an identity
  std::variant<CheckIdentity, CheckModel> check;
};

/// All claims; proofs/all.cpp is the list.
const std::vector<Claim>& claims();
/// An unknown name throws Error naming the nearest known one.
const Claim& find_claim(const std::string& name);
/// Checks the claim on its construction.  An Error on the way is a failure, not an exception.
Outcome check(const Claim& claim);
/// Checks the claim on other weights; Error when the claim is not about a model.
Outcome check(const Claim& claim, const BuiltModel& model);

/// Counts cases and keeps the text of the first failure.
class Cases {
 public:
  /// One case; `describe` is called for the first failure only.
  template <class F>
  bool expect(bool holds, const F& describe) {
    ++outcome_.cases;
    if (!holds && outcome_.failures++ == 0) outcome_.detail = describe();
    return holds;
  }
  std::int64_t failures() const { return outcome_.failures; }
  /// The outcome; `summary` is its detail when nothing failed.
  Outcome done(const std::string& summary) {
    if (outcome_.failures == 0) outcome_.detail = summary;
    return outcome_;
  }

 private:
  Outcome outcome_;
};

Outcome check_figure_six();
Outcome check_swap_closure(const BuiltModel& model);
Outcome check_swap_programs(const BuiltModel& model);
Outcome check_swap_samples(const BuiltModel& model);
Outcome check_swap_long_words(const BuiltModel& model);
Outcome check_without_negative_eigenvalues(const BuiltModel& model);
Outcome check_lazy_walk();
Outcome check_horizon();
Outcome check_open_interval();
Outcome check_dyadic_keys();
Outcome check_hash_argmax();
Outcome check_hash_bits();
Outcome check_recall_exhaustive(const BuiltModel& model);
Outcome check_recall_samples(const BuiltModel& model);
Outcome check_recall_bits(const BuiltModel& model);

}  // namespace separatrix
