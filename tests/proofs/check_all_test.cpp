// Claims checked several at a time: the same outcomes in the same order as one by one, and nothing is lost on the way.
#include "proofs/check_all.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/catch.h"

using namespace separatrix;

namespace {

Outcome slow() {
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  return {1, 0, "slow"};
}
Outcome quick() {
  return {2, 0, "quick"};
}
Outcome wrong() {
  return {3, 1, "wrong"};
}
Outcome thrower() {
  throw std::runtime_error("out of memory");
}

Claim claim_of(CheckIdentity check) {
  return {"name", "", "", Strength::sampled, "", "", check};
}

std::vector<std::string> details(const std::vector<const Claim*>& claims, int threads) {
  std::vector<std::string> out;
  check_all(claims, nullptr, Depth::usual, threads, [&](const Claim& claim, const Outcome& o, double seconds) {
    CHECK(&claim == claims[out.size()]);
    CHECK(seconds >= 0);
    out.push_back(o.detail);
  });
  return out;
}

}  // namespace

TEST_CASE("claims checked together are reported in their order") {
  const Claim a = claim_of(slow), b = claim_of(quick), c = claim_of(wrong);
  const std::vector<const Claim*> list = {&a, &b, &c, &b, &a};
  for (const int threads : {1, 2, 8})
    CHECK(details(list, threads) == std::vector<std::string>{"slow", "quick", "wrong", "quick", "slow"});
}

TEST_CASE("an exception in a check that runs beside others reaches the caller") {
  const Claim a = claim_of(slow), b = claim_of(thrower);
  CHECK_THROWS_WITH(details({&a, &b, &a}, 2), "out of memory");
}
