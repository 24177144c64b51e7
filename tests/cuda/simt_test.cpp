// The emulator itself: barriers, collectives, and the mistakes it must show.
#include <numeric>

#include "kernels/cuda/copies.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/warp_tiles.h"
#include "tests/catch.h"
#include "tests/cuda/device.h"
#include "tests/kernels/support.h"

using namespace separatrix;
using namespace separatrix::emulated;

namespace {

struct OrderGuard {
  ~OrderGuard() { set_thread_order(ThreadOrder::forward); }
};

/// out_i = x_{n - 1 - i} through shared memory; without the barrier a thread may read before its partner has written.
template <bool barrier>
void reverse_block(const float* x, float* out) {
  float* shared = shared_memory();
  shared[threadIdx.x] = x[threadIdx.x];
  if (barrier) __syncthreads();
  out[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

std::vector<float> reversed(bool barrier, ThreadOrder order, std::uint64_t seed = 0) {
  const OrderGuard guard;
  set_thread_order(order, seed);
  const std::vector<float> x = testing::draws(96, 1);
  DeviceArray<float> in(x), out = poisoned(96);
  launch(Stream{}, "reverse", barrier ? reverse_block<true> : reverse_block<false>, Dim3{1, 1, 1}, Dim3{96, 1, 1}, 96 * 4,
         in.data(), out.data());
  return out.download();
}

void sum_block(const float* x, float* out) {
  const float total = block_sum(x[blockIdx.x * blockDim.x + threadIdx.x], shared_memory());
  if (threadIdx.x == blockDim.x - 1) out[blockIdx.x] = total;
}

void shuffle(const float* x, float* out) {
  const float a = __shfl_sync(0xffffffffu, x[threadIdx.x], 5), b = __shfl_down_sync(0xffffffffu, x[threadIdx.x], 3);
  out[threadIdx.x] = a + b;
}

void divergent(float* out) {
  if (threadIdx.x < 16) __syncthreads();
  out[threadIdx.x] = 1;
}

/// Each half of a block adds up its own numbers, then half 1 writes both sums; `barriers`: bit 0 the halves' own, bit 1 both
/// halves'.
template <int barriers>
void sums_of_halves(const float* x, float* out) {
  float *shared = shared_memory(), *sums = shared + 128;
  const int half = threadIdx.y, begin = 64 * half;
  shared[begin + 63 - threadIdx.x] = x[begin + threadIdx.x];
  if (barriers & 1) named_barrier(1 + half, 64);
  float sum = 0;
  for (int i = 0; i < 64; ++i) sum += shared[begin + i];
  if (half == 0) {
    if (threadIdx.x == 63) sums[0] = sum;
    if (barriers & 2) named_barrier(3, 128);
  } else {
    if (barriers & 2) named_barrier(3, 128);
    if (threadIdx.x == 0) out[0] = sums[0], out[1] = sum;
  }
}
template <int barriers>
std::vector<float> sums_in(ThreadOrder order) {
  const OrderGuard guard;
  set_thread_order(order);
  std::vector<float> x(128);
  std::iota(x.begin(), x.end(), 0.0f);
  const DeviceArray<float> in(x), out = poisoned(2);
  launch(Stream{}, "sums_of_halves", sums_of_halves<barriers>, Dim3{}, Dim3{64, 2, 1}, 129 * 4, in.data(), out.data());
  return out.download();
}

/// Warp 0 waits at barrier 1 for `first` threads, warp 1 at barrier `id` for `second`.
void wait_apart(int first, int id, int second) {
  const bool low = threadIdx.x < 32;
  named_barrier(low ? 1 : id, low ? first : second);
}

void copy_and_end(const float* x, bool wait) {
  copy_16_bytes(shared_memory(), x);
  if (wait) arrive_copies();
}

void write_at(int index) {
  if (threadIdx.x == 0) shared_memory()[index] = 1;
}

/// The three kinds of left operand on both kinds of right one; c = A B, A^T B, A A^T, and (A A^T) B by registers; all (16, 16).
template <class E>
void warp_products(const float* a, const float* b, float* c) {
  SharedPieces pieces(shared_memory());
  const WarpTile<E, 16, 16> left(pieces), right(pieces);
  for (int e = threadIdx.x; e < 256; e += 32)
    left.at(e / 16, e % 16) = from_float<E>(a[e]), right.at(e / 16, e % 16) = from_float<E>(b[e]);
  __syncthreads();
  float d[4][2][4];
  for (auto& part : d) clear(part);
  emulated::multiply<false, 1>(d[0], LeftRows<WarpTile<E, 16, 16>>{left, 0}, right);
  emulated::multiply<false, 1>(d[1], LeftColumns<WarpTile<E, 16, 16>>{left, 0}, right);
  emulated::multiply<true, 1>(d[2], LeftRows<WarpTile<E, 16, 16>>{left, 0}, left);
  emulated::multiply<false, 1>(d[3], LeftSums<E, 2>{d[2]}, right);
  for (int part = 0; part < 4; ++part) for_elements(d[part], [&](int i, int j, float& x) { c[part * 256 + i * 16 + j] = x; });
}

/// Small integers, whose products are exact in bf16 and fp16.
template <class E>
void check_warp_products() {
  std::vector<float> a(256), b(256), c(1024);
  for (int e = 0; e < 256; ++e)
    a[e] = static_cast<float>((e * 7 + e / 16) % 5 - 2), b[e] = static_cast<float>((e * 3 + e / 16 * 5) % 7 - 3);
  const DeviceArray<float> left(a), right(b), out = poisoned(1024);
  launch(Stream{}, "warp_products", warp_products<E>, Dim3{1, 1, 1}, Dim3{32, 1, 1}, 2 * 4 * WarpTile<E, 16, 16>::floats,
         left.data(), right.data(), out.data());
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j)
      for (int l = 0; l < 16; ++l) {
        c[i * 16 + j] += a[i * 16 + l] * b[l * 16 + j], c[256 + i * 16 + j] += a[l * 16 + i] * b[l * 16 + j];
        c[512 + i * 16 + j] += a[i * 16 + l] * a[j * 16 + l];
      }
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j)
      for (int l = 0; l < 16; ++l) c[768 + i * 16 + j] += c[512 + i * 16 + l] * b[l * 16 + j];
  const std::vector<float> got = out.download();
  for (int part = 0; part < 4; ++part) {
    const auto begin = part * 256, end = begin + 256;
    INFO("part " << part);
    CHECK(std::vector<float>(got.begin() + begin, got.begin() + end) == std::vector<float>(c.begin() + begin, c.begin() + end));
  }
}

template <class Product>
void multiply(const float* a, const float* b, float* c) {
  Product::template run<32, 64>(
      24, [&](int i, int l) { return a[i * 24 + l]; }, [&](int l, int j) { return b[l * 64 + j]; },
      [&](int i, int j, float sum) { c[i * 64 + j] = sum; });
}

template <class Product>
double product_error(int threads) {
  const std::vector<float> a = testing::draws(32 * 24, 1), b = testing::draws(24 * 64, 2);
  DeviceArray<float> da(a), db(b), dc = poisoned(32 * 64);
  launch(Stream{}, "multiply", multiply<Product>, Dim3{}, Dim3{static_cast<unsigned>(threads), 1, 1}, 0, da.data(), db.data(),
         dc.data());
  const std::vector<float> c = dc.download();
  double worst = 0;
  for (int i = 0; i < 32; ++i)
    for (int j = 0; j < 64; ++j) {
      double sum = 0;
      for (int l = 0; l < 24; ++l) sum += double(a[i * 24 + l]) * b[l * 64 + j];
      worst = std::isfinite(c[i * 64 + j]) ? std::max(worst, std::abs(c[i * 64 + j] - sum)) : INFINITY;
    }
  return worst;
}

}  // namespace

