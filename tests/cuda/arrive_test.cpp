// The emulator's barriers at which some arrive and others wait, and matrices turned on their way to shared memory.
#include <algorithm>
#include <numeric>

#include "kernels/cuda/mma.h"
#include "tasks/error.h"
#include "tests/catch.h"
#include "tests/cuda/device.h"

using namespace separatrix;
using namespace separatrix::emulated;

namespace {

/// One warp puts numbers of `turns` turns into one place, another adds them up: barrier 1 says that they are there, 2 that the
/// place is free again.  Without `full` or `free` one of them does not wait.
void hand_over(int turns, bool full, bool free, float* out) {
  float* place = shared_memory();
  const int i = threadIdx.x % 32;
  if (threadIdx.x < 32) {
    for (int turn = 0; turn < turns; ++turn) {
      if (turn > 0 && free) named_barrier(2, 64);
      place[31 - i] = static_cast<float>(100 * turn + i);
      if (full) named_arrive(1, 64);
    }
    return;
  }
  float sum = 0;
  for (int turn = 0; turn < turns; ++turn) {
    if (full) named_barrier(1, 64);
    sum += place[i];
    if (turn + 1 < turns && free) named_arrive(2, 64);
  }
  out[i] = sum;
}
bool handed_over(ThreadOrder order, bool full, bool free) {
  set_thread_order(order);
  const DeviceArray<float> out = poisoned(32);
  launch(Stream{}, "hand_over", hand_over, Dim3{}, Dim3{64, 1, 1}, 32 * 4, 3, full, free, out.data());
  set_thread_order(ThreadOrder::forward);
  std::vector<float> right(32);
  for (int i = 0; i < 32; ++i) right[i] = static_cast<float>(300 + 3 * (31 - i));
  return out.download() == right;
}

void arrive_alone(int threads, int times) {
  for (int n = 0; n < times; ++n) named_arrive(3, threads);
}

/// Four 8 x 8 matrices through shared memory: written turned, read as they lie there.
void turn(const std::uint32_t* in, std::uint32_t* out) {
  bf16* tile = reinterpret_cast<bf16*>(shared_memory());
  const int lane = threadIdx.x;
  std::uint32_t d[4], e[4];
  for (int i = 0; i < 4; ++i) d[i] = in[4 * lane + i];
  store_transposed(d, tile + lane * 8);
  __syncwarp();
  load_matrices<true>(e, tile + lane * 8);
  for (int i = 0; i < 4; ++i) out[4 * lane + i] = e[i];
  load_matrices<false>(e, tile + lane * 8);
  for (int i = 0; i < 4; ++i) out[128 + 4 * lane + i] = e[i];
}

}  // namespace

TEST_CASE("named barriers: who arrives does not wait, and one that is left out shows in some order of the threads") {
  bool full_shows = false, free_shows = false;
  for (const ThreadOrder order :
       {ThreadOrder::forward, ThreadOrder::reverse, ThreadOrder::first_warp_ahead, ThreadOrder::last_warp_ahead}) {
    CHECK(handed_over(order, true, true));
    full_shows |= !handed_over(order, false, false);
    try {
      free_shows |= !handed_over(order, true, false);
    } catch (const Error&) {  // the maker arrives again before anybody has waited
      free_shows = true;
    }
    set_thread_order(ThreadOrder::forward);
  }
  CHECK(full_shows);
  CHECK(free_shows);
}

TEST_CASE("the emulator refuses blocks that end before anybody has waited for those who arrived, and too many who arrive") {
  const auto arrive = [](int threads, int times) {
    launch(Stream{}, "k", arrive_alone, Dim3{}, Dim3{32, 1, 1}, 0, threads, times);
  };
  CHECK_THROWS_WITH(arrive(64, 1), Catch::Contains("nobody has waited for those who arrived at barrier 3"));
  CHECK_THROWS_WITH(arrive(64, 3), Catch::Contains("barrier 3 is for 64 threads, more arrive"));
}

TEST_CASE("matrices stored turned: element (g, 2 t) of a lane's pair lies at (2 t, g)") {
  std::vector<std::uint32_t> in(128);
  for (std::uint32_t l = 0; l < 32; ++l)
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint32_t row = l / 4, column = 2 * (l % 4);  // of matrix i: number 64 i + 8 row + column
      in[4 * l + i] = (64 * i + 8 * row + column) | (64 * i + 8 * row + column + 1) << 16;
    }
  const DeviceArray<std::uint32_t> given(in), got(std::vector<std::uint32_t>(256, 0));
  launch(Stream{}, "turn", turn, Dim3{}, Dim3{32, 1, 1}, 4 * 64 * 2, given.data(), got.data());
  const std::vector<std::uint32_t> out = got.download();
  CHECK(std::equal(in.begin(), in.end(), out.begin()));
  for (std::uint32_t l = 0; l < 32; ++l)
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint32_t row = l / 4, column = 2 * (l % 4);
      CHECK(out[128 + 4 * l + i] == ((64 * i + 8 * column + row) | (64 * i + 8 * (column + 1) + row) << 16));
    }
}
