// The gated delta rule with long sequences in pieces (v5).  On a device or, in emulation, without one.
#include "tests/catch.h"
#include "tests/cuda/raw_problem.h"

using namespace separatrix;
using namespace separatrix::test;
using namespace separatrix::SIMT;

namespace {

/// Sequences of one piece, of two, of more, the last one short; pieces of 1 or 2 chunks.
const std::vector<Lengths> lengths{{256}, {300}, {64, 0, 193}, {129, 320, 1}};

Problem problem(std::size_t turn) {
  Problem p{lengths[turn % lengths.size()], turn % 3 == 0 ? 2 : 1, 2, turn % 4 == 1 ? 28 : 32, turn % 5 == 2 ? 33 : 32};
  p.form.write_beta = turn % 4 != 3;
  return p;
}

}  // namespace

TEST_CASE("sequences in pieces: the delta rule on the device errs by its operands' 11 bits in every regime") {
  for (std::size_t r = 0; r < regimes.size(); ++r) {
    const Problem p = problem(r);
    Draw d(110 + static_cast<std::uint32_t>(r), 0);
    std::string tensor;
    const double y = worst_of_11_bits(delta_in_pieces(1 + r % 2), p, raw_problem(p, regimes[r], d), tensor);
    INFO(regimes[r].name << ", length " << p.lengths[0] << ", pieces of " << 1 + r % 2 << " chunks: " << y << " in " << tensor);
    CHECK(y <= 1);
  }
}

TEST_CASE("sequences in pieces: dimensions that are no multiples, and those of the large models") {
  std::uint32_t turn = 0;
  for (const auto& [key_dim, value_dim] : std::vector<std::pair<int, int>>{{8, 16}, {60, 100}, {96, 33}, {128, 40}}) {
    const Problem p{{200}, 1, 1, key_dim, value_dim};
    Draw d(130 + turn++, 0);
    std::string tensor;
    const double y = worst_of_11_bits(delta_in_pieces(1), p, raw_problem(p, regimes[3], d), tensor);
    INFO(key_dim << "/" << value_dim << ": " << y << " in " << tensor);
    CHECK(y <= 1);
  }
}

TEST_CASE("sequences in pieces: the same bits in every order of threads, and as v4 in a sequence of one piece") {
  const Problem p = problem(2);
  Draw d(140, 0);
  const Drawn x = raw_problem(p, regimes[1], d);
  const DeltaResult<float> one = run(delta_in_pieces(1), p, x, true), before = run(v4(), p, x, true);
  for (std::uint64_t way = 0; way < other_thread_orders; ++way) {
    const OtherThreadOrder order(way);
    const DeltaResult<float> other = run(delta_in_pieces(1), p, x, true);
    for (std::size_t i = 0; i < named(one).size(); ++i) {
      INFO(named(one)[i].first);
      CHECK(*named(one)[i].second == *named(other)[i].second);
    }
  }
  const std::size_t first = 64 * p.value_heads * p.value_dim;  // the outputs of the first sequence, which is one piece
  CHECK(std::equal(one.o.begin(), one.o.begin() + first, before.o.begin()));
  CHECK((one.o != before.o));  // the third is split
}

TEST_CASE("pieces of a length that is not compiled are refused") {
  CHECK_THROWS_WITH(delta_in_pieces(3), Catch::Contains("pieces of 3 chunks"));
}

TEST_CASE("one long sequence of few heads is split, many heads or sequences or a short one are not: the memory they need") {
  DeltaSizes s;
  s.sequences = s.key_heads = s.value_heads = 1, s.key_dim = s.value_dim = 64, s.length = s.tokens = 64 * 33;
  const auto more = [](const DeltaSizes& sizes) { return v5().saved_size(sizes) - v4().saved_size(sizes); };
  CHECK(more(s) == 3 * 2 * 64 * 64);
  CHECK(v5().scratch_size(s) - v4().scratch_size(s) == 3 * 64 * 64);
  s.value_heads = s.key_heads = 34;  // 68 blocks of 2 slabs: more than half of the multiprocessors
  CHECK(more(s) == 0);
  s.value_heads = s.key_heads = 33;
  CHECK(more(s) > 0);
  s.length = s.tokens = 64 * 32;
  CHECK(more(s) == 0);
}
