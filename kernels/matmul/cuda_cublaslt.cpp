// Matrix products by cuBLASLt.  Its matrices are column major: a row-major X (r, c) is its X^T (c, r), so C^T = B^T A^T is asked
// for. Compiled and linked without a GPU; unverified on one.
#include <cublasLt.h>

#include <map>
#include <tuple>

#include "kernels/cuda/bf16.h"
#include "kernels/matmul/cuda.h"
#include "tasks/error.h"

namespace separatrix::cuda {
namespace {

constexpr std::size_t workspace_bytes = 32 << 20;

void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) fail("{}: {}", call, cublasLtGetStatusString(status));
}

/// m, n, k of the column-major product, transposes, leading dimensions, bf16, accumulate.
using Key = std::tuple<std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, bool, bool, std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t,
                       bool, bool>;

struct Plan {
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
};

}  // namespace

struct Products::State {
  cublasLtHandle_t handle = nullptr;
  DeviceArray<unsigned char> workspace{workspace_bytes};
  std::map<Key, Plan> plans;

  /// Deterministic: no split sums that are added in any order.
  Plan make_plan(const Key& key) const {
    const auto [m, n, k, transpose_a, transpose_b, lda, ldb, ldc, rounded, accumulate] = key;
    Plan p;
    const cudaDataType_t type = rounded ? CUDA_R_16BF : CUDA_R_32F;
    const cublasOperation_t op_a = transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, op_b = transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    check(cublasLtMatmulDescCreate(&p.operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    check(cublasLtMatmulDescSetAttribute(p.operation, CUBLASLT_MATMUL_DESC_TRANSA, &op_a, sizeof op_a), "transpose of a");
    check(cublasLtMatmulDescSetAttribute(p.operation, CUBLASLT_MATMUL_DESC_TRANSB, &op_b, sizeof op_b), "transpose of b");
    check(cublasLtMatrixLayoutCreate(&p.a, type, transpose_a ? k : m, transpose_a ? m : k, lda), "layout of a");
    check(cublasLtMatrixLayoutCreate(&p.b, type, transpose_b ? n : k, transpose_b ? k : n, ldb), "layout of b");
    check(cublasLtMatrixLayoutCreate(&p.c, CUDA_R_32F, m, n, ldc), "layout of c");
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    const std::uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_NONE, alignment = 4;
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_bytes,
                                         sizeof workspace_bytes);
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes, sizeof schemes);
    for (const auto which : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                             CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      cublasLtMatmulPreferenceSetAttribute(preference, which, &alignment, sizeof alignment);
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(handle, p.operation, p.a, p.b, p.c, p.c, preference, 1, &best, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    check(status, "cublasLtMatmulAlgoGetHeuristic");
    if (found == 0) fail("cuBLASLt has no algorithm for a product of {} x {} x {}", n, k, m);
    p.algorithm = best.algo;
    return p;
  }
};

Products::Products() : state_(new State) {
  check(cublasLtCreate(&state_->handle), "cublasLtCreate");
}
Products::~Products() {
  for (auto& [key, plan] : state_->plans) {
    for (cublasLtMatrixLayout_t layout : {plan.a, plan.b, plan.c}) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulDescDestroy(plan.operation);
  }
  cublasLtDestroy(state_->handle);
  delete state_;
}

void Products::run(Stream stream, const DeviceOperand& a, bool transpose_a, const DeviceOperand& b, bool transpose_b, Rows<float> c,
                   bool accumulate) {
  const std::ptrdiff_t m = transpose_a ? a.cols : a.rows, k = transpose_a ? a.rows : a.cols;
  const std::ptrdiff_t n = transpose_b ? b.rows : b.cols, inner = transpose_b ? b.cols : b.rows;
  if (k != inner) fail("product on the device: inner sizes {} and {} differ", k, inner);
  if ((a.rounded == nullptr) != (b.rounded == nullptr)) fail("product on the device: one operand is bf16, the other fp32");
  const std::ptrdiff_t lda = a.rounded ? a.cols : a.floats.stride, ldb = b.rounded ? b.cols : b.floats.stride;
  const Key key{n, m, k, transpose_b, transpose_a, ldb, lda, c.stride, a.rounded != nullptr, accumulate};
  auto found = state_->plans.find(key);
  if (found == state_->plans.end()) found = state_->plans.emplace(key, state_->make_plan(key)).first;
  const Plan& p = found->second;
  const float one = 1, keep = accumulate ? 1 : 0;
  const void* left = b.rounded ? static_cast<const void*>(b.rounded) : b.floats.data;
  const void* right = a.rounded ? static_cast<const void*>(a.rounded) : a.floats.data;
  check(cublasLtMatmul(state_->handle, p.operation, &one, left, p.a, right, p.b, &keep, c.data, p.c, c.data, p.c, &p.algorithm,
                       state_->workspace.data(), workspace_bytes, static_cast<cudaStream_t>(stream.handle)),
        "cublasLtMatmul");
}

}  // namespace separatrix::cuda
