// SPDX-License-Identifier: Apache-2.0
// What a compute backend does for the rest of the core: the one seam. Scoring is built in for the
// CPU and comes from a library for other devices; training comes from the LibTorch backend.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/safetensors.h"
#include "nn/dense_targets.h"
#include "nn/token_comparison.h"
#include "nn/vit_config.h"

namespace novelty {

/// Raised whenever anything in this file changes shape.
inline constexpr std::uint32_t kBackendAbi = 8;

/// A network as data: the sizes, the tensors (timm names, no prefix) and the input normalisation.
/// The tensors are only read during the call they are passed to.
struct NetworkView {
  VitConfig config;
  TensorMap tensors;
  std::array<float, 3> mean{0.5F, 0.5F, 0.5F};
  std::array<float, 3> std{0.5F, 0.5F, 0.5F};
  TensorMap ranges;  ///< empty, or what RangeFinder found: int8 needs it
  TensorMap head;  ///< of a student: empty, or "weight" [teacher width, width] and "bias" [teacher
                   ///< width] of a linear layer after the final norm
  TokenComparison comparison;  ///< of its tokens with the other network's; the same in both

  /// Values of a token as it is compared. The head has its shapes.
  int output_width() const {
    return head.empty() ? config.width : static_cast<int>(head.at("bias").shape.at(0));
  }
};

/// Teacher and student ready to score. Immutable, shared by threads.
class Engine {
 public:
  class Scratch {
   public:
    virtual ~Scratch() = default;
  };
  virtual ~Engine() = default;
  virtual std::unique_ptr<Scratch> make_scratch() const = 0;

  /// patches: [patch_count, patch_values] float32 in [0,1]. discrepancy: [patch_count] in grid
  /// order, token_distance of the networks' comparison, mean over its layers. tokens: [patch_count,
  /// width] and cls: [width], the teacher's last, L2-normalised; empty when they are not wanted.
  /// Thread: one per scratch.
  virtual void score(std::span<const float> patches, Scratch& scratch, std::span<float> discrepancy,
                     std::span<float> tokens, std::span<float> cls) const = 0;
};

/// What a teacher gives for a batch of pictures.
struct TeacherFeatures {
  std::span<float> tokens;     ///< [batch, patch_count, width], the last block's patch tokens after
                               ///< the final norm, L2-normalised
  std::span<float> attention;  ///< [batch, patch_count], the last block's [CLS] row over the
                               ///< patches, mean over heads
  std::span<float> cls;        ///< [batch, width], the [CLS] token after the final norm,
                               ///< L2-normalised
  std::span<float> targets{};  ///< [batch, layers, patch_count, width], what the comparison is to
                               ///< be made with, the last block first; or empty
};

/// The teacher alone, for the feature cache.
class Teacher {
 public:
  virtual ~Teacher() = default;

  /// patches: [batch, patch_count, patch_values] in [0,1].
  virtual void features(std::span<const float> patches, int batch, const TeacherFeatures& out) = 0;

  /// All tokens as they are compared, but not normalised: [batch, layers, 1 + patch_count,
  /// output_width], the last block's first.
  virtual void tokens(std::span<const float> patches, int batch, std::span<float> out) = 0;
};

/// How an engine is to run. A device with no choice of its own ignores what does not concern it.
struct EngineOptions {
  int threads = 1;                 ///< a call may use so many, >= 1
  std::string precision = "fp32";  ///< "fp32", "bf16" or "int8"
  std::string isa = "auto";        ///< CPU instructions up to "plain", "avx2", "avx512" or "amx"
  int device = 0;                  ///< which of several GPUs
  bool graph = true;               ///< a GPU replays a recorded pass; false: kernel by kernel
};

struct StepOptions {
  double learning_rate = 1e-4;
  double weight_decay = 0.05;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double max_gradient_norm = 1;  ///< all gradients together are scaled down to it; 0 = never
};

/// A student under training: masked distillation with AdamW.
class StudentTrainer {
 public:
  using Sink = std::function<void(const std::string& name, const TensorView& tensor)>;

  virtual ~StudentTrainer() = default;

