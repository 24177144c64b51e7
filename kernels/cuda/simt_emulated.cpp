#include "kernels/cuda/simt.h"

#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "kernels/cuda/named_barriers.h"
#include "tasks/error.h"
#include "tasks/rng.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

// Saves the registers that a call must keep (x86-64 System V) on the current stack, goes on with another one.
extern "C" void separatrix_switch_stack(void** save, void* load);
asm(R"(
.text
.globl separatrix_switch_stack
.type separatrix_switch_stack, @function
separatrix_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size separatrix_switch_stack, .-separatrix_switch_stack
)");

namespace separatrix::emulated {
namespace {

constexpr std::size_t stack_bytes = 256 * 1024, guard_floats = 64;
constexpr unsigned most_threads = 1024;

struct Context {
  void* pointer = nullptr;
  const void* stack = nullptr;
  std::size_t size = 0;
  void* fake_stack = nullptr;  // the address sanitizer's
};

void switch_context([[maybe_unused]] Context& from, Context& to, [[maybe_unused]] bool ends) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(ends ? nullptr : &from.fake_stack, to.stack, to.size);
#endif
  separatrix_switch_stack(&from.pointer, to.pointer);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

enum class State { ready, at_block_barrier, at_warp_barrier, at_named_barrier, done };

struct Fiber {
  Context context;
  State state = State::ready;
  unsigned collectives = 0;
  int barrier = 0, barrier_threads = 0;  // where it waits at a named one
};

struct Order {
  ThreadOrder kind = ThreadOrder::forward;
  std::uint64_t seed = 0;
  std::uint32_t uses = 0;

  std::vector<unsigned> of(unsigned n) {
    std::vector<unsigned> turns(n);
    std::iota(turns.begin(), turns.end(), 0u);
    if (kind == ThreadOrder::reverse || kind == ThreadOrder::last_warp_ahead) std::reverse(turns.begin(), turns.end());
    if (kind != ThreadOrder::shuffled) return turns;
    Rng rng = draw(seed, Purpose::test, uses++, n);
    for (unsigned i = n; i > 1; --i) std::swap(turns[i - 1], turns[rng.below(static_cast<int>(i))]);
    return turns;
  }
};

thread_local Order order;

/// The stacks of a block's fibers, kept from launch to launch.
unsigned char* stack_of(unsigned fiber) {
  static thread_local std::vector<unsigned char*> stacks;
  while (stacks.size() <= fiber) {
    void* p = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) fail("emulated launch: no memory for the stack of thread {}", fiber);
    stacks.push_back(static_cast<unsigned char*>(p));
  }
  return stacks[fiber];
}

class Block {
 public:
  Block(const char* name, Dim3 shape, std::size_t shared_bytes, const std::function<void()>& thread)
      : name_(name),
        thread_(thread),
        count_(shape.x * shape.y * shape.z),
        fibers_(count_),
        shared_((shared_bytes + 3) / 4 + guard_floats, std::nanf("1")),
        exchange_((count_ + 31) / 32 * 2 * 32 * exchange_bytes) {}

  /// One block, from its first thread's start to its last thread's end.
  void run() {
    Block* const outer = current;
    current = this;
    for (unsigned i = 0; i < count_; ++i) prepare(i);
    bool finished = false;
    while (!finished) {
      bool moved = false;
      for (const unsigned i : turns()) {
        if (fibers_[i].state != State::ready) continue;
        moved = true;
        resume(i);
      }
      finished = release(moved);
    }
    current = outer;
    require_arrived();
    named_.require_empty(name_);
    for (std::size_t i = shared_.size() - guard_floats; i < shared_.size(); ++i)
      if (!std::isnan(shared_[i])) fail("{}: a block wrote behind its shared memory", name_);
  }

  void wait(State state) {
    Fiber& fiber = fibers_[running_];
    fiber.state = state;
    switch_context(fiber.context, scheduler_, false);
  }

  void wait_at(int barrier, int threads) {
    fibers_[running_].barrier = barrier, fibers_[running_].barrier_threads = threads;
    wait(State::at_named_barrier);
  }

  void arrive_at(int barrier, int threads) { named_.arrive(barrier, threads); }

  float* shared() { return shared_.data(); }
  unsigned char* next_exchange() {
    const unsigned parity = fibers_[running_].collectives++ % 2;
    return exchange_.data() + (running_ / 32 * 2 + parity) * 32 * exchange_bytes;
  }

  static thread_local Block* current;

 private:
  /// Copies that were begun and never waited for would arrive in what another block has there.
  void require_arrived() const {
    bool all = true;
    for (unsigned i = 0; i < count_; ++i) {
      threadIdx = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
      all = all && delayed_copies().empty();
      delayed_copies().clear();
    }
    if (!all) fail("{}: a block ended with copies that no thread has waited for", name_);
  }

