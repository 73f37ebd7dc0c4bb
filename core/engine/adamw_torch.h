// SPDX-License-Identifier: Apache-2.0
// Parameters trained with AdamW, float32, by several workers that share each batch.
//
// Note [Steps that repeat to the bit]
// A batch is split into one part a worker, each with its own graph over the shared parameters; the
// parts' gradients are summed in the order of the workers. Each operation runs on one thread. So a
// step is a function of the state, its arguments and the number of workers alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/backend.h"
#include "engine/worker_torch.h"
#include "nn/vit_torch.h"

namespace novelty {

/// Weight decay pulls on the weights of linear layers only: not on biases, norms and tokens.
/// Thread: one caller at a time.
class AdamW {
 public:
  using Sink = std::function<void(const std::string& name, const TensorView& tensor)>;

  /// The part of the loss of images [first, last) of the batch, with leaves in place of the
  /// parameters. Runs on `worker`, beside the others.
  using LossOfPart = std::function<at::Tensor(const TensorsByName& leaves, std::int64_t first,
                                              std::int64_t last, int worker)>;

  explicit AdamW(int threads) : workers_(threads, 1) {}

  int worker_count() const { return workers_.count(); }

  /// Runs job(first, last, worker) beside each other on the workers' parts of `images`, as a step
  /// divides them; a worker without a part has no job.
  using PartJob = std::function<void(std::int64_t first, std::int64_t last, int worker)>;
  void run(std::int64_t images, const PartJob& job);

  /// Takes `values` as the parameters. `state`: what export_state handed out, or empty to start.
  /// Throws: Error(kFormat) naming what is missing from `state`.
  void start(const TensorsByName& values, const TensorMap& state);

  /// Parameters whose names begin with `prefix` learn at `factor` times the rate of a step.
  void set_rate(const std::string& prefix, double factor);

  /// The parameters, which change with each step.
  TensorsByName values() const;

  /// One step on the sum of the parts' losses, which it returns (before the step).
  /// Throws: Error(kSettings) when the loss or its gradient is not finite.
  double step(std::int64_t images, const LossOfPart& loss, const StepOptions& options);

  /// Hands out the parameters, each name behind `prefix`.
  void export_values(const Sink& sink, const std::string& prefix) const;

  /// Hands out the moments ("moment1.NAME", "moment2.NAME") and "step".
  void export_state(const Sink& sink) const;

 private:
  struct Parameter {
    std::string name;
    at::Tensor value, moment1, moment2;  // of one shape, no graph
    bool decays = false;
    double rate = 1;                    // times that of the step
    int owner = 0;                      // the worker that updates it
    std::vector<at::Tensor> gradients;  // one a worker; undefined where it had no image
    at::Tensor gradient;                // their sum
    double gradient_norm = 0;
  };

  std::pair<std::int64_t, std::int64_t> part_of(std::int64_t images, int worker) const;
  void share_out();
  double differentiate(std::int64_t images, const LossOfPart& loss, int worker);
  void sum_gradients(int worker);
  double gradient_norm() const;
  void update(int worker, const StepOptions& options, double scale);
  void update_alike(const std::vector<Parameter*>& alike, const StepOptions& options, double scale);

  Workers workers_;
  std::vector<Parameter> parameters_;
  std::int64_t step_count_ = 0;
};

/// `tensors` whose names begin with `prefix`, without it.
TensorMap with_prefix(const TensorMap& tensors, const std::string& prefix);

/// A view over a contiguous float32 tensor.
TensorView float_view(const at::Tensor& tensor);

/// patches [n, k, 3 * p * p] in [0,1] become (x - mean) / std, in place.
at::Tensor normalise_patches(const at::Tensor& patches, const std::array<float, 3>& mean,
                             const std::array<float, 3>& std);

}  // namespace novelty