  /// One optimiser step on the mean over layers and kept patches of token_distance of the student's
  /// comparison. patches: [batch, patch_count, patch_values] in [0,1]; targets: [batch, layers,
  /// patch_count, teacher width] of TeacherFeatures; kept: [batch, kept_count] patch indices,
  /// ascending in each row. Returns the loss before the step.
  virtual double step(std::span<const float> patches, std::span<const float> targets,
                      std::span<const std::int64_t> kept, int batch,
                      const StepOptions& options) = 0;

  /// Hands out the student's tensors (timm names), and those of a head behind "head.".
  virtual void export_student(const Sink& sink) = 0;

  /// Hands out all state (student, moments, step count) for a checkpoint; feed it to
  /// Backend::make_student_trainer's `state` to go on bit-exactly.
  virtual void export_state(const Sink& sink) = 0;
};

/// What a compact network is to give for a batch of pictures: a larger teacher's features.
struct CompactTargets {
  std::span<const float> tokens;     ///< [batch, patch_count, teacher width], L2-normalised
  std::span<const float> attention;  ///< [batch, patch_count], each row of a sum over 0
  std::span<const float> cls;        ///< [batch, teacher width], L2-normalised
};

/// Means over the batch.
struct CompactLosses {
  double tokens = 0;     ///< squared distance of the L2-normalised patch tokens, [0, 4]
  double cls = 0;        ///< the same of [CLS]
  double attention = 0;  ///< Kullback-Leibler divergence of the [CLS] attention, in nats
};

/// A compact network under training: it learns to give a larger teacher's features with AdamW.
class CompactTrainer {
 public:
  using Sink = StudentTrainer::Sink;

  virtual ~CompactTrainer() = default;

  /// One optimiser step on tokens + kClsWeight * cls + kAttentionWeight * attention. patches:
  /// [batch, patch_count, patch_values] in [0,1]. Returns the losses before the step.
  virtual CompactLosses step(std::span<const float> patches, const CompactTargets& targets,
                             int batch, const StepOptions& options) = 0;

  static constexpr double kClsWeight = 0.2;
  static constexpr double kAttentionWeight = 0.1;

  /// Hands out the network's tensors (timm names), without the head.
  virtual void export_network(const Sink& sink) = 0;

  /// Hands out all state for a checkpoint; feed it to Backend::make_compact_trainer's `state`.
  virtual void export_state(const Sink& sink) = 0;
};

/// A teacher under fine-tuning on normal pictures.
class TeacherTuner {
 public:
  using Sink = StudentTrainer::Sink;

  virtual ~TeacherTuner() = default;

  /// Hands out all state for a checkpoint, among it the tensors that change (timm names behind
  /// "network."); feed it to the `state` of what made this.
  virtual void export_state(const Sink& sink) = 0;
};

/// How DEFEND starts, and what it weighs.
struct DefendOptions {
  int prototypes = 5;         ///< what patches are told apart by, >= 2
  bool hard_targets = false;  ///< a patch belongs to its nearest prototype alone
  std::uint64_t seed = 0;     ///< of the head and the prototypes
};

/// Of one step, before it.
struct DefendMeasures {
  double loss = 0;  ///< mean cross-entropy of a crop's patch, nats; ln(prototypes) when the
                    ///< predictions are uniform
  int in_use = 0;   ///< prototypes that some patch of a crop is nearest to
};

/// Dense fine-tuning (DEFEND): crops of a picture learn to give the assignment of its patches to
/// prototypes, which the whole picture gives. Only the last two blocks and the final norm change,
/// at a tenth of the step's rate, which is the head's and the prototypes'.
class DefendTrainer : public TeacherTuner {
 public:
  /// Patches a side of a crop: about 96 pixels, at most the whole grid.
  virtual int crop_grid() const = 0;

  /// What the blocks that never change give. patches: [batch, patch_count, patch_values] in [0,1];
  /// out: [batch, token_count, width].
  virtual void frozen(std::span<const float> patches, int batch, std::span<float> out) = 0;