TEST_CASE("emulated threads meet at a barrier in every order, and a missing one shows as a result that depends on the order") {
  std::vector<float> expected = testing::draws(96, 1);
  std::reverse(expected.begin(), expected.end());
  for (const ThreadOrder order : {ThreadOrder::forward, ThreadOrder::reverse, ThreadOrder::shuffled})
    CHECK(reversed(true, order, 3) == expected);
  const std::vector<float> forward = reversed(false, ThreadOrder::forward), backward = reversed(false, ThreadOrder::reverse);
  bool same = true;
  for (std::size_t i = 0; i < 96; ++i) same = same && forward[i] == backward[i];
  CHECK(!same);
}

TEST_CASE("a warp ahead of the others does not see what they have not written") {
  std::vector<float> expected = testing::draws(96, 1);
  std::reverse(expected.begin(), expected.end());
  for (const ThreadOrder order : {ThreadOrder::first_warp_ahead, ThreadOrder::last_warp_ahead}) {
    CHECK(reversed(true, order) == expected);
    const std::vector<float> wrong = reversed(false, order);
    const std::ptrdiff_t ahead = order == ThreadOrder::first_warp_ahead ? 0 : 64;
    CHECK(std::all_of(wrong.begin() + ahead, wrong.begin() + ahead + 32, [](float x) { return std::isnan(x); }));
  }
}

TEST_CASE("emulated shuffles and sums over warps and blocks") {
  const std::vector<float> x = testing::draws(3 * 96, 2);
  DeviceArray<float> in(x), out = poisoned(3), moved = poisoned(32);
  launch(Stream{}, "sum", sum_block, Dim3{3, 1, 1}, Dim3{96, 1, 1}, 96 * 4, in.data(), out.data());
  for (int b = 0; b < 3; ++b)
    CHECK(out.download()[b] == Approx(std::accumulate(x.begin() + b * 96, x.begin() + (b + 1) * 96, 0.0)).margin(1e-5));
  launch(Stream{}, "shuffle", shuffle, Dim3{}, Dim3{32, 1, 1}, 0, in.data(), moved.data());
  for (int i = 0; i < 32; ++i) CHECK(moved.download()[i] == x[5] + x[i + 3 < 32 ? i + 3 : i]);
}

