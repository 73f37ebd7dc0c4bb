// SPDX-License-Identifier: Apache-2.0
// Images as training footage, in the order of their names.
#pragma once

#include "footage.h"
#include "image_files.h"
#include "picture.h"

namespace novelty {

/// Images that cannot be read are left out and named in `warnings`.
class ImageFootage : public Footage {
 public:
  /// Throws: Error when an input holds no image.
  ImageFootage(const std::vector<std::string>& inputs, FootageOptions options);

  /// files: at least one, in their order; all of them, whatever `max_frames` is by default.
  explicit ImageFootage(std::vector<ImageFile> files);

  std::string identity() override;
  double interval_s() override { return 0; }
  std::size_t count() override;
  bool next(FrameView& frame) override;
  void rewind(std::size_t n) override { next_index_ = n; }
  std::string label(std::size_t index) override;
  std::vector<std::string> warnings() const override { return warnings_; }

 private:
  void check_files();

  FootageOptions options_;
  std::vector<ImageFile> files_;
  bool checked_ = false;  // files_ holds readable ones only, content_hash_ is made
  std::string content_hash_;
  std::vector<std::string> warnings_;
  Picture current_;
  std::size_t next_index_ = 0;
};

}  // namespace novelty
