// SPDX-License-Identifier: Apache-2.0
// The model beside all that `novelty evaluate` compares it with, each under the same rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "contender.h"
#include "frame_ranges.h"
#include "novelty/detector.h"
#include "novelty/events.h"

namespace novelty::bench {

/// Method 0 is the model. Not thread-safe.
class Methods {
 public:
  /// Lets them learn from frames `learnt` of `video`. detector: outlives this. Throws: Error.
  Methods(const Detector& detector, const std::string& video, const FrameRanges& learnt);

  std::size_t count() const { return 1 + contenders_.size(); }
  std::string title(std::size_t method) const;
  /// With the method's own thresholds.
  EventOptions events(std::size_t method) const;

  /// [count()]: what they say of a picture; none of them learns from it.
  std::vector<double> scores(const PreparedFrame& prepared, const FrameScore& score) const;

  /// Those that go on learning learn from a picture.
  void learn(const PreparedFrame& prepared, const FrameScore& score);

 private:
  std::vector<std::uint8_t> rgb_of(const PreparedFrame& prepared) const;

  const Detector& detector_;
  std::vector<Contender> contenders_;
};

/// A stream as each method sees it.
class Watch {
 public:
  explicit Watch(const Methods& methods);

  /// scores: [methods]. Returns [methods]: whether an event begins with this frame.
  std::vector<bool> push(std::int64_t time_ns, const std::vector<double>& scores);

 private:
  std::vector<EventTracker> trackers_;
};

}  // namespace novelty::bench
