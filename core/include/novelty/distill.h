// SPDX-License-Identifier: Apache-2.0
// Makes a compact teacher from a larger one, by feature distillation on unlabelled pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "novelty/export.h"
#include "novelty/trainer.h"

namespace novelty {

struct DistillOptions {
  std::string output;        ///< safetensors to write, half precision; work in `<output>.work/`
  std::string teacher_path;  ///< timm ViT safetensors of the larger teacher
  int width = 192;           ///< of the compact network, a multiple of 64
  int depth = 4;             ///< its blocks
  int views = 2;             ///< varied views of each picture, which the teacher sees once
  int epochs = 10;           ///< passes over all views
  int batch_size = 16;
  double learning_rate = 5e-4;  ///< peak
  std::uint64_t seed = 0;
  int threads = 0;      ///< 0 = all cores; part of what makes two runs byte-equal
  bool resume = false;  ///< go on from `<output>.work/` if it is of the same input and options
};

/// Mean losses of the last steps; see docs/method.md.
struct DistillLosses {
  double tokens = 0;     ///< squared distance of L2-normalised patch tokens, [0, 4]
  double cls = 0;        ///< the same of [CLS]
  double attention = 0;  ///< divergence of the [CLS] attention, nats
};

enum class DistillStage { kFeatures, kDistillation, kWriting };

struct DistillProgress {
  DistillStage stage = DistillStage::kFeatures;
  std::size_t done = 0;   ///< views (kFeatures) or steps
  std::size_t total = 0;  ///< of so many
  DistillLosses losses;
};

struct DistillReport {
  std::string teacher_name;
  std::size_t parameters = 0;         ///< of the compact network
  std::size_t views = 0;              ///< pictures times views
  std::vector<DistillLosses> losses;  ///< [steps]
  std::string sha256;                 ///< of the file written
};

/// Return false to stop (a checkpoint is left behind and Error(kCancelled) is thrown).
using DistillCallback = std::function<bool(const DistillProgress&)>;

/// A look at the network under training, as a file of float32 tensors with timm's names in memory:
/// after `epoch` of options.epochs passes; 0 = before the first step.
using DistillProbe = std::function<void(int epoch, const std::vector<std::byte>& network)>;

/// Distils and writes the compact network atomically. With the larger teacher's width it starts
/// from an even choice of that teacher's blocks, the first and the last among them; else at random
/// and with a linear head to the teacher's width, which is dropped. The same input, options and
/// thread count give the same bytes, also when interrupted (even killed) and resumed.
/// Thread: any, one run per output. Throws: Error.
NOVELTY_API DistillReport distill(FrameSource& source, const DistillOptions& options,
                                  const DistillCallback& callback = {},
                                  const DistillProbe& probe = {});

}  // namespace novelty