  /// One optimiser step. whole: [batch, token_count, width] of `frozen`. crops: [batch, n,
  /// crop_grid * crop_grid, patch_values] in [0,1]; boxes: [batch, n], where they lie.
  virtual DefendMeasures step(std::span<const float> whole, std::span<const float> crops,
                              std::span<const Box> boxes, int batch,
                              const StepOptions& options) = 0;
};

/// Mean-shifted contrastive fine-tuning (Reiss and Hoshen 2023): seen from the centre of normal
/// pictures, the [CLS] tokens of two views of a picture are to lie in one direction, those of other
/// pictures in others. All tensors change.
class ContrastTrainer : public TeacherTuner {
 public:
  static constexpr double kTemperature = 0.25;

  /// One optimiser step. views: [2, pictures, patch_count, patch_values] in [0,1], pictures >= 2.
  /// Returns the loss before the step: mean over the views of the cross-entropy, in nats, of which
  /// other view is of the same picture.
  virtual double step(std::span<const float> views, int pictures, const StepOptions& options) = 0;
};

/// What a backend offers. What it does not is empty. All functions throw Error.
struct Backend {
  std::uint32_t abi = kBackendAbi;
  std::string name;         ///< "cpu", "cuda", "torch"
  std::string description;  ///< for `novelty doctor`: versions, CPU capability
  std::string precision;    ///< the only one it has; empty: EngineOptions chooses
  std::string unusable;     ///< why not, where the library opens but its device does not

  std::function<std::shared_ptr<const Engine>(
      const NetworkView& teacher, const NetworkView& student, const EngineOptions& options)>
      make_engine;
  std::function<std::unique_ptr<Teacher>(const NetworkView& teacher, const EngineOptions& options)>
      make_teacher;
  /// state: empty to start from student.tensors, else what export_state handed out.
  std::function<std::unique_ptr<StudentTrainer>(const NetworkView& student, const TensorMap& state,
                                                int threads)>
      make_student_trainer;
  /// A width other than `teacher_width` gets a linear head before the comparison, which starts from
  /// `seed` and is dropped afterwards. state: empty to start from network.tensors.
  std::function<std::unique_ptr<CompactTrainer>(const NetworkView& network, int teacher_width,
                                                std::uint64_t seed, const TensorMap& state,
                                                int threads)>
      make_compact_trainer;
  /// state: empty to start from teacher.tensors, else what export_state handed out.
  std::function<std::unique_ptr<DefendTrainer>(const NetworkView& teacher,
                                               const DefendOptions& options, const TensorMap& state,
                                               int threads)>
      make_defend_trainer;
  /// centre: [width], mean of the L2-normalised [CLS] tokens of normal pictures. state: as above.
  std::function<std::unique_ptr<ContrastTrainer>(const NetworkView& teacher,
                                                 std::span<const float> centre,
                                                 const TensorMap& state, int threads)>
      make_contrast_trainer;
};

/// `extern "C" const novelty::Backend* novelty_backend(std::uint32_t abi)`: null when `abi` is not
/// the library's own.
using BackendEntry = const Backend* (*)(std::uint32_t);
inline constexpr const char* kBackendSymbol = "novelty_backend";

/// What makes engines and teachers for `device`. "cpu": the kernels of this library. "cuda", or
/// "cuda:N" for one of several GPUs: libnovelty-cuda.so. "auto": the latter where it opens and
/// finds a GPU, else "cpu". Thread: any. Throws: Error(kSettings) on the device, (kBackend) with
/// the reason where "cuda" is not to be had.
const Backend& backend_for(const std::string& device);

/// N of "cuda:N", else 0. Throws: Error(kSettings) on a device that is none of the above.
int device_index(const std::string& device);

/// What makes engines and teachers for "fp32", "bf16" or "int8": auto's where it has that, else the
/// CPU's. Thread: any.
const Backend& backend_in(const std::string& precision);

/// What trains: the LibTorch backend, libnovelty-torch.so. Thread: any.
/// Throws: Error(kBackend) with the loader's reason and a remedy.
const Backend& training_backend();

/// Where backend libraries are looked for, in order: $NOVELTY_BACKEND_DIR, `novelty/` beside this
/// library, and beside it. One is opened once per process and never closed.
std::vector<std::string> backend_search_path();

}  // namespace novelty
