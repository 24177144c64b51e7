// Gradients of weights that every sequence makes by itself, added up.
#pragma once
#include <cstddef>

namespace separatrix {

/// sum (n) += the sum of each (batch, n), taken in T in the order of the sequences: the same bits whichever thread made them.
template <class T>
void add_sequences(int batch, std::ptrdiff_t n, const T* each, float* sum) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    T total = 0;
    for (int b = 0; b < batch; ++b) total += each[b * n + i];
    sum[i] += static_cast<float>(total);
  }
}

}  // namespace separatrix
