// The named barriers of an emulated block: 1 to 15, each open when as many threads wait there, or have arrived without waiting, as
// they all say.
#pragma once
#include <map>
#include <vector>

#include "tasks/error.h"

namespace separatrix::emulated {

class NamedBarriers {
 public:
  /// A thread that does not wait, of `threads` that the barrier is for.
  void arrive(int id, int threads) { arrived_[id].push_back(threads); }

  /// waiting: for every barrier, the number that each thread waiting there says it is for.  Opens some, and says which.
  std::vector<int> open(const char* kernel, const std::map<int, std::vector<int>>& waiting) {
    std::vector<int> opened;
    refuse_more(kernel);
    for (const auto& [id, sizes] : waiting) {
      std::vector<int> all = sizes;
      all.insert(all.end(), arrived_[id].begin(), arrived_[id].end());
      const auto wanted = static_cast<std::size_t>(all.front());
      if (id < 1 || id > 15 || wanted < 32 || wanted % 32 != 0)
        fail("{}: no barrier {} of {} threads: 1 to 15, whole warps", kernel, id, wanted);
      for (const int size : all)
        if (static_cast<std::size_t>(size) != wanted || all.size() > wanted)
          fail("{}: barrier {} is for {} threads and for {}, {} wait", kernel, id, wanted, size, all.size());
      if (all.size() < wanted) continue;
      arrived_[id].clear();
      opened.push_back(id);
    }
    return opened;
  }

  /// At the end of the block.
  void require_empty(const char* kernel) const {
    refuse_more(kernel);
    for (const auto& [id, arrived] : arrived_)
      if (!arrived.empty()) fail("{}: a block ended, and nobody has waited for those who arrived at barrier {}", kernel, id);
  }

 private:
  void refuse_more(const char* kernel) const {
    for (const auto& [id, arrived] : arrived_)
      if (!arrived.empty() && arrived.size() > static_cast<std::size_t>(arrived.front()))
        fail("{}: barrier {} is for {} threads, more arrive before it opens", kernel, id, arrived.front());
  }

  std::map<int, std::vector<int>> arrived_;
};

}  // namespace separatrix::emulated
