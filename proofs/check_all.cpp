#include "proofs/check_all.h"

#include <chrono>
#include <future>
#include <mutex>
#include <thread>

namespace separatrix {
namespace {

struct Checked {
  Outcome outcome;
  double seconds = 0;
};

Checked timed_check(const Claim& claim, const BuiltModel* model, Depth depth) {
  const auto begin = std::chrono::steady_clock::now();
  Checked done{model ? check(claim, *model, depth) : check(claim, depth)};
  done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return done;
}

}  // namespace

void check_all(const std::vector<const Claim*>& claims, const BuiltModel* model, Depth depth, int threads,
               const ReportClaim& report) {
  std::vector<std::packaged_task<Checked()>> tasks;
  std::vector<std::future<Checked>> results;
  for (const Claim* claim : claims) {
    tasks.emplace_back([claim, model, depth] { return timed_check(*claim, model, depth); });
    results.push_back(tasks.back().get_future());
  }
  std::mutex mutex;
  std::size_t next = 0;
  const auto work = [&] {
    for (;;) {
      std::unique_lock lock(mutex);
      if (next == tasks.size()) return;
      auto& task = tasks[next++];
      lock.unlock();
      task();
    }
  };
  // Joined on every way out; an exception of a check reaches the caller through its future.
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) workers.emplace_back(work);
  try {
    for (std::size_t i = 0; i < claims.size(); ++i) {
      const Checked done = results[i].get();
      report(*claims[i], done.outcome, done.seconds);
    }
  } catch (...) {
    const std::lock_guard lock(mutex);
    next = tasks.size();  // what has not begun need not
    throw;
  }
}

}  // namespace separatrix
