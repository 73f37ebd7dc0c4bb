// SPDX-License-Identifier: Apache-2.0
// What tests of whole training runs share: a scene that is drawn, a tiny teacher, runs that stop.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "engine/backend.h"
#include "nn/init.h"
#include "novelty/detector.h"
#include "novelty/error.h"
#include "novelty/trainer.h"
#include "temp_dir.h"

namespace novelty::testing {

inline constexpr int kBarWidth = 72, kBarHeight = 40;

/// A bar that walks over a textured ground, a frame a step.
class WalkingBar : public FrameSource {
 public:
  explicit WalkingBar(std::size_t frames, bool time_ordered = true)
      : frames_(frames), time_ordered_(time_ordered) {}

  std::string identity() override { return R"({"scene":"walking bar"})"; }
  double interval_s() override { return time_ordered_ ? 0.1 : 0; }
  std::size_t count() override { return frames_; }
  void rewind(std::size_t n) override { at_ = n; }

  bool next(FrameView& frame) override {
    if (at_ >= frames_ || at_ >= ends_at_) return false;
    draw(at_++);
    frame.format = PixelFormat::kRgb;
    frame.width = kBarWidth;
    frame.height = kBarHeight;
    frame.planes[0] = {pixels_.data(), kBarWidth * 3};
    return true;
  }

  void end_at(std::size_t frame) { ends_at_ = frame; }

 private:
  void draw(std::size_t number) {
    Rng ground(5), noise(6, number);
    pixels_.resize(static_cast<std::size_t>(kBarWidth) * kBarHeight * 3);
    for (std::size_t i = 0; i < pixels_.size(); ++i)
      pixels_[i] = static_cast<std::uint8_t>(60 + ground.below(80) + noise.below(5));
    const std::size_t left = number * 5 % (kBarWidth - 8);
    for (std::size_t y = 0; y < kBarHeight; ++y)
      for (std::size_t x = left * 3; x < (left + 8) * 3; ++x) pixels_[y * kBarWidth * 3 + x] = 230;
  }

  std::size_t frames_;
  bool time_ordered_;
  std::size_t at_ = 0;
  std::size_t ends_at_ = std::numeric_limits<std::size_t>::max();
  std::vector<std::uint8_t> pixels_;
};

/// Input 64, patch 16, width 64, two blocks.
inline VitConfig tiny_teacher_config() {
  VitConfig config;
  config.input_size = 64;
  config.width = 64;
  config.depth = 2;
  config.heads = 1;
  config.mlp_width = 128;
  return config;
}

/// A timm file of `weights`, with a classification head.
inline void write_teacher(const std::string& path, VitWeights weights,
                          const VitConfig& config = tiny_teacher_config()) {
  TensorMap tensors;
  for (const auto& [name, shape] : vit_tensor_shapes(config))
    tensors[name] = view_of(weights.at(name), shape);
  const std::vector<float> head(10 * 64, 0.5F);
  tensors["head.weight"] = view_of(head, {10, 64});
  write_file_atomically(path, serialize_safetensors(tensors, {}));
}

inline std::string hash_of_file(const std::string& path) {
  return sha256_hex(read_file(path));
}

/// Runs in a folder of their own, with a tiny teacher; skipped without a backend that trains.
class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      training_backend();
    } catch (const Error& error) {
      GTEST_SKIP() << "no backend: " << error.what();
    }
    write_teacher(folder_ / "tiny.augreg.safetensors",
                  init_untrained_teacher(tiny_teacher_config(), 3));
  }

  TrainingOptions options(const std::string& output) const {
    TrainingOptions options;
    options.output = folder_ / output;
    options.teacher_path = folder_ / "tiny.augreg.safetensors";
    options.epochs = 1;
    options.batch_size = 8;
    options.threads = 1;
    return options;
  }

  // Trains, cancelling at the `units`-th report of `stage`; true when it was cancelled.
  bool cancelled_at(const TrainingOptions& options, TrainingStage stage, std::size_t units) const {
    WalkingBar source(12);
    std::size_t seen = 0;
    try {
      train(source, options, [&](const TrainingProgress& progress) {
        return progress.stage != stage || ++seen < units;
      });
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCancelled) << error.what();
      return true;
    }
    return false;
  }

  static PreparedFrame picture(FrameSource& source, std::size_t at, const Detector& detector) {
    FrameView frame;
    source.rewind(at);
    EXPECT_TRUE(source.next(frame));
    PreparedFrame prepared;
    detector.prepare(frame, prepared);
    return prepared;
  }

  // The error of a training run that must fail.
  static std::string failure(FrameSource& source, const TrainingOptions& options, ErrorKind kind) {
    try {
      train(source, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  const TempDir folder_;
};

}  // namespace novelty::testing
