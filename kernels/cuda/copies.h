// Copies from global to shared memory that do not wait (cp.async, compute capability 8.0).  Own copies only: after
// arrive_copies() a thread sees what it copied itself, after a barrier also what the others did.  The emulation copies when they
// are waited for, so that a missing wait shows as NaN.
#pragma once
#include "kernels/cuda/simt.h"

namespace separatrix::SIMT {

/// Both ends aligned to 16 bytes.
__device__ inline void copy_16_bytes(void* to, const void* from) {
#ifdef SEPARATRIX_EMULATED
  delayed_copies().push_back({to, from});
#else
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(to))), "l"(from)
               : "memory");
#endif
}

/// Waits for all copies of this thread.
__device__ inline void arrive_copies() {
#ifdef SEPARATRIX_EMULATED
  for (const DelayedCopy& c : delayed_copies()) std::memcpy(c.to, c.from, 16);
  delayed_copies().clear();
#else
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

}  // namespace separatrix::SIMT
