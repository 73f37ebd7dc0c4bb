// SPDX-License-Identifier: Apache-2.0
// What the user gives to learn from: videos or images, as pictures with names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frame_ranges.h"
#include "novelty/trainer.h"

namespace novelty {

/// A source of pictures that can also say, for people, what it holds.
class Footage : public FrameSource {
 public:
  /// Picture `index` for a report: "frame 37" or "kitchen/12.jpg".
  virtual std::string label(std::size_t index) = 0;

  /// Plain sentences on what was skipped or cut off so far.
  virtual std::vector<std::string> warnings() const = 0;
};

struct FootageOptions {
  FrameRanges frames;             ///< of each video, or of the list of images
  std::size_t max_frames = 2000;  ///< more are sampled evenly, >= 1
};

/// Which of `count` frames are taken: the n-th of at most `max_frames`, spread evenly.
inline std::size_t even_sample(std::size_t n, std::size_t count, std::size_t max_frames) {
  return count <= max_frames ? n : n * count / max_frames;
}

/// Whether all of `inputs` are images (folders, tars or single ones); else all are taken as videos.
/// Throws: Error (kNotFound; kSettings on a mixture).
bool are_images(const std::vector<std::string>& inputs);

/// Opens `inputs`. Throws: Error.
std::unique_ptr<Footage> open_footage(const std::vector<std::string>& inputs,
                                      const FootageOptions& options);

/// The bare file name of a path, also of one that ends in a slash.
std::string base_name(const std::string& path);

}  // namespace novelty
