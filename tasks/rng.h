// Philox 4x32-10: random numbers as a pure function of (seed, stream, index).
// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
// There is no global generator and no std::*_distribution: the same draw is the same on every machine.
#pragma once
#include <array>
#include <cstdint>

namespace separatrix {

/// One Philox 4x32-10 block: 128 random bits from a 128-bit counter and a 64-bit key.
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0], b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// What a random number is for.  Streams of different purposes never share a block.
enum class Purpose : std::uint32_t {
  sample = 0,
  train = 1,
  curriculum = 2,
  select = 3,
  report = 4,
  floors = 5,
  init = 6,
  sweep = 7,
  test = 8,
  generate = 9
};

/// A sequence of random numbers: counter = (block, stream, index), key = seed.
class Rng {
 public:
  constexpr Rng(std::uint64_t seed, std::uint32_t stream, std::uint64_t index)
      : counter_{0, stream, static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32)},
        key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

  /// 32 uniformly random bits.
  constexpr std::uint32_t next() {
    if (used_ == 4) {
      block_ = philox(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }

  /// Uniform in [0, n), n >= 1, without bias (Lemire 2019: multiply and reject).
  constexpr std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = std::uint64_t{next()} * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t threshold = -n % n;
      while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{next()} * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// True with probability numerator / denominator.
  constexpr bool chance(std::uint32_t numerator, std::uint32_t denominator) { return below(denominator) < numerator; }

 private:
  std::array<std::uint32_t, 4> counter_, block_{};
  std::array<std::uint32_t, 2> key_;
  int used_ = 4;
};

/// The numbers of draw `index` of a stream.  `level` (a difficulty, below 2^24) keeps levels apart.
constexpr Rng draw(std::uint64_t seed, Purpose purpose, std::uint32_t level, std::uint64_t index) {
  return Rng(seed, (static_cast<std::uint32_t>(purpose) << 24) | (level & 0xFFFFFF), index);
}

}  // namespace separatrix