TEST_CASE(
    "the emulator refuses divergent barriers, shared memory that is too small, launches beyond the limits, forgotten copies") {
  DeviceArray<float> out = poisoned(32);
  CHECK_THROWS_WITH(launch(Stream{}, "k", divergent, Dim3{}, Dim3{32, 1, 1}, 0, out.data()), Catch::Contains("different barriers"));
  CHECK_NOTHROW(launch(Stream{}, "k", write_at, Dim3{}, Dim3{32, 1, 1}, 40, 9));
  CHECK_THROWS_WITH(launch(Stream{}, "k", write_at, Dim3{}, Dim3{32, 1, 1}, 40, 10), Catch::Contains("behind its shared memory"));
  CHECK_THROWS_WITH(launch(Stream{}, "k", write_at, Dim3{}, Dim3{2048, 1, 1}, 40, 0), Catch::Contains("2048"));
  CHECK_THROWS_WITH(launch(Stream{}, "k", write_at, Dim3{}, Dim3{32, 1, 1}, 300000, 0), Catch::Contains("300000 bytes"));
  CHECK_NOTHROW(launch(Stream{}, "k", copy_and_end, Dim3{}, Dim3{32, 1, 1}, 16, out.data(), true));
  CHECK_THROWS_WITH(launch(Stream{}, "k", copy_and_end, Dim3{}, Dim3{32, 1, 1}, 16, out.data(), false),
                    Catch::Contains("no thread has waited for"));
}

TEST_CASE("named barriers: each waits for its own threads, and a missing one shows in some order of the threads") {
  const std::vector<float> right{2016, 6112};
  bool half_shows = false, turn_shows = false;
  for (const ThreadOrder order :
       {ThreadOrder::forward, ThreadOrder::reverse, ThreadOrder::first_warp_ahead, ThreadOrder::last_warp_ahead}) {
    CHECK(sums_in<3>(order) == right);
    half_shows |= sums_in<2>(order) != right;
    turn_shows |= sums_in<1>(order) != right;
  }
  CHECK(half_shows);
  CHECK(turn_shows);
}

TEST_CASE("the emulator refuses threads that wait at named barriers for each other, or for different numbers of threads") {
  const auto wait = [](int first, int id, int second) {
    launch(Stream{}, "k", wait_apart, Dim3{}, Dim3{64, 1, 1}, 0, first, id, second);
  };
  CHECK_NOTHROW(wait(64, 1, 64));
  CHECK_NOTHROW(wait(32, 2, 32));
  CHECK_THROWS_WITH(wait(64, 2, 64), Catch::Contains("different barriers"));
  CHECK_THROWS_WITH(wait(64, 1, 96), Catch::Contains("barrier 1 is for 64 threads and for 96"));
  CHECK_THROWS_WITH(wait(32, 1, 32), Catch::Contains("64 wait"));
  CHECK_THROWS_WITH(wait(32, 16, 32), Catch::Contains("no barrier 16"));
  CHECK_THROWS_WITH(wait(48, 1, 48), Catch::Contains("whole warps"));
}

TEST_CASE("a recorded graph replays with the pointers and numbers of the recording") {
  StreamOwner owner;
  DeviceArray<float> x(std::vector<float>{1, 2, 3}), y = poisoned(3);
  float* source = x.data();
  const Graph graph(owner.stream(), [&] { copy_async(owner.stream(), y.data(), source, 3 * sizeof(float)); });
  source = nullptr;
  CHECK(std::isnan(y.download()[0]));
  graph.replay(owner.stream());
  CHECK(y.download() == std::vector<float>{1, 2, 3});
}

TEST_CASE("block products: fp32 multiply-adds and split tf32 on emulated tensor cores") {
  for (const int threads : {32, 128}) {
    CHECK(product_error<FmaProduct>(threads) <= std::ldexp(24, -24));
    // Each operand keeps 21 bits, and the product of the two small parts (2^-22 of the whole) is left out.
    CHECK(product_error<Tf32x3Product>(threads) <= std::ldexp(24, -24) + 24 * (2 * std::ldexp(1, -22) + std::ldexp(1, -22)));
  }
}

TEST_CASE("products of one warp: operands by rows, by columns and from registers, in bf16 and fp16") {
  check_warp_products<bf16>();
  check_warp_products<fp16>();
}

TEST_CASE("bf16 rounds to nearest even and keeps NaN and infinities") {
  CHECK(to_float(from_float<bf16>(1.0f)) == 1.0f);
  CHECK(from_float<bf16>(1.00390625f).bits == 0x3F80);  // half way between two: the even one
  CHECK(from_float<bf16>(1.01171875f).bits == 0x3F82);
  CHECK(std::isnan(to_float(from_float<bf16>(std::nanf("1")))));
  CHECK(to_float(from_float<bf16>(-INFINITY)) == -INFINITY);
}
