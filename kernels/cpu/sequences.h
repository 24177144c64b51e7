// A batch taken sequence by sequence.  One thread takes a sequence through a whole mixer, so that what one kernel writes and the
// next reads stays in its own caches.
#pragma once
#include "kernels/cpu/blocks.h"
#include "kernels/cpu/sublayer.h"

namespace separatrix {

/// Neighbouring sequences of a batch.
struct SequenceRun {
  int first;         // sequence
  BatchShape shape;  // how many there are, and their length
  int thread;        // which of the threads has them

  TokenBlock tokens() const { return {std::ptrdiff_t{first} * shape.length, shape.tokens(), thread}; }
};

/// f(run): every thread takes as many single sequences as any other; those left over come afterwards as one run, which has all
/// threads for itself.
template <class F>
void for_sequences(const BatchShape& shape, const F& f) {
  const int alone = shape.batch / threads() * threads();
  in_parallel(alone, [&](std::ptrdiff_t i) { f(SequenceRun{static_cast<int>(i), {1, shape.length}, omp_get_thread_num()}); });
  if (alone < shape.batch) f(SequenceRun{alone, {shape.batch - alone, shape.length}, 0});
}

}  // namespace separatrix