  /// A stack on which the first switch "returns" to start().
  void prepare(unsigned i) {
    unsigned char* stack = stack_of(i);
    fibers_[i] = {{nullptr, stack, stack_bytes, nullptr}, State::ready, 0, 0, 0};
    void** top = reinterpret_cast<void**>(stack + stack_bytes);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(&Block::start);
    for (int r = 0; r < 6; ++r) *--top = nullptr;
    fibers_[i].context.pointer = top;
  }

  static void start() {
    Block& block = *current;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(nullptr, &block.scheduler_.stack, &block.scheduler_.size);
#endif
    block.thread_();
    Fiber& fiber = block.fibers_[block.running_];
    fiber.state = State::done;
    switch_context(fiber.context, block.scheduler_, true);
  }

  void resume(unsigned i) {
    running_ = i;
    threadIdx = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
    switch_context(scheduler_, fibers_[i].context, false);
  }

  /// Whose turn it is: everybody's, or that of one warp which is not waiting for the block.
  std::vector<unsigned> turns() const {
    std::vector<unsigned> all = order.of(count_);
    if (order.kind != ThreadOrder::first_warp_ahead && order.kind != ThreadOrder::last_warp_ahead) return all;
    const auto goes_on = std::find_if(all.begin(), all.end(), [&](unsigned i) { return fibers_[i].state == State::ready; });
    if (goes_on == all.end()) return {};
    std::erase_if(all, [warp = *goes_on / 32](unsigned i) { return i / 32 != warp; });
    return all;
  }

  bool all(unsigned first, unsigned last, State state) const {
    return std::all_of(fibers_.begin() + first, fibers_.begin() + last, [&](const Fiber& f) { return f.state == state; });
  }
  void set(unsigned first, unsigned last, State state) {
    for (unsigned i = first; i < last; ++i) fibers_[i].state = state;
  }

  /// Opens the barriers at which everybody has arrived; true when all threads have ended.
  bool release(bool moved) {
    if (all(0, count_, State::done)) return true;
    if (all(0, count_, State::at_block_barrier)) {
      set(0, count_, State::ready);
      return false;
    }
    bool opened = open_named_barriers();
    for (unsigned first = 0; first < count_; first += 32) {
      const unsigned last = std::min(first + 32, count_);
      if (!all(first, last, State::at_warp_barrier)) continue;
      set(first, last, State::ready);
      opened = true;
    }
    if (!opened && !moved) fail("{}: the threads of a block wait at different barriers, or some have ended", name_);
    return false;
  }

  bool open_named_barriers() {
    std::map<int, std::vector<int>> waiting;
    for (const Fiber& f : fibers_)
      if (f.state == State::at_named_barrier) waiting[f.barrier].push_back(f.barrier_threads);
    const std::vector<int> open = named_.open(name_, waiting);
    for (Fiber& f : fibers_)
      if (f.state == State::at_named_barrier && std::find(open.begin(), open.end(), f.barrier) != open.end())
        f.state = State::ready;
    return !open.empty();
  }

  const char* name_;
  const std::function<void()>& thread_;
  unsigned count_, running_ = 0;
  Context scheduler_;
  std::vector<Fiber> fibers_;
  NamedBarriers named_;
  std::vector<float> shared_;
  std::vector<unsigned char> exchange_;
};

thread_local Block* Block::current = nullptr;

}  // namespace

void set_thread_order(ThreadOrder kind, std::uint64_t seed) {
  order = {kind, seed, 0};
}

void run_grid(const char* name, Dim3 grid, Dim3 block, std::size_t shared_bytes, const std::function<void()>& thread) {
  const unsigned threads = block.x * block.y * block.z, blocks = grid.x * grid.y * grid.z;
  if (threads < 1 || threads > most_threads) fail("{}: a block has 1 to {} threads, not {}", name, most_threads, threads);
  if (blocks < 1 || grid.y > 65535 || grid.z > 65535) fail("{}: no grid of {} x {} x {} blocks", name, grid.x, grid.y, grid.z);
  if (shared_bytes > most_shared_bytes)
    fail("{}: {} bytes of shared memory, a block has at most {}", name, shared_bytes, most_shared_bytes);
  gridDim = grid, blockDim = block;
  for (const unsigned b : order.of(blocks)) {
    blockIdx = {b % grid.x, b / grid.x % grid.y, b / (grid.x * grid.y)};
    Block(name, block, shared_bytes, thread).run();
  }
}

float* shared_memory() {
  return Block::current->shared();
}
void block_barrier() {
  Block::current->wait(State::at_block_barrier);
}
void warp_barrier() {
  Block::current->wait(State::at_warp_barrier);
}
void wait_at_named_barrier(int id, int threads) {
  Block::current->wait_at(id, threads);
}
void arrive_at_named_barrier(int id, int threads) {
  Block::current->arrive_at(id, threads);
}
unsigned char* next_exchange() {
  return Block::current->next_exchange();
}

}  // namespace separatrix::emulated
