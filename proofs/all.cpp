// The list of claims.
#include "proofs/claim.h"
#include "tasks/nearest.h"

namespace separatrix {

const char* strength_name(Strength strength) {
  switch (strength) {
    case Strength::closure:
      return "closure";
    case Strength::exhaustive:
      return "exhaustive";
    case Strength::sampled:
      return "sampled";
    case Strength::cited:
      return "cited";
  }
  return "";
}

const std::vector<Claim>& claims() {
  static const std::vector<Claim> all = [] {
    std::vector<Claim> joined;
    for (const auto list :
         {swap_claims, recall_claims, state_based_recall_claims, lemma_claims, word_claims, padded_claims, scaling_claims}) {
      const std::vector<Claim> some = list();
      joined.insert(joined.end(), some.begin(), some.end());
    }
    return joined;
  }();
  return all;
}

const Claim& find_claim(const std::string& name) {
  std::vector<std::string> names;
  for (const Claim& claim : claims()) {
    if (claim.name == name) return claim;
    names.push_back(claim.name);
  }
  fail("unknown statement '{}'; did you mean '{}'? (verify --list shows all)", name, nearest(name, names));
}

namespace {

/// Bad weights may ask for the impossible (a division by zero, an irrational number over Q): that is a failed check.
template <class F>
Outcome guarded(const F& f) {
  try {
    return f();
  } catch (const NeedsReal& error) {
    fail("the statement cannot be checked exactly on this model: {}", error.what());
  } catch (const NotItsModel& error) {
    fail("the statement cannot be checked on this model: {}", error.what());
  } catch (const Error& error) {
    return {1, 1, error.what()};
  }
}

}  // namespace

Outcome check(const Claim& claim, const BuiltModel& model, Depth depth) {
  const auto* deep = depth == Depth::deep ? std::get_if<CheckModel>(&claim.deep) : nullptr;
  const auto* check_model = deep ? deep : std::get_if<CheckModel>(&claim.check);
  if (!check_model) fail("the statement {} is about no model; verify it without --checkpoint", claim.name);
  return guarded([&] { return (*check_model)(model); });
}

Outcome check(const Claim& claim, Depth depth) {
  const auto* deep = depth == Depth::deep ? std::get_if<CheckIdentity>(&claim.deep) : nullptr;
  if (const auto* identity = deep ? deep : std::get_if<CheckIdentity>(&claim.check)) return guarded(*identity);
  const Construction& c = find_construction(claim.construction);
  return check(claim, c.build(c.default_n), depth);
}

}  // namespace separatrix
