// Matrix products by cuBLASLt.  Its matrices are column major: a row-major X (r, c) is its X^T (c, r), so C^T = B^T A^T is asked
// for. Compiled and linked without a GPU; unverified on one.
#include <cublasLt.h>

#include <compare>
#include <map>
#include <type_traits>

#include "kernels/cuda/bf16.h"
#include "kernels/matmul/cuda.h"
#include "tasks/error.h"

namespace separatrix::cuda {
namespace {

constexpr std::size_t workspace_bytes = 32 << 20;

void check(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS) fail("{}: {}", call, cublasLtGetStatusString(status));
}

/// Everything of a column-major product that an algorithm is chosen by.
struct Shape {
  std::ptrdiff_t m, n, k;
  bool transpose_a, transpose_b;
  std::ptrdiff_t lda, ldb, ldc, ld_add;                // ld_add 0: nothing is added
  std::uint32_t align_a, align_b, align_c, align_add;  // bytes, of the address and the columns
  bool rounded, rounded_c;
  auto operator<=>(const Shape&) const = default;
};

/// The power of two, at most 256, that the address and the distance of columns are multiples of: fast algorithms ask for 16.
std::uint32_t alignment(const void* address, std::ptrdiff_t stride_bytes) {
  const std::uintptr_t all = reinterpret_cast<std::uintptr_t>(address) | static_cast<std::uintptr_t>(stride_bytes) | 256;
  return static_cast<std::uint32_t>(all & -all);
}

struct Plan {
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr, add = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
};

}  // namespace

struct Products::State {
  cublasLtHandle_t handle = nullptr;
  DeviceArray<unsigned char> workspace{workspace_bytes};
  std::map<Shape, Plan> plans;

  Plan make_plan(const Shape& s) const {
    Plan p;
    const cudaDataType_t type = s.rounded ? CUDA_R_16BF : CUDA_R_32F, type_c = s.rounded_c ? CUDA_R_16BF : CUDA_R_32F;
    const cublasOperation_t op_a = s.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, op_b = s.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    check(cublasLtMatmulDescCreate(&p.operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    check(cublasLtMatmulDescSetAttribute(p.operation, CUBLASLT_MATMUL_DESC_TRANSA, &op_a, sizeof op_a), "transpose of a");
    check(cublasLtMatmulDescSetAttribute(p.operation, CUBLASLT_MATMUL_DESC_TRANSB, &op_b, sizeof op_b), "transpose of b");
    check(cublasLtMatrixLayoutCreate(&p.a, type, s.transpose_a ? s.k : s.m, s.transpose_a ? s.m : s.k, s.lda), "layout of a");
    check(cublasLtMatrixLayoutCreate(&p.b, type, s.transpose_b ? s.n : s.k, s.transpose_b ? s.k : s.n, s.ldb), "layout of b");
    check(cublasLtMatrixLayoutCreate(&p.c, type_c, s.m, s.n, s.ldc), "layout of c");
    check(cublasLtMatrixLayoutCreate(&p.add, type_c, s.m, s.n, s.ld_add > 0 ? s.ld_add : s.ldc), "layout of what is added");
    p.algorithm = choose(s, p);
    return p;
  }

  /// Deterministic: where a long inner sum is split (a gradient of weights has few blocks of results otherwise), its parts lie in
  /// the workspace and are added in a step of their own.
  cublasLtMatmulAlgo_t choose(const Shape& s, const Plan& p) const {
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t which, const auto& value) {
      check(cublasLtMatmulPreferenceSetAttribute(preference, which, &value, sizeof value), "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes);
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, s.align_a);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, s.align_b);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, s.align_add);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, s.align_c);
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(handle, p.operation, p.a, p.b, p.add, p.c, preference, 1, &best, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    if (status != CUBLAS_STATUS_NOT_SUPPORTED) check(status, "cublasLtMatmulAlgoGetHeuristic");
    if (status != CUBLAS_STATUS_SUCCESS || found == 0 || best.state != CUBLAS_STATUS_SUCCESS)
      fail("cuBLASLt has no algorithm for a product of {} x {} x {}", s.n, s.k, s.m);
    return best.algo;
  }
};

Products::Products() : state_(new State) {
  check(cublasLtCreate(&state_->handle), "cublasLtCreate");
}
Products::~Products() {
  for (auto& [key, plan] : state_->plans) {
    for (cublasLtMatrixLayout_t layout : {plan.a, plan.b, plan.c, plan.add}) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulDescDestroy(plan.operation);
  }
  cublasLtDestroy(state_->handle);
  delete state_;
}

template <class T>
void Products::run(Stream stream, const DeviceOperand& a, bool transpose_a, const DeviceOperand& b, bool transpose_b, Rows<T> c,
                   Rows<const std::type_identity_t<T>> add) {
  const std::ptrdiff_t m = transpose_a ? a.cols : a.rows, k = transpose_a ? a.rows : a.cols;
  const std::ptrdiff_t n = transpose_b ? b.rows : b.cols, inner = transpose_b ? b.cols : b.rows;
  if (k != inner) fail("product on the device: inner sizes {} and {} differ", k, inner);
  if (a.is_bf16() != b.is_bf16()) fail("product on the device: one operand is bf16, the other fp32");
  const std::ptrdiff_t size = a.is_bf16() ? sizeof(bf16) : sizeof(float);
  const auto align_of = [](Rows<const T> x) { return alignment(x.data, x.stride * static_cast<std::ptrdiff_t>(sizeof(T))); };
  const Rows<const T> added = add.data ? add : Rows<const T>(c);
  const Shape shape{n,
                    m,
                    k,
                    transpose_b,
                    transpose_a,
                    b.stride(),
                    a.stride(),
                    c.stride,
                    add.data ? add.stride : 0,
                    alignment(b.data(), b.stride() * size),
                    alignment(a.data(), a.stride() * size),
                    align_of(c),
                    align_of(added),
                    a.is_bf16(),
                    std::is_same_v<T, bf16>};
  auto found = state_->plans.find(shape);
  if (found == state_->plans.end()) found = state_->plans.emplace(shape, state_->make_plan(shape)).first;
  const Plan& p = found->second;
  const float one = 1, keep = add.data ? 1 : 0;
  check(cublasLtMatmul(state_->handle, p.operation, &one, b.data(), p.a, a.data(), p.b, &keep, added.data, p.add, c.data, p.c,
                       &p.algorithm, state_->workspace.data(), workspace_bytes, static_cast<cudaStream_t>(stream.handle)),
        "cublasLtMatmul");
}

template void Products::run(Stream, const DeviceOperand&, bool, const DeviceOperand&, bool, Rows<float>, Rows<const float>);
template void Products::run(Stream, const DeviceOperand&, bool, const DeviceOperand&, bool, Rows<bf16>, Rows<const bf16>);

}  // namespace separatrix::cuda
