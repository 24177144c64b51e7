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
  cited,       // taken from the literature; its extent says what of it was checked
};
const char* strength_name(Strength strength);

/// The certificate of one attention head (layer and head from 1) over all queries that some key matches: how far the scores of
/// matching keys are from each other, and how far the best of the others is below them.
struct HeadGap {
  int layer = 0, head = 0;
  std::int64_t queries = 0;
  double deviation = 0, gap = 0;
};

/// What a check found.  detail says what was counted, or names the first thing that broke.
struct Outcome {
  std::int64_t cases = 0, failures = 0;
  std::string detail;
  std::vector<HeadGap> heads = {};  // of a check that measured them
  bool holds() const { return cases > 0 && failures == 0; }
};

/// Thrown by a check for a checkpoint that is not of the form its statement is about: neither right nor wrong.
class NotItsModel : public Error {
 public:
  using Error::Error;
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
  /// `verify --deep`: the same kind of check over more cases; monostate where there is none.
  std::string deep_extent = "";
  std::variant<std::monostate, CheckIdentity, CheckModel> deep = {};
};

enum class Depth { usual, deep };

/// All claims; proofs/all.cpp is the list.
const std::vector<Claim>& claims();
/// An unknown name throws Error naming the nearest known one.
const Claim& find_claim(const std::string& name);
/// Checks the claim on its construction.  An Error on the way is a failure, not an exception.  Deep: its deep check where it has
/// one.
Outcome check(const Claim& claim, Depth depth = Depth::usual);
/// Checks the claim on other weights; Error when the claim is not about a model.
Outcome check(const Claim& claim, const BuiltModel& model, Depth depth = Depth::usual);

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
  /// The cases of a part that was checked on its own.
  void include(const Outcome& part) {
    if (outcome_.failures == 0 && part.failures > 0) outcome_.detail = part.detail;
    outcome_.cases += part.cases, outcome_.failures += part.failures;
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

// One list per subject, in a file of its name; all.cpp joins them.
std::vector<Claim> swap_claims();
std::vector<Claim> recall_claims();
std::vector<Claim> state_based_recall_claims();
std::vector<Claim> lemma_claims();
std::vector<Claim> word_claims();
std::vector<Claim> padded_claims();
std::vector<Claim> scaling_claims();

}  // namespace separatrix
