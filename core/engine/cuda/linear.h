// SPDX-License-Identifier: Apache-2.0
// Linear layers by cuBLASLt: bfloat16 in, sums in float32.
#pragma once

#include <cublasLt.h>

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>

#include "engine/cuda/device.h"
#include "engine/cuda/device_math.h"

namespace novelty::cuda {

struct DestroyLt {
  void operator()(cublasLtHandle_t handle) const { cublasLtDestroy(handle); }
  void operator()(cublasLtMatmulDesc_t desc) const { cublasLtMatmulDescDestroy(desc); }
  void operator()(cublasLtMatrixLayout_t layout) const { cublasLtMatrixLayoutDestroy(layout); }
};
using LtHandle = std::unique_ptr<std::remove_pointer_t<cublasLtHandle_t>, DestroyLt>;
using LtProduct = std::unique_ptr<std::remove_pointer_t<cublasLtMatmulDesc_t>, DestroyLt>;
using LtLayout = std::unique_ptr<std::remove_pointer_t<cublasLtMatrixLayout_t>, DestroyLt>;

/// What becomes of the product x W^T.
enum class Use {
  kPlain,  ///< y = x W^T, bfloat16
  kBias,   ///< y = x W^T + b, bfloat16
  kGelu,  ///< y = GELU(x W^T + b), bfloat16; by tanh, which differs from the exact one by less than
          ///< bfloat16's rounding
  kAdd,   ///< y += x W^T + b, float32
};

/// How products of one shape are done.
struct LinearPlan {
  LtLayout weight, x, y;
  cublasLtMatmulAlgo_t algorithm;
};

/// The library on the current device, and the plans of all shapes: each is the quickest of what the
/// library suggests, found by trying. Thread: plan() one at a time.
class LinearLibrary {
 public:
  static constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

  LinearLibrary();
  cublasLtHandle_t handle() const { return handle_.get(); }

  /// `product` is of the use. The plan lives as long as this.
  const LinearPlan& plan(Use use, int rows, int outputs, int inputs, cublasLtMatmulDesc_t product);

 private:
  LtHandle handle_;
  std::map<std::tuple<Use, int, int, int>, LinearPlan> plans_;
};

/// One layer's weights on the device. Immutable but for the plans.
class Linear {
 public:
  /// weight: [outputs, inputs]; bias: [outputs], not read for kPlain. Both sizes even.
  Linear(LinearLibrary& library, Use use, int outputs, int inputs, std::span<const float> weight,
         std::span<const float> bias);

  /// Prepares for `rows` rows; run() needs it. Thread: one at a time, none in run().
  void plan(int rows);

  /// x: [rows, inputs] bfloat16; y: [rows, outputs]; workspace: LinearLibrary::kWorkspaceBytes.
  /// Throws: Error(kBackend).
  void run(int rows, const Bf16Pair* x, void* y, void* workspace, cudaStream_t stream) const;

 private:
  LinearLibrary* library_;
  Use use_;
  int outputs_, inputs_;
  DeviceMemory<Bf16Pair> weight_, half_bias_;
  DeviceMemory<float> bias_;
  LtProduct product_;
  std::map<int, const LinearPlan*> plans_;  // by rows
};

/// pairs: [values / 2]. The count is even.
void round_to_bf16(std::span<const float> values, Bf16Pair* pairs);

/// Host values as device memory.
DeviceMemory<float> on_device(std::span<const float> values);
DeviceMemory<Bf16Pair> bf16_on_device(std::span<const float> values);

}  // namespace novelty::cuda
