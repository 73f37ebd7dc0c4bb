// SPDX-License-Identifier: Apache-2.0
// From a frame's own pixel format to the networks' patches: the one path of training and live.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "novelty/frame.h"

namespace novelty {

/// Reusable memory and filter tables of one thread.
class PreprocessScratch {
 public:
  PreprocessScratch();
  ~PreprocessScratch();
  PreprocessScratch(PreprocessScratch&&) noexcept;
  PreprocessScratch& operator=(PreprocessScratch&&) noexcept;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Squeezes the whole frame to `size` x `size` (down: anti-aliased triangle filter; up: bicubic
/// with a = -0.5; per axis) and writes patches [(size/patch)^2, 3*patch*patch] float32 in [0,1]:
/// R'G'B', channel-major within a patch, patches in row-major grid order. Throws: Error(kSettings)
/// on a bad size, a missing plane or a stride smaller than a row.
void preprocess(const FrameView& frame, int size, int patch, PreprocessScratch& scratch,
                std::vector<float>& patches);

/// The inverse layout: patches back to a picture [size, size, 3] uint8 (rounded, clamped).
std::vector<std::uint8_t> picture_of(const std::vector<float>& patches, int size, int patch);

}  // namespace novelty
