// SPDX-License-Identifier: Apache-2.0
// Linear layers by cuBLASLt.
#include "engine/cuda/linear.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "novelty/error.h"

namespace novelty::cuda {
namespace {

void check_lt(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) check(cudaErrorMemoryAllocation, what);
  throw Error(ErrorKind::kBackend, "GPU",
              std::string(what) + ": " + cublasLtGetStatusString(status),
              "'nvidia-smi' shows whether it works; device=cpu goes on without it");
}

// Row-major [rows, columns] is what the library calls a matrix of `columns` rows.
LtLayout make_layout(cudaDataType_t type, int rows, int columns) {
  cublasLtMatrixLayout_t layout = nullptr;
  check_lt(cublasLtMatrixLayoutCreate(&layout, type, static_cast<std::uint64_t>(columns),
                                      static_cast<std::uint64_t>(rows), columns),
           "a matrix layout");
  return LtLayout(layout);
}

template <class T>
void set(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  check_lt(cublasLtMatmulDescSetAttribute(desc, attribute, &value, sizeof value), "a product");
}

constexpr int kMostCandidates = 8;
constexpr float kOne = 1, kZero = 0;

std::vector<cublasLtMatmulAlgo_t> candidates(cublasLtHandle_t handle, cublasLtMatmulDesc_t product,
                                             const LinearPlan& plan) {
  cublasLtMatmulPreference_t preference = nullptr;
  check_lt(cublasLtMatmulPreferenceCreate(&preference), "a preference");
  const std::unique_ptr<std::remove_pointer_t<cublasLtMatmulPreference_t>,
                        Destroy<cublasLtMatmulPreferenceDestroy>>
      guard(preference);
  constexpr std::size_t kWorkspace = LinearLibrary::kWorkspaceBytes;
  check_lt(
      cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                           &kWorkspace, sizeof kWorkspace),
      "a preference");
  cublasLtMatmulHeuristicResult_t found[kMostCandidates];
  int count = 0;
  check_lt(
      cublasLtMatmulAlgoGetHeuristic(handle, product, plan.weight.get(), plan.x.get(), plan.y.get(),
                                     plan.y.get(), preference, kMostCandidates, found, &count),
      "choosing a product");
  std::vector<cublasLtMatmulAlgo_t> algorithms;
  for (const auto& each : std::span(found, static_cast<std::size_t>(count)))
    algorithms.push_back(each.algo);
  if (algorithms.empty()) check_lt(CUBLAS_STATUS_NOT_SUPPORTED, "choosing a product");
  return algorithms;
}

// Times products of zeros.
class Trial {
 public:
  Trial(cublasLtHandle_t handle, cublasLtMatmulDesc_t product, const LinearPlan& plan,
        std::size_t weights, std::size_t inputs, std::size_t outputs)
      : handle_(handle),
        product_(product),
        plan_(plan),
        weight_(weights),
        x_(inputs),
        y_(outputs),
        workspace_(LinearLibrary::kWorkspaceBytes) {
    for (auto* event : {&begin_, &end_}) {
      cudaEvent_t made = nullptr;
      check(cudaEventCreate(&made), "an event");
      event->reset(made);
    }
    check(cudaMemsetAsync(weight_.data(), 0, weights * sizeof(float), stream_.get()), "zeros");
    check(cudaMemsetAsync(x_.data(), 0, inputs * sizeof(float), stream_.get()), "zeros");
    check(cudaMemsetAsync(y_.data(), 0, outputs * sizeof(float), stream_.get()), "zeros");
  }

  // In milliseconds; endless where the algorithm fails.
  float time(const cublasLtMatmulAlgo_t& algorithm) {
    constexpr int kRuns = 10;
    float least = INFINITY;
    for (int round = 0; round < 3; ++round) {  // the first warms up
      check(cudaEventRecord(begin_.get(), stream_.get()), "an event");
      for (int i = 0; i < kRuns; ++i) {
        const auto status = cublasLtMatmul(
            handle_, product_, &kOne, weight_.data(), plan_.weight.get(), x_.data(), plan_.x.get(),
            &kZero, y_.data(), plan_.y.get(), y_.data(), plan_.y.get(), &algorithm,
            workspace_.data(), LinearLibrary::kWorkspaceBytes, stream_.get());
        if (status != CUBLAS_STATUS_SUCCESS) return INFINITY;
      }
      check(cudaEventRecord(end_.get(), stream_.get()), "an event");
      check(cudaEventSynchronize(end_.get()), "a product");
      float time = 0;
      check(cudaEventElapsedTime(&time, begin_.get(), end_.get()), "an event");
      if (round > 0) least = std::min(least, time);
    }
    return least;
  }

