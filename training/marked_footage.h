// SPDX-License-Identifier: Apache-2.0
// The marked events of recordings as footage.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "footage.h"

namespace novelty {

/// Several footages, one after the other.
class JoinedFootage : public Footage {
 public:
  /// At least one part.
  explicit JoinedFootage(std::vector<std::unique_ptr<Footage>> parts);

  std::string identity() override;
  double interval_s() override { return parts_.front()->interval_s(); }
  std::size_t count() override;
  bool next(FrameView& frame) override;
  void rewind(std::size_t n) override;
  std::string label(std::size_t index) override;
  std::vector<std::string> warnings() const override;

 private:
  std::vector<std::unique_ptr<Footage>> parts_;
  std::size_t part_ = 0;  // the one that `next` asks
};

/// What the feedback file at `path` marks: of clips the frames within the events' times, and whole
/// stills. Decodes the clips once. A recording of another model than `model_id` is told by a
/// warning. Throws: Error (kFormat: nothing is marked; kNotFound: a recording is missing;
/// kCancelled).
std::unique_ptr<Footage> open_marked_footage(const std::string& path, const std::string& model_id);

}  // namespace novelty
