#include "tasks/rng.h"

#include "tests/catch.h"

using namespace separatrix;

TEST_CASE("Philox 4x32-10 gives the published known answers") {
  // Random123, kat_vectors: counter, key, result.
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("below(n) is uniform and a draw is a function of its arguments") {
  std::array<int, 5> seen{};
  for (std::uint64_t i = 0; i < 50000; ++i) ++seen[draw(1, Purpose::test, 3, i).below(5)];
  for (const int count : seen) CHECK(std::abs(count - 10000) < 450);  // 5 standard deviations
  CHECK(draw(1, Purpose::test, 3, 7).next() == draw(1, Purpose::test, 3, 7).next());
  CHECK(draw(1, Purpose::test, 3, 7).next() != draw(1, Purpose::test, 4, 7).next());
  CHECK(draw(1, Purpose::test, 3, 7).next() != draw(2, Purpose::test, 3, 7).next());
}