 private:
  cublasLtHandle_t handle_;
  cublasLtMatmulDesc_t product_;
  const LinearPlan& plan_;
  Stream stream_ = make_stream();
  Event begin_, end_;
  DeviceMemory<float> weight_, x_, y_;
  DeviceMemory<std::byte> workspace_;
};

}  // namespace

LinearLibrary::LinearLibrary() {
  cublasLtHandle_t handle = nullptr;
  check_lt(cublasLtCreate(&handle), "cuBLASLt");
  handle_.reset(handle);
}

void round_to_bf16(std::span<const float> values, Bf16Pair* pairs) {
  for (std::size_t i = 0; i < values.size() / 2; ++i)
    pairs[i] = packed(Pair{values[2 * i], values[2 * i + 1]});
}

DeviceMemory<float> on_device(std::span<const float> values) {
  DeviceMemory<float> memory(values.size());
  check(cudaMemcpy(memory.data(), values.data(), values.size_bytes(), cudaMemcpyHostToDevice),
        "copying weights");
  return memory;
}

DeviceMemory<Bf16Pair> bf16_on_device(std::span<const float> values) {
  std::vector<Bf16Pair> pairs(values.size() / 2);
  round_to_bf16(values, pairs.data());
  DeviceMemory<Bf16Pair> memory(pairs.size());
  check(cudaMemcpy(memory.data(), pairs.data(), pairs.size() * sizeof(Bf16Pair),
                   cudaMemcpyHostToDevice),
        "copying weights");
  return memory;
}

const LinearPlan& LinearLibrary::plan(Use use, int rows, int outputs, int inputs,
                                      cublasLtMatmulDesc_t product) {
  const auto key = std::make_tuple(use, rows, outputs, inputs);
  const auto known = plans_.find(key);
  if (known != plans_.end()) return known->second;
  LinearPlan plan{make_layout(CUDA_R_16BF, outputs, inputs),
                  make_layout(CUDA_R_16BF, rows, inputs),
                  make_layout(use == Use::kAdd ? CUDA_R_32F : CUDA_R_16BF, rows, outputs),
                  {}};
  const auto algorithms = candidates(handle(), product, plan);
  const auto size = [](int a, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
  };
  Trial trial(handle(), product, plan, size(outputs, inputs), size(rows, inputs),
              size(rows, outputs));
  float least = INFINITY;
  plan.algorithm = algorithms.front();
  for (const auto& algorithm : algorithms) {
    const float time = trial.time(algorithm);
    if (time < least) {
      least = time;
      plan.algorithm = algorithm;
    }
  }
  return plans_.emplace(key, std::move(plan)).first->second;
}

Linear::Linear(LinearLibrary& library, Use use, int outputs, int inputs,
               std::span<const float> weight, std::span<const float> bias)
    : library_(&library),
      use_(use),
      outputs_(outputs),
      inputs_(inputs),
      weight_(bf16_on_device(weight)) {
  cublasLtMatmulDesc_t product = nullptr;
  check_lt(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F), "a product");
  product_.reset(product);
  set(product, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  if (use == Use::kPlain) return;
  // A bias is of the result's type.
  if (use == Use::kAdd) {
    bias_ = on_device(bias);
  } else {
    half_bias_ = bf16_on_device(bias);
  }
  const void* const added =
      use == Use::kAdd ? static_cast<const void*>(bias_.data()) : half_bias_.data();
  set(product, CUBLASLT_MATMUL_DESC_EPILOGUE,
      use == Use::kGelu ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_BIAS);
  set(product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, added);
}

void Linear::plan(int rows) {
  if (!plans_.contains(rows))
    plans_[rows] = &library_->plan(use_, rows, outputs_, inputs_, product_.get());
}

void Linear::run(int rows, const Bf16Pair* x, void* y, void* workspace, cudaStream_t stream) const {
  const LinearPlan& plan = *plans_.at(rows);
  const float* const kept = use_ == Use::kAdd ? &kOne : &kZero;
  check_lt(
      cublasLtMatmul(library_->handle(), product_.get(), &kOne, weight_.data(), plan.weight.get(),
                     x, plan.x.get(), kept, y, plan.y.get(), y, plan.y.get(), &plan.algorithm,
                     workspace, LinearLibrary::kWorkspaceBytes, stream),
      "a product");
}

}  // namespace novelty::cuda
